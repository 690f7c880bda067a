"""Files of detached signatures: their names, which tell the format of the envelope, and their content.

Signing and verification workflow, "Blob signing workflow", step 2; signature specification, "Blob Signatures".
"""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from notarykit._internal import files
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import COSE, JWS, LARGEST_ENVELOPE, MEDIA_TYPES, USUAL_ENVELOPE
from notarykit.errors import (
    EnvelopeError,
    NoSignatureError,
    NotarykitError,
    SignatureSizeError,
    StorageError,
    UsageError,
)

_FORMATS = {"jws": JWS, "cose": COSE}
_EXTENSIONS = {media_type: extension for extension, media_type in _FORMATS.items()}


class DetachedSignature(NamedTuple):
    """Detached signature of a blob: an envelope that is a file of its own (signature specification, "Blob Signatures").

    Attributes:
        media_type: Format of the envelope, `application/jose+json` or `application/cose`.
        envelope: Bytes of the envelope; nothing of it has been verified.
    """

    media_type: str
    envelope: bytes


# Path of a signature's file, and the signature or the error of reading it.
NamedSignature = tuple[str, DetachedSignature | NotarykitError]


def signature_path(
    blob: str | os.PathLike[str], media_type: str, directory: str | os.PathLike[str] | None = None
) -> str:
    """Returns the path of a blob's signature: `{blob}.jws.sig` or `{blob}.cose.sig`.

    Args:
        blob: Path of the blob.
        media_type: Format of the envelope, `application/jose+json` or `application/cose`.
        directory: Directory of the signature; that of the blob by default.

    Raises:
        EnvelopeError: There is no such format.
    """
    if media_type not in _EXTENSIONS:
        raise EnvelopeError(
            f"envelope format {media_type!r} is not supported", advice="use " + " or ".join(MEDIA_TYPES)
        )
    folder, name = os.path.split(os.fspath(blob))
    return os.path.join(folder if directory is None else directory, f"{name}.{_EXTENSIONS[media_type]}.sig")


def format_of(path: str | os.PathLike[str]) -> str | None:
    """Returns the format that the name of a signature's file tells, or None for a name without an extension.

    `.jws.sig` and `.cose.sig` tell it, in any case, and so do `.jws` and `.cose` (JWS and COSE envelope specifications,
    "Blob Signature Storage").

    Raises:
        UsageError: The name has another extension.
    """
    name = os.path.basename(os.fspath(path)).lower()
    stem, extension = os.path.splitext(name.removesuffix(".sig"))
    if stem and extension[1:] in _FORMATS:
        return _FORMATS[extension[1:]]
    if os.path.splitext(name)[1]:
        raise UsageError(
            f"the name of {os.fspath(path)} does not tell the signature's format",
            advice="it must end with .jws.sig or .cose.sig",
        )
    return None


def is_signature_name(path: str | os.PathLike[str]) -> bool:
    """Returns True if a file is named as `signature_path` names signatures."""
    name = os.path.basename(os.fspath(path))
    return any(name.endswith(f".{extension}.sig") for extension in _FORMATS)


def read_signature(path: str | os.PathLike[str], largest: int = USUAL_ENVELOPE) -> DetachedSignature:
    """Reads a detached signature, whose format its name tells; where it has no extension, each format is tried.

    Args:
        path: Path of the file.
        largest: Limit of its size in bytes.

    Raises:
        UsageError: The name has an extension that tells no format.
        StorageError: The file does not exist, is no regular file, or cannot be read.
        SignatureSizeError: It is larger than the limit.
        EnvelopeError: The name does not tell the format, and the content is of none.
    """
    media_type = format_of(path)
    try:
        with files.open_regular(os.fspath(path)) as file:
            envelope = file.read(largest + 1)
    except FileNotFoundError:
        raise StorageError(
            f"signature {os.fspath(path)} does not exist", advice="check its path; 'notarykit blob sign' makes one"
        ) from None
    except OSError as error:
        raise StorageError(f"signature {os.fspath(path)} cannot be read: {error.strerror}") from None
    if len(envelope) > largest:
        raise SignatureSizeError(f"signature {os.fspath(path)} is larger than {largest} bytes")
    return DetachedSignature(media_type or detected_format(envelope, f"signature {os.fspath(path)}"), envelope)


