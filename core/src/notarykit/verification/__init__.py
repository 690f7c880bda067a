"""Verification: the steps in the specification's order, and the verdict."""

from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.envelope import STEPS
from notarykit.verification.verdict import Audited, Skipped, Step, StepResult, Verdict, Verified
from notarykit.verification.verifier import Verifier, verify_artifact, verify_artifacts, verify_envelope

__all__ = [
    "STEPS",
    "ArtifactRequest",
    "Audited",
    "Skipped",
    "Step",
    "StepResult",
    "Verdict",
    "Verified",
    "VerifiedArtifact",
    "Verifier",
    "verify_artifact",
    "verify_artifacts",
    "verify_envelope",
]
