"""What is used where a program gives nothing, or a name."""

import os
from typing import TYPE_CHECKING

from notarykit.errors import EnvelopeError, IntegrityError, SignatureSizeError, UsageError
from notarykit.loading import load_signer

if TYPE_CHECKING:
    from notarykit.blob.signature_file import DetachedSignature
    from notarykit.envelope.signer import EnvelopeSigner, Signer
    from notarykit.signing.options import SignOptions


def used_signer(signer: "Signer | EnvelopeSigner | str", *, for_blob: bool = False) -> "Signer | EnvelopeSigner":
    """Returns the signer itself, or that of a name on the user's list of signing keys."""
    return load_signer(signer, for_blob=for_blob) if isinstance(signer, str) else signer


def used_signature(signature: str | os.PathLike[str] | bytes, largest: int) -> "tuple[str, DetachedSignature]":
    """Returns the path of a signature's file and the signature; for the bytes of an envelope, the path is empty.

    Raises:
        UsageError: The name of the file has an extension that tells no format, or it is neither a path nor bytes.
        StorageError: The file cannot be read.
        SignatureSizeError: The signature is larger than the limit.
        IntegrityError: It is no signature.
    """
    from notarykit.blob.signature_file import DetachedSignature, detected_format, read_signature

    if not isinstance(signature, str | os.PathLike | bytes):
        raise UsageError(f"a signature is a path or bytes, and not {type(signature).__name__}", advice="use bytes(…)")
    try:
        if not isinstance(signature, bytes):
            return os.fspath(signature), read_signature(signature, largest)
        if len(signature) > largest:
            raise SignatureSizeError(f"the signature is larger than {largest} bytes")
        return "", DetachedSignature(detected_format(signature), signature)
    except EnvelopeError as error:  # what is no signature is not accepted, as where its name tells a format
        raise IntegrityError(f"integrity: {error.message}", advice=error.advice) from error


def with_format(options: "SignOptions | None") -> "SignOptions":
    """Returns the options with the format of the user's settings, unless they have one."""
    from notarykit.config.settings import FORMATS, load_settings
    from notarykit.signing.options import DEFAULT_OPTIONS

    options = options or DEFAULT_OPTIONS
    if options.media_type is not None:
        return options
    return options._replace(media_type=FORMATS[load_settings().signature_format])
