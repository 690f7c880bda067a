"""Functions for blobs: they take a file or a stream, and everything else from the user's settings.

Large files are read in them; `notarykit.deadline` ends that, and everything else, in time.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO

from notarykit.api.settings import used_signature, used_signer, with_format
from notarykit.blob.content import OCTET_STREAM, as_blob
from notarykit.errors import UsageError
from notarykit.loading import load_blob_verifier

if TYPE_CHECKING:
    from notarykit.blob.content import Blob
    from notarykit.envelope.signer import EnvelopeSigner, Signer
    from notarykit.signing.blob import SignedBlob
    from notarykit.signing.options import SignOptions
    from notarykit.verification.blob import BlobVerifier, VerifiedBlob


def sign_blob(
    blob: "str | os.PathLike[str] | BinaryIO | Blob",
    signer: "Signer | EnvelopeSigner | str" = "",
    options: "SignOptions | None" = None,
    *,
    content_media_type: str = OCTET_STREAM,
) -> "SignedBlob":
    """Signs a blob, as `notarykit blob sign` does, and stores the signature nowhere: `write_signature` does.

    Args:
        blob: Path of a regular file, or a stream of bytes, which is read to its end.
        signer: Name of a key on the user's list of signing keys, or an object that signs; the list's default key by
            default.
        options: Options of signing.
        content_media_type: Media type of the blob, which is signed along.

    Returns:
        The blob's descriptor, and the signature, whose `envelope` is the content of a signature's file.

    Raises:
        UsageError: An argument is malformed.
        SigningKeyError: The key is not on the list, or cannot be used.
        PluginError: The key's plugin failed.
        StorageError: The blob cannot be read, or has changed while it was read.
    """
    from notarykit.signing.blob import sign_blob as sign

    return sign(as_blob(blob), used_signer(signer, for_blob=True), with_format(options), content_media_type)


def verify_blob(
    blob: "str | os.PathLike[str] | BinaryIO | Blob",
    signature: str | os.PathLike[str] | bytes | None = None,
    *,
    verifier: "BlobVerifier | None" = None,
    policy_name: str = "",
    content_media_type: str = "",
    user_metadata: Mapping[str, str] | None = None,
) -> "VerifiedBlob":
    """Verifies a blob by a detached signature, or by any of those beside it, as `notarykit blob verify` does.

    The blob is read once, from beginning to end: whoever can write to the file can change it afterwards.

    Args:
        blob: Path of a regular file, or a stream of bytes, which is read to its end; not at all where the policy skips
            it, the signature is for another size, or its signer is not trusted and has to be.
        signature: Path of the signature's file, whose name tells its format (`.jws.sig` or `.cose.sig`), or the bytes
            of the envelope, of either format. By default, the files that `signature_path` names are tried one after the
            other, until one is accepted.
        verifier: Trust policy for blobs and trust stores; by default the user's own (`load_blob_verifier`).
        policy_name: Name of the trust policy statement; the global policy by default.
        content_media_type: Media type that must have been signed; any by default.
        user_metadata: Metadata that the signature must carry.

    Returns:
        The verdict, the blob's descriptor, and the path of the signature's file.

    Raises:
        UsageError: An argument is malformed, the name of the signature's file tells no format, or a stream comes
            without a signature.
        ConfigurationError: The user's policy or trust stores cannot be used.
        StorageError: The blob or the signature cannot be read, or the blob has changed while it was read.
        SignatureSizeError: The signature is larger than the verifier's `max_envelope_size`.
        VerificationError: The signature was not accepted, there is none, or no policy statement applies.
    """
    used = verifier or load_blob_verifier()
    if signature is None:
        from notarykit.blob.signature_file import read_signatures

        if not isinstance(blob, str | os.PathLike):
            raise UsageError("a stream has no signature beside it", advice="give its signature")
        return used.blob_by_any(
            as_blob(blob),
            read_signatures(blob, largest=used.max_envelope_size),
            policy_name=policy_name,
            content_media_type=content_media_type,
            user_metadata=user_metadata,
        )
    path, found = used_signature(signature, used.max_envelope_size)
    verified = used.blob(
        as_blob(blob),
        found,
        policy_name=policy_name,
        content_media_type=content_media_type,
        user_metadata=user_metadata,
    )
    return verified if verified.blob is None else verified._replace(signature=path)
