"""Signing of a blob: its descriptor, by the hash algorithm of the key, is signed as an artifact's is.

Signing and verification workflow, "Blob signing workflow"; plugin specification, "Blob signing".
"""

from typing import NamedTuple

from notarykit.blob.content import OCTET_STREAM, Blob
from notarykit.envelope.descriptor import Descriptor, is_content_type
from notarykit.envelope.signer import EnvelopeSigner, Signer
from notarykit.errors import PluginResponseError, UsageError
from notarykit.oci.manifest import is_manifest_type
from notarykit.signing.envelope import SignedEnvelope, check_options, sign_descriptor
from notarykit.signing.options import DEFAULT_OPTIONS, SignOptions


class SignedBlob(NamedTuple):
    """New signature of a blob, which is stored nowhere yet.

    Attributes:
        blob: Descriptor of the blob.
        signature: The signature itself: the bytes of its envelope are the content of the signature's file.
    """

    blob: Descriptor
    signature: SignedEnvelope


def check_media_type(media_type: str) -> None:
    """Refuses a media type that no blob can be signed with.

    Raises:
        UsageError: It is malformed, or that of an artifact's manifest.
    """
    if not is_content_type(media_type):
        raise UsageError(f"media type {media_type!r} is malformed", advice="such as application/octet-stream")
    if is_manifest_type(media_type):
        raise UsageError(
            f"{media_type} is the media type of an artifact: the blob's signature would be the artifact's",
            advice="sign the artifact itself, with 'notarykit sign', or choose another media type",
        )


def sign_blob(
    blob: Blob,
    signer: Signer | EnvelopeSigner,
    options: SignOptions = DEFAULT_OPTIONS,
    content_media_type: str = OCTET_STREAM,
) -> SignedBlob:
    """Signs a blob, which is read once, before the key is used; see `sign_descriptor`.

    Args:
        blob: The blob.
        signer: Signer that holds the key; its key spec decides the hash algorithm of the digest.
        options: Options of signing.
        content_media_type: Media type of the blob, which is signed along.

    Raises:
        UsageError: The media type is malformed, or that of an artifact's manifest: such a signature would be one of the
            artifact, by whoever may sign blobs.
        StorageError: The blob cannot be read, or has changed while it was read.
        NotarykitError: As for `sign_descriptor`.
    """
    check_media_type(content_media_type)
    check_options(signer, options)  # what is wrong with the options is said before anything large is read
    algorithm = signer.key_spec().digest_algorithm
    descriptor = blob.describe(content_media_type, algorithm)
    signature = sign_descriptor(descriptor, signer, options)
    used = signature.content.chain.key_spec
    if used.digest_algorithm != algorithm:  # a plugin that makes envelopes answered describe-key for another key
        raise PluginResponseError(
            f"the blob's digest is by {algorithm}, and the signing certificate's key, {used.name}, "
            f"needs {used.digest_algorithm}"
        )
    return SignedBlob(descriptor, signature)
