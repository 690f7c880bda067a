"""Signing an artifact where it is: its descriptor is signed, and the signature stored beside it."""

import warnings
from collections.abc import Mapping
from typing import NamedTuple

from notarykit._internal.deadline import seconds_left
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.payload import RESERVED_PREFIX
from notarykit.envelope.signer import EnvelopeSigner, Signer
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import NotarykitWarning, PluginResponseError, StorageError
from notarykit.oci.manifest import THUMBPRINTS, signature_annotations
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import PushedSignature, Repository
from notarykit.signing.envelope import SignedEnvelope, sign_descriptor
from notarykit.signing.options import DEFAULT_OPTIONS, SignOptions


class SignedArtifact(NamedTuple):
    """Signature that is stored beside its artifact.

    Attributes:
        artifact: Descriptor of the artifact.
        manifest: Descriptor of the signature's manifest.
        signature: The signature itself.
    """

    artifact: Descriptor
    manifest: Descriptor
    signature: SignedEnvelope


def sign_artifact(
    repository: Repository,
    identifier: Tag | Digest,
    signer: Signer | EnvelopeSigner,
    options: SignOptions = DEFAULT_OPTIONS,
) -> SignedArtifact:
    """Signs an artifact where it is, and stores the signature beside it; see `sign_descriptor`.

    Raises:
        UnlistedSignatureError: The signature is stored, and the list by which others find it cannot be written.
        StorageError: The artifact cannot be found, or the signature cannot be stored.
        PluginResponseError: The plugin has annotations for the signature's manifest that are reserved.
    """
    signed, pushed = begin_signing(repository, identifier, signer, options)
    pushed.is_listed()
    return signed


def begin_signing(
    repository: Repository,
    identifier: Tag | Digest,
    signer: Signer | EnvelopeSigner,
    options: SignOptions = DEFAULT_OPTIONS,
) -> tuple[SignedArtifact, PushedSignature]:
    """Signs an artifact like `sign_artifact`, and leaves it to the caller to wait until the signature is listed."""
    artifact = repository.resolve(identifier)
    return begin_storing(repository, artifact, sign_descriptor(artifact, signer, options))


def begin_storing(
    repository: Repository, artifact: Descriptor, signature: SignedEnvelope
) -> tuple[SignedArtifact, PushedSignature]:
    """Stores a new signature of an artifact beside it, as `begin_signing` does."""
    attributes, chain = signature.content.attributes, signature.content.chain
    if not seconds_left():  # the caller goes by the error, which says that there is no signature
        raise StorageError("the call ended before the signature was stored", advice="allow the call more time")
    # The annotations of the specification come last, so that no plugin replaces them.
    annotations = {**signature.annotations, **signature_annotations(chain.thumbprints(), attributes.claimed_time)}
    _check_reserved(annotations)
    pushed = repository.begin_push(artifact, signature.media_type, signature.envelope, annotations)
    size = len(signature.envelope)
    if size > USUAL_ENVELOPE:
        warnings.warn(
            f"signature {pushed.manifest.digest}: the envelope has {size} bytes, and beyond {USUAL_ENVELOPE} it is "
            "verified only where a larger max-envelope-size is set",
            NotarykitWarning,
            stacklevel=3,
        )
    return SignedArtifact(artifact, pushed.manifest, signature), pushed


def _check_reserved(annotations: Mapping[str, str]) -> None:
    """Refuses annotations of a plugin in the namespace of the specification, which "MUST NOT be used" by others.

    Raises:
        PluginResponseError: There is one beside the thumbprints.
    """
    reserved = [key for key in annotations if key.startswith(RESERVED_PREFIX) and key != THUMBPRINTS]
    if reserved:
        raise PluginResponseError(f"the plugin's annotation {reserved[0]!r} of the signature manifest is reserved")
