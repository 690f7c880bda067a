"""Signing an artifact where it is: its descriptor is signed, and the signature stored beside it."""

import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from notarykit._internal.deadline import seconds_left
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import JWS, USUAL_ENVELOPE
from notarykit.errors import NotarykitWarning, StorageError
from notarykit.oci.repository import PushedSignature, Repository, push
from notarykit.signing.descriptor import SignedEnvelope, sign_descriptor
from notarykit.signing.signer import EnvelopeSigner, Signer, TimestampSource


class SignedArtifact(NamedTuple):
    """A signature that is stored beside its artifact.

    Attributes:
        artifact: The artifact that was signed.
        manifest: The signature's manifest.
        signature: The signature itself.
    """

    artifact: Descriptor
    manifest: Descriptor
    signature: SignedEnvelope


def sign_artifact(
    repository: Repository,
    tag_or_digest: str,
    signer: Signer | EnvelopeSigner,
    *,
    media_type: str = JWS,
    expires_in: timedelta | None = None,
    user_metadata: Mapping[str, str] | None = None,
    now: datetime | None = None,
    agent: str = "",
    timestamper: TimestampSource | None = None,
) -> SignedArtifact:
    """Signs an artifact where it is, and stores the signature beside it; see `sign_descriptor`.

    Raises:
        UnlistedSignatureError: The signature is stored, and the list by which others find it cannot be written.
        StorageError: The artifact cannot be found, or the signature cannot be stored.
    """
    signed, pushed = begin_signing(
        repository,
        tag_or_digest,
        signer,
        media_type=media_type,
        expires_in=expires_in,
        user_metadata=user_metadata,
        now=now,
        agent=agent,
        timestamper=timestamper,
    )
    pushed.is_listed()
    return signed


def begin_signing(
    repository: Repository,
    tag_or_digest: str,
    signer: Signer | EnvelopeSigner,
    *,
    media_type: str = JWS,
    expires_in: timedelta | None = None,
    user_metadata: Mapping[str, str] | None = None,
    now: datetime | None = None,
    agent: str = "",
    timestamper: TimestampSource | None = None,
) -> tuple[SignedArtifact, PushedSignature]:
    """Signs an artifact as `sign_artifact` does, and leaves it to the caller to wait until the signature is listed."""
    artifact = repository.resolve(tag_or_digest)
    signature = sign_descriptor(
        artifact,
        signer,
        media_type=media_type,
        expires_in=expires_in,
        user_metadata=user_metadata,
        now=now,
        agent=agent,
        timestamper=timestamper,
    )
    attributes = signature.content.attributes
    signed_at = attributes.signing_time or attributes.authentic_signing_time
    assert signed_at is not None
    if not seconds_left():  # the caller has been told that there is no signature, and goes by that
        raise StorageError("the call ended before the signature was stored", advice="allow the call more time")
    pushed = push(
        repository,
        artifact,
        media_type,
        signature.envelope,
        signature.content.chain.thumbprints(),
        format_rfc3339(signed_at),
        signature.annotations,
    )
    size = len(signature.envelope)
    if size > USUAL_ENVELOPE:
        warnings.warn(
            f"signature {pushed.manifest.digest}: the envelope has {size} bytes, and beyond {USUAL_ENVELOPE} it is "
            "verified only where a larger max-envelope-size is set",
            NotarykitWarning,
            stacklevel=3,
        )
    return SignedArtifact(artifact, pushed.manifest, signature), pushed
