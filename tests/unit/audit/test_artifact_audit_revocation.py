"""Revocation status of signers in the records of an audit."""

from typing import Any

import pytest

from notarykit.audit.record import (
    ArtifactVerdict,
    RevocationOutcome,
)
from notarykit.plugin import VerificationResult
from tests.support.envelopes import sign_envelope
from tests.unit.audit.artifact_audits import GOOD, REVOCABLE, STRANGERS, audited, only
from tests.unit.verification.countersigned import SIGNER, RecordingChecker
from tests.unit.verification.setting import (
    NOW,
    REVOCATION_CHECK,
    TRUSTED_IDENTITY,
    document,
    for_plugin,
)
from tests.unit.verification.setting import Verifier as VerificationPlugin

_REVOCABLE_SIGNATURE = sign_envelope(REVOCABLE, now=NOW)


@pytest.mark.parametrize(
    ("envelope", "changes", "outcome"),
    [
        (_REVOCABLE_SIGNATURE, {}, RevocationOutcome.GOOD),
        (_REVOCABLE_SIGNATURE, {"revocation": RecordingChecker(REVOCABLE)}, RevocationOutcome.REVOKED),
        (GOOD, {}, RevocationOutcome.NOT_CHECKED),
        (_REVOCABLE_SIGNATURE, {"policies": document(override={"revocation": "skip"})}, RevocationOutcome.NOT_CHECKED),
        (STRANGERS, {"policies": document("audit")}, RevocationOutcome.NOT_CHECKED),
        (
            _REVOCABLE_SIGNATURE,
            {"policies": document("permissive"), "revocation": RecordingChecker(REVOCABLE)},
            RevocationOutcome.REVOKED,
        ),
        (b"", {}, RevocationOutcome.NOT_CHECKED),
    ],
    ids=["good", "revoked", "no source", "skipped by the policy", "stranger", "revoked and logged", "unreadable"],
)  # fmt: skip
def test_revocation(envelope: bytes, changes: dict[str, Any], outcome: RevocationOutcome) -> None:
    """The status is that of the step, if it asked a source."""
    assert only(audited(envelope, **changes)).revocation is outcome


class _Silent:
    """Revocation check without answers."""

    def check(self, *_: Any) -> Any:
        """Raises as the checker does for a status that is unknown."""
        from notarykit.errors import RevocationError

        raise RevocationError("unknown")


def test_unknown_revocation_status() -> None:
    """A status that no source gives is unknown, and so is not good."""
    record = audited(_REVOCABLE_SIGNATURE, revocation=_Silent())
    assert (record.verdict, only(record).revocation) == ("failed", "unknown")


@pytest.mark.parametrize("capability", [REVOCATION_CHECK, TRUSTED_IDENTITY])
def test_revocation_by_a_plugin(capability: str) -> None:
    """A plugin's check counts as a check, and its other capabilities do not."""
    plugin = VerificationPlugin(capability)
    record = audited(for_plugin(SIGNER), find_plugin=plugin.find)
    assert record.verdict is ArtifactVerdict.VERIFIED
    wanted = RevocationOutcome.GOOD if capability == REVOCATION_CHECK else RevocationOutcome.NOT_CHECKED
    assert only(record).revocation is wanted


def test_refusal_by_a_plugin_that_is_logged() -> None:
    """The plugin's result counts, and not that of the step before, which has left the check to it."""
    plugin = VerificationPlugin(
        REVOCATION_CHECK, results={REVOCATION_CHECK: VerificationResult(success=False, reason="revoked")}
    )
    record = audited(for_plugin(SIGNER), find_plugin=plugin.find, policies=document("permissive"))
    assert record.verdict is ArtifactVerdict.VERIFIED
    assert only(record).revocation is RevocationOutcome.UNKNOWN
