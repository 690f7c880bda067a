"""OCSP responses about one chain's leaf, verified and judged."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes

from notarykit.revocation.ocsp import OcspResult, judge, verify_response
from notarykit.revocation.result import NO_SIGNING_TIMES, SigningTimes, Status
from tests.support.ca import TestChain
from tests.support.crls import NOW
from tests.support.ocsp_answers import (
    GOOD,
    Single,
    make_answer,
)
from tests.unit.revocation.setting import CHAIN

SECOND = timedelta(seconds=1)
HASHES = (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())


def read_response(der: bytes, chain: TestChain = CHAIN, place: int = 0, nonce: bytes = b"") -> OcspResult:
    """Verifies a response about a chain's certificate."""
    return verify_response(der, chain.certificates[place], chain.certificates[place + 1], nonce)


def leaf_response(singles: Single | Sequence[Single] = GOOD, chain: TestChain = CHAIN, **knobs: Any) -> OcspResult:
    """Makes and verifies a response about a chain's leaf."""
    return read_response(make_answer(chain, 0, singles, **knobs), chain)


def leaf_status(
    singles: Single | Sequence[Single] = GOOD,
    now: datetime = NOW,
    signing_times: SigningTimes = NO_SIGNING_TIMES,
    **knobs: Any,
) -> Status:
    """Returns the leaf's status by a response of these single responses."""
    return judge(leaf_response(singles, **knobs), now, signing_times).status
