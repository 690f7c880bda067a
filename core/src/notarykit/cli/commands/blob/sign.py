"""`notarykit blob sign`."""

import os
import sys
import warnings
from typing import Any, NamedTuple

from notarykit._internal.printable import printable
from notarykit.blob.content import OCTET_STREAM
from notarykit.blob.signature_file import (
    check_replaceable,
    format_of,
    is_signature_name,
    signature_path,
    write_signature,
)
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.blobs import BLOB_FLAGS, BLOBS, BlobOperation, BlobPath, BlobWork, SignaturePlace, is_one_blob
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import confirmed
from notarykit.cli.signing import SIGNING_FLAGS, ChosenSigner, sign_options, signature_members
from notarykit.envelope.unverified import JWS
from notarykit.errors import NotarykitError, NotarykitWarning, StorageError, UsageError
from notarykit.signing.blob import SignedBlob, check_media_type, sign_blob
from notarykit.signing.options import SignOptions


class _Destination(NamedTuple):
    """Where signatures are written to.

    Attributes:
        place: Where they are.
        media_type: Format of the envelopes.
        overwrite: True to replace files that are there.
        is_confirmed: True if that was said on the terminal, so that no warning is needed.
    """

    place: SignaturePlace
    media_type: str
    overwrite: bool
    is_confirmed: bool = False

    def path(self, blob: BlobPath) -> str:
        """Returns the path of a blob's signature."""
        return self.place.path or signature_path(blob.text, self.media_type, self.place.directory)

    def is_taken(self, blob: BlobPath) -> bool:
        """Returns True if there is a signature at the path of a blob's signature.

        Raises:
            UsageError: The blob itself is there, or something else that is no signature.
        """
        path = self.path(blob)
        if _is_same_file(path, blob.text):
            raise UsageError(f"the signature {path} would replace the blob itself", advice="name another file")
        check_replaceable(path)
        return os.path.lexists(path)

    def check(self, blob: BlobPath) -> None:
        """Refuses to replace what is at the path of a blob's signature, or warns of it.

        Raises:
            UsageError: It is not to be replaced.
        """
        if not self.is_taken(blob):
            return
        if not self.overwrite:
            raise _exists(self.path(blob))
        if not self.is_confirmed:
            text = f"existing signature file {self.path(blob)} will be overwritten"
            warnings.warn(NotarykitWarning(text), stacklevel=2)

    def write(self, blob: BlobPath, envelope: bytes) -> str:
        """Writes a signature and returns its absolute path.

        Raises:
            UsageError: There is one by now.
            StorageError: It cannot be written.
        """
        path = self.path(blob)
        try:
            write_signature(path, envelope, overwrite=self.overwrite)
        except StorageError as error:
            if not self.overwrite and os.path.lexists(path):
                raise _exists(path) from None
            advice = error.advice or "make room or give access there, or name another --signature-directory"
            raise StorageError(error.message, advice=advice) from None
        return os.path.abspath(path)


