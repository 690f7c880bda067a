"""Validity period of a CRL."""

from typing import Any

import pytest
from cryptography.x509 import ReasonFlags

from notarykit.revocation.limits import CLOCK_SKEW
from notarykit.revocation.result import Status, UnknownStatusError
from tests.support import asn1
from tests.support.crls import (
    NEXT_UPDATE,
    NOW,
    THIS_UPDATE,
)
from tests.unit.revocation.crl.readings import (
    DAY,
    LASTING_REASONS,
    SECOND,
    judge_leaf,
    leaf_entry,
    leaf_status,
    read_crl,
)
from tests.unit.revocation.setting import HOLD


@pytest.mark.requirement("trust:crl-expiry")
def test_expired_crl_is_refused() -> None:
    """Specification, "Revocation Checking with CRL": expired if the current date is after nextUpdate."""
    assert leaf_status(now=NEXT_UPDATE) == "good"
    with pytest.raises(UnknownStatusError, match="it expired at"):
        leaf_status(now=NEXT_UPDATE + SECOND)


@pytest.mark.requirement("trust:expired-crl")
@pytest.mark.parametrize("reason", [None, *LASTING_REASONS])
def test_lasting_revocation_counts_after_expiry(reason: ReasonFlags | None) -> None:
    """Specification, "Revocation Checking with CRL": listed for any reason but a hold is revoked, though expired."""
    assert leaf_status([leaf_entry(reason)], now=NEXT_UPDATE + DAY) == "revoked"


@pytest.mark.requirement("trust:expired-crl")
def test_hold_does_not_count_after_expiry() -> None:
    """Specification, "Revocation Checking with CRL": an expired hold may have been released since."""
    with pytest.raises(UnknownStatusError, match="it expired at"):
        leaf_status([leaf_entry(HOLD)], now=NEXT_UPDATE + DAY)


def test_crl_of_the_future_is_refused() -> None:
    """A thisUpdate beyond the clock skew in the future is refused."""
    assert leaf_status(now=THIS_UPDATE - CLOCK_SKEW) == "good"
    with pytest.raises(UnknownStatusError, match=r"it is of the future, .*: check the clock"):
        leaf_status(now=THIS_UPDATE - CLOCK_SKEW - SECOND)


@pytest.mark.requirement("trust:newer-crl")
@pytest.mark.parametrize("form", [asn1.generalized_time, asn1.utc_time])
def test_crl_is_current_until_next_publish(form: Any) -> None:
    """Specification, "Revocation Checking with CRL": a new one is due when NextPublish, or else nextUpdate, is past."""
    soon = read_crl(next_publish=form(NOW + DAY))
    assert [soon.is_current(NOW + DAY), soon.is_current(NOW + DAY + SECOND)] == [True, False]
    assert judge_leaf(soon, now=NOW + 2 * DAY).status is Status.GOOD
    usual = read_crl()
    assert [usual.is_current(NEXT_UPDATE), usual.is_current(NEXT_UPDATE + SECOND)] == [True, False]
    late = read_crl(next_publish=form(NEXT_UPDATE + DAY))
    assert not late.is_current(NEXT_UPDATE + SECOND)
    earliest = THIS_UPDATE - CLOCK_SKEW
    assert [usual.is_current(earliest), usual.is_current(earliest - SECOND)] == [True, False]
