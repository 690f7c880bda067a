"""Verification: the steps in the specification's order, and the verdict."""

from notarykit.verify.artifact import VerifiedArtifact, verify_artifact
from notarykit.verify.envelope import STEPS, verify_envelope
from notarykit.verify.verdict import Audited, Skipped, Step, StepResult, Verdict, Verified

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