def _is_same_file(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # one of them is not there
        return False


def _exists(path: str) -> UsageError:
    return UsageError(f"signature file {path} exists already", advice="add --force to overwrite it")


class _Signed(NamedTuple):
    """Signature that was written.

    Attributes:
        path: Absolute path of its file.
        members: Members of its JSON output.
    """

    path: str
    members: dict[str, Any]


class _SigningWork(BlobWork[_Signed]):
    """Signs a blob and writes the signature."""

    def __init__(
        self, chosen: ChosenSigner, options: SignOptions, content_media_type: str, destination: _Destination
    ) -> None:
        self._chosen = chosen
        self._options = options
        self._content_media_type = content_media_type
        self._destination = destination

    def begin(self, item: BlobPath) -> _Signed:
        self._destination.check(item)  # before the key is used
        signed = sign_blob(self.opened(item), self._chosen.signer, self._options, self._content_media_type)
        if not signed.blob.size and item.is_standard_input:  # as it is where the program before it has failed
            warnings.warn(NotarykitWarning("standard input was empty, and that is what is signed"), stacklevel=2)
        path = self._destination.write(item, signed.signature.envelope)
        return _Signed(path, _json(signed, path))


class _Signing(BlobOperation):
    """Signs blobs, all with one key."""

    command = "blob sign"
    activity = "Signing"

    def __init__(self, options: Options, wanted: SignOptions, destination: _Destination) -> None:
        self._names: set[str] | None = None if destination.place.directory is None else set()
        self._is_one = is_one_blob(options)
        super().__init__(options, self._parsed)
        chosen = ChosenSigner(options, for_blob=True)
        self.work = _SigningWork(chosen, wanted, options["media-type"], destination)
        chosen.keep_here(self)

    def _parsed(self, text: str) -> BlobPath:
        """Parses a path.

        Two blobs of one name would have one signature file in a common directory. A signature among several blobs is
        there because of a pattern such as `dist/*`, which would bring the signature's signature the next time.
        """
        if not self._is_one and is_signature_name(text):
            raise UsageError(
                f"{text} is named as a signature, and not as what is to be signed",
                advice="leave signatures out, keep them in a --signature-directory, or sign it alone",
            )
        if self._names is not None:
            name = os.path.basename(text)
            if name in self._names:
                raise UsageError(
                    f"{text}: the signature of another blob of this name is written to --signature-directory",
                    advice="sign them in two commands, with two directories",
                )
            self._names.add(name)
        return BlobPath(text)

    def report(self, item: BlobPath, outcome: _Signed) -> Result:
        if self.options["output"] == "text":
            print(f"Successfully signed {printable(item.name)}")
            print(f"Signature file written to {printable(outcome.path)}")
        return Result(0, outcome.members)

    def fail(self, item: BlobPath | FailedItem, error: NotarykitError) -> dict[str, Any]:
        return {"signed": False, **super().fail(item, error)}


def _run(options: Options) -> int:
    check_media_type(options["media-type"])
    place, wanted = SignaturePlace.of(options), sign_options(options)
    media_type = _format(options, place, wanted)
    destination = _Destination(place, media_type, options["force"])
    if _may_ask(options) and destination.is_taken(BlobPath(options.arguments[0])):
        if not confirmed("The signature file already exists, do you want to overwrite it?", "force"):
            print("The signature file was not changed.", file=sys.stderr)
            return 0
        destination = destination._replace(overwrite=True, is_confirmed=True)
    return run_each(_Signing(options, wanted._replace(media_type=media_type), destination))


def _format(options: Options, place: SignaturePlace, wanted: SignOptions) -> str:
    """Returns the format of the envelopes: that of the name of `--signature` where the command line has no other.

    Raises:
        UsageError: The name tells another format than `--signature-format`, or none, so that nobody could verify it.
    """
    media_type = wanted.media_type or JWS
    told = format_of(place.path) if place.path else None
    if told is None:
        return media_type
    if told != media_type and options["signature-format"]:
        raise UsageError(f"--signature {place.path} tells another format than --signature-format")
    return told


def _may_ask(options: Options) -> bool:
    """Returns True if there is one blob, and a person to be asked about its signature."""
    return is_one_blob(options) and not options["force"] and options["output"] == "text" and sys.stdin.isatty()


def _json(signed: SignedBlob, path: str) -> dict[str, Any]:
    return {
        "signed": True,
        "artifact": signed.blob.to_json(),
        "signature": {"path": path, **signature_members(signed.signature.content)},
    }


COMMAND = Command(
    "[flags] (<blob_path>... | --from <file>)",
    "Produce a detached signature for a given blob.",
    _run,
    (
        *BLOB_FLAGS,
        *SIGNING_FLAGS,
        Flag("force", "override the existing signature file, never prompt", "switch"),
        Flag("media-type", "media type of the blob", default=OCTET_STREAM),
        Flag("signature", "filepath of the signature file; for one blob, and for standard input", short="s"),
        Flag(
            "signature-directory", "directory where the signature file is placed (default same directory as the blob)"
        ),
    ),
    arguments=BLOBS,
    examples=(
        (
            "Sign a blob with the default key; the signature is written to blob.bin.jws.sig",
            "notarykit blob sign blob.bin",
        ),
        (
            "Sign several blobs, with their signatures in a directory of their own",
            "notarykit blob sign --signature-directory signatures dist/*",
        ),
        ("Sign with a named key, as COSE", "notarykit blob sign --key build --signature-format cose blob.bin"),
        ("Sign what another program writes", "tar c src | notarykit blob sign --signature src.tar.jws.sig -"),
        (
            "Sign with a timestamp, so that the signature outlasts its certificate",
            "notarykit blob sign --timestamp-url <url> --timestamp-root-cert <file> blob.bin",
        ),
        (
            "Sign many files by one signature of their checksums",
            "sha256sum dist/* > SHA256SUMS && notarykit blob sign SHA256SUMS",
        ),
    ),
)
