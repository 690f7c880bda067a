"""Validity periods of OCSP responses, and invalidity dates."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from notarykit.revocation.limits import CLOCK_SKEW
from notarykit.revocation.result import SigningTimes, Status, UnknownStatusError
from tests.support.crls import NEXT_UPDATE, NOW, REVOKED_AT, THIS_UPDATE
from tests.support.ocsp_answers import (
    GOOD,
    REVOKED,
    UNKNOWN,
    Single,
)
from tests.unit.revocation.ocsp.responses import SECOND, leaf_status


@pytest.mark.requirement("trust:ocsp-expiry")
def test_expired_response_is_refused() -> None:
    """Specification, "Revocation Checking with OCSP": expired if the current date is after nextUpdate."""
    for single, status in ((GOOD, Status.GOOD), (REVOKED, Status.REVOKED)):
        assert leaf_status(single, now=NEXT_UPDATE) is status
        with pytest.raises(UnknownStatusError, match="the response expired at"):
            leaf_status(single, now=NEXT_UPDATE + SECOND)


def test_response_of_the_future_is_refused() -> None:
    """RFC 6960, section 4.2.2.1: a thisUpdate beyond the clock skew in the future is unreliable."""
    assert leaf_status(now=THIS_UPDATE - CLOCK_SKEW) is Status.GOOD
    with pytest.raises(UnknownStatusError, match=r"the response is of the future, .*: check the clock"):
        leaf_status(now=THIS_UPDATE - CLOCK_SKEW - SECOND)
    assert timedelta(minutes=1) <= CLOCK_SKEW <= timedelta(minutes=15)


def test_response_without_next_update_is_refused() -> None:
    """A response without nextUpdate cannot be checked for expiry."""
    for single in (GOOD, REVOKED):
        with pytest.raises(UnknownStatusError, match="has no nextUpdate"):
            leaf_status(replace(single, next_update=None))


def test_produced_at_is_ignored() -> None:
    """Responses may be produced in advance, and producedAt limits nothing."""
    assert leaf_status(produced_at=NOW - timedelta(days=300)) is Status.GOOD


# Invalidity dates.


@pytest.mark.requirement("trust:ocsp-revoked")
@pytest.mark.parametrize(
    ("signed", "status"), [(-1, Status.GOOD), (0, Status.REVOKED), (1, Status.REVOKED)], ids=["before", "at", "after"]
)
def test_signature_before_the_invalidity_date_is_good(signed: int, status: Status) -> None:
    """Specification, "Revocation Checking with OCSP": a signature made before the invalidity date is good."""
    dated = replace(REVOKED, invalidity_date=REVOKED_AT)
    assert leaf_status(dated, signing_times=SigningTimes(REVOKED_AT + signed * SECOND)) is status


def test_timestamp_is_not_compared_with_the_invalidity_date() -> None:
    """Specification, "Revocation Checking with OCSP": the authentic signing time alone is compared."""
    dated = replace(REVOKED, invalidity_date=REVOKED_AT)
    assert leaf_status(dated, signing_times=SigningTimes(None, REVOKED_AT - SECOND)) is Status.REVOKED


@pytest.mark.requirement("trust:ocsp-revoked")
def test_revoked_without_an_invalidity_date_or_a_signing_time() -> None:
    """Specification, "Revocation Checking with OCSP": without either date, the certificate is revoked."""
    assert leaf_status(REVOKED, signing_times=SigningTimes(REVOKED_AT - timedelta(days=9))) is Status.REVOKED
    assert leaf_status(replace(REVOKED, invalidity_date=NOW)) is Status.REVOKED


@pytest.mark.parametrize("single", [GOOD, UNKNOWN])
def test_invalidity_date_of_another_status_is_ignored(single: Single) -> None:
    """An invalidity date of a good or unknown status changes nothing."""
    dated = replace(single, invalidity_date=REVOKED_AT)
    assert leaf_status(dated, signing_times=SigningTimes(REVOKED_AT - SECOND)) is leaf_status(single)


def test_critical_invalidity_date_is_supported() -> None:
    """RFC 6960, section 4.4.5: CRL entry extensions are supported, critical or not."""
    critical = replace(REVOKED, extensions=((x509.InvalidityDate(REVOKED_AT), True),))
    assert leaf_status(critical, signing_times=SigningTimes(REVOKED_AT - SECOND)) is Status.GOOD
    assert leaf_status(critical, signing_times=SigningTimes(REVOKED_AT + SECOND)) is Status.REVOKED


def test_stricter_of_two_single_responses_counts() -> None:
    """Of two single responses, the one with the earlier or no invalidity date decides."""
    dated = replace(REVOKED, invalidity_date=REVOKED_AT)
    earlier = replace(dated, invalidity_date=REVOKED_AT - timedelta(days=2), id_hash=hashes.SHA256())
    bare = replace(REVOKED, id_hash=hashes.SHA256(), next_update=NEXT_UPDATE + timedelta(days=7))
    signed = SigningTimes(REVOKED_AT - timedelta(days=1))
    assert leaf_status(dated, signing_times=signed) is Status.GOOD
    for other in (bare, earlier):
        for singles in ([dated, other], [other, dated]):
            assert leaf_status(singles, signing_times=signed) is Status.REVOKED
