"""CRLs of one chain, read and judged about its leaf."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.x509 import ReasonFlags

from notarykit.revocation.bundle import Bundle, judge, pair
from notarykit.revocation.crl import Crl
from notarykit.revocation.distribution_points import DistributionPoint
from notarykit.revocation.result import NO_SIGNING_TIMES, SigningTimes, SourceResult
from tests.support.ca import TestChain
from tests.support.crls import (
    NOW,
    Entry,
    make_crl,
)
from tests.support.der import tlv
from tests.unit.revocation.setting import CHAIN, HOLD, POINT, REMOVED

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LEAF = CHAIN.certificates[0]
X400_ADDRESS = tlv(0xA3, b"")
# Lasting reasons; `unspecified` is not written by honest CAs, and is one all the same.
LASTING_REASONS = sorted(set(ReasonFlags) - {HOLD, REMOVED}, key=str)


def read_crl(entries: Sequence[Entry] = (), chain: TestChain = CHAIN, place: int = 1, **knobs: Any) -> Crl:
    """Reads a CRL of a chain's CA and checks its issuer."""
    crl = Crl(make_crl(chain, place, entries, **knobs))
    crl.check_issuer(chain.certificates[place])
    return crl


def judge_leaf(
    base: Crl,
    delta: Crl | None = None,
    now: datetime = NOW,
    signing_times: SigningTimes = NO_SIGNING_TIMES,
    point: DistributionPoint = POINT,
) -> SourceResult:
    """Judges the leaf by a base, with its delta if given."""
    bundle = pair(base, delta) if delta else Bundle(base)
    return judge(bundle, LEAF, point, now, signing_times)[0]


def leaf_status(
    entries: Sequence[Entry] = (), *, now: datetime = NOW, signing_times: SigningTimes = NO_SIGNING_TIMES, **knobs: Any
) -> str:
    """Returns the leaf's status by a CRL of these entries."""
    return str(judge_leaf(read_crl(entries, **knobs), now=now, signing_times=signing_times).status)


def leaf_entry(reason: ReasonFlags | None = None, **members: Any) -> Entry:
    """Returns an entry of the leaf."""
    return Entry(LEAF.serial_number, reason=reason, **members)