def read_signatures(
    blob: str | os.PathLike[str], directory: str | os.PathLike[str] | None = None, largest: int = USUAL_ENVELOPE
) -> Iterator[NamedSignature]:
    """Reads the detached signatures of a blob, one of each format, from the files that `signature_path` names.

    Args:
        blob: Path of the blob.
        directory: Directory of the signatures; that of the blob by default.
        largest: Limit of the size of each in bytes.

    Yields:
        The path of each file that is there, and the signature or the error of reading it.

    Raises:
        NoSignatureError: None of the files is there.
    """
    paths = [signature_path(blob, media_type, directory) for media_type in MEDIA_TYPES]
    present = [path for path in paths if os.path.lexists(path)]
    if not present:
        raise NoSignatureError(
            f"there is no signature: neither {' nor '.join(paths)} exists",
            # as a pattern such as `dist/*` brings them
            advice="leave signatures out, which need none" if is_signature_name(blob) else "name it with --signature",
        )
    for path in present:
        try:
            signature: DetachedSignature | NotarykitError = read_signature(path, largest)
        except NotarykitError as error:
            signature = error
        yield path, signature


def detected_format(envelope: bytes, name: str = "the signature") -> str:
    """Returns the format in which an envelope can be parsed.

    Trust store and trust policy specification, "Validate Integrity": "by trying each of the supported signature
    envelopes".

    Raises:
        EnvelopeError: There is none.
    """
    problems = []
    for media_type in MEDIA_TYPES:
        try:
            parse_envelope(envelope, media_type)
        except EnvelopeError as error:
            problems.append(f"not {media_type} ({error.message})")
        else:
            return media_type
    problem = " and ".join(problems) if envelope else "empty"
    raise EnvelopeError(f"{name} is {problem}", advice="check that the file is a signature")


def check_replaceable(path: str | os.PathLike[str]) -> None:
    """Refuses to replace what is no signature, such as the private key or the device of a mistyped path.

    A regular file whose name tells a format, and a link of such a name, may be replaced; any other file if it is a
    signature, or empty. Where there is nothing, nothing is refused.

    Raises:
        UsageError: It is not to be replaced.
    """
    target = os.fspath(path)
    try:
        kind = os.lstat(target).st_mode
    except OSError:  # there is nothing, or the attempt to write says what is wrong
        return
    if (stat.S_ISREG(kind) or stat.S_ISLNK(kind)) and _tells_format(target):
        return
    try:
        if content := files.read(target, LARGEST_ENVELOPE):
            detected_format(content)
    except (FileNotFoundError, StorageError, EnvelopeError):
        raise UsageError(f"{target} is no signature, and is not replaced by one", advice="name another file") from None


def _tells_format(path: str) -> bool:
    try:
        return format_of(path) is not None
    except UsageError:
        return False


def write_signature(path: str | os.PathLike[str], envelope: bytes, *, overwrite: bool = False) -> None:
    """Writes a detached signature to a file, whole or not at all.

    Args:
        path: Path of the file.
        envelope: Bytes of the envelope.
        overwrite: True to replace a signature that is there; see `check_replaceable`.

    Raises:
        StorageError: The file exists, or cannot be written.
        UsageError: What is there is no signature.
    """
    target = os.fspath(path)
    folder = os.path.dirname(target) or "."
    if not os.path.isdir(folder):  # a typo shall not make folders
        raise StorageError(f"directory {folder} does not exist", advice="create it, or choose another")
    if overwrite:
        check_replaceable(target)
        files.write(target, envelope)
    else:
        files.create(target, envelope)
