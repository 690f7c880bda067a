"""Verification: the steps in the specification's order, and the verdict."""

from notarykit.verification.artifact import VerifiedArtifact, verify_artifact
from notarykit.verification.envelope import STEPS, verify_envelope
from notarykit.verification.verdict import Audited, Skipped, Step, StepResult, Verdict, Verified

__all__ = [
    "STEPS",
    "Audited",
    "Skipped",
    "Step",
    "StepResult",
    "Verdict",
    "Verified",
    "VerifiedArtifact",
    "verify_artifact",
    "verify_envelope",
]
