"""Signing of descriptors, and of artifacts where they are."""

from notarykit.envelope.signer import EnvelopeSigner, Signer
from notarykit.signing.artifact import SignedArtifact, begin_signing, sign_artifact
from notarykit.signing.descriptor import SignedEnvelope, sign_descriptor
from notarykit.signing.options import SignOptions, TimestampSource

__all__ = [
    "EnvelopeSigner",
    "SignOptions",
    "SignedArtifact",
    "SignedEnvelope",
    "Signer",
    "TimestampSource",
    "begin_signing",
    "sign_artifact",
    "sign_descriptor",
]
