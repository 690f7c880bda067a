"""Revocation checks of timestamping authorities, and the timestamp's time in the signer's."""

from datetime import timedelta

import pytest

from notarykit.errors import AuthenticTimestampError
from notarykit.revocation.result import NO_SIGNING_TIMES, SigningTimes
from notarykit.verification.verdict import Verified
from tests.support.ca import NOT_BEFORE
from tests.support.envelopes import sign_envelope
from tests.support.token_changes import Accuracy
from tests.unit.verification.countersigned import (
    OTHER,
    SIGNER,
    STEP,
    STORES,
    TSA,
    RecordingChecker,
    RevocationCheck,
    make_timestamped,
    step_message,
    verify_timestamped,
)
from tests.unit.verification.setting import NOW, outcomes, policy


@pytest.mark.requirement("signature:timestamp-is-no-signing-time", "trust:timestamp-revocation")
def test_both_chains_are_checked_for_revocation() -> None:
    """First the authority's chain is checked, and then the signer's with the timestamp's upper limit."""
    revocations = RecordingChecker()
    envelope = make_timestamped(accuracy=Accuracy(1, 500))
    assert isinstance(verify_timestamped(envelope, revocation=revocations), Verified)
    assert revocations.checks == [
        RevocationCheck(TSA.ders, NOW, NO_SIGNING_TIMES),
        RevocationCheck(SIGNER.ders, NOW, SigningTimes(None, NOW + timedelta(milliseconds=1500))),
    ]


def test_revoked_authority_fails_the_timestamp_step() -> None:
    """A timestamp of a revoked authority fails its own step, and says what was found."""
    revocations = RecordingChecker(TSA)
    with pytest.raises(AuthenticTimestampError, match="the certificate is revoked") as caught:
        verify_timestamped(make_timestamped(), revocation=revocations)
    assert [each.chain for each in revocations.checks] == [TSA.ders]
    assert any("revoked (by the test)" in line for line in caught.value.results[-1].explained)


@pytest.mark.parametrize(
    "envelope",
    [
        make_timestamped(corrupt_signature=True),
        make_timestamped(tsa=OTHER),
        make_timestamped(message=b"another"),
        make_timestamped(gen_time=NOT_BEFORE, accuracy=Accuracy(1)),
        sign_envelope(SIGNER, now=NOW),
    ],
    ids=["signature", "root", "message", "range", "none"],
)
def test_untrusted_authority_is_not_checked_for_revocation(envelope: bytes) -> None:
    """Revocation is the last thing about a timestamp that is asked: what failed before names nobody to ask."""
    revocations = RecordingChecker()
    with pytest.raises(AuthenticTimestampError) as caught:
        verify_timestamped(envelope, revocation=revocations)
    step_message(caught.value)
    assert revocations.checks == []


def test_unneeded_timestamp_is_no_signing_time() -> None:
    """Where no timestamp was verified, none counts for the signer's revocation."""
    revocations = RecordingChecker()
    verify_timestamped(make_timestamped(), revocation=revocations, timestamps="afterCertExpiry")
    assert revocations.checks == [RevocationCheck(SIGNER.ders, NOW, NO_SIGNING_TIMES)]


def test_failed_timestamp_is_no_signing_time() -> None:
    """Where the policy only logs that the timestamp failed, its time does not count for the signer's revocation."""
    for envelope, revoked in ((make_timestamped(message=b"another"), ()), (make_timestamped(), (TSA,))):
        revocations = RecordingChecker(*revoked)
        trusted = policy("strict", stores=STORES, override={STEP: "log"})
        verdict = verify_timestamped(envelope, trusted=trusted, revocation=revocations)
        assert isinstance(verdict, Verified)
        assert outcomes(verdict.results)[STEP] == "log failed"
        assert revocations.checks[-1] == RevocationCheck(SIGNER.ders, NOW, NO_SIGNING_TIMES)


@pytest.mark.requirement("trust:timestamp-revocation")
def test_revocation_of_the_authority_is_checked_where_the_signers_is_skipped() -> None:
    """Specification, "Timestamp Countersignature Verification details": it "is always enforced"."""
    trusted = policy("strict", stores=STORES, override={"revocation": "skip"})
    revocations = RecordingChecker()
    assert isinstance(verify_timestamped(make_timestamped(), trusted=trusted, revocation=revocations), Verified)
    assert [each.chain for each in revocations.checks] == [TSA.ders]
    with pytest.raises(AuthenticTimestampError, match="the certificate is revoked"):
        verify_timestamped(make_timestamped(), trusted=trusted, revocation=RecordingChecker(TSA))
