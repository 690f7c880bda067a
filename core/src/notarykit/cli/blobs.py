"""Blobs that a command is about: files, or standard input, and where their signatures are."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from notarykit.batch.work import Work
from notarykit.blob.content import FileBlob, StreamBlob
from notarykit.cli.batch.items import FailedItem, Items
from notarykit.cli.batch.operation import Operation
from notarykit.cli.options import ANY_NUMBER, Arguments, Flag, Options, from_flag
from notarykit.cli.output import RESULTS_FLAG
from notarykit.errors import StorageError, UsageError

BLOBS = Arguments(1, ANY_NUMBER, "missing file path to the blob")
_STANDARD_INPUT = "-"
BLOB_FLAGS = (
    RESULTS_FLAG._replace(help="output format: text, json, or jsonl, a line of JSON for each blob as it comes"),
    from_flag("file with the paths of further blobs, one a line, # for comments; - for standard input"),
    Flag("jobs", "number of blobs to work on at a time (default: the cores of this machine)", "number"),
)
Outcome = TypeVar("Outcome")
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class BlobPath(NamedTuple):
    """Blob that a command is about.

    Attributes:
        text: Path as it was written; `-` for standard input.
    """

    text: str

    @property
    def is_standard_input(self) -> bool:
        """True for standard input."""
        return self.text == _STANDARD_INPUT

    @property
    def name(self) -> str:
        """Name for messages."""
        return "standard input" if self.is_standard_input else self.text

    def open(self) -> FileBlob | StreamBlob:
        """Returns the blob."""
        if not self.is_standard_input:
            return FileBlob(self.text)
        from notarykit.cli.streams import patient_input

        return StreamBlob(patient_input(), self.name)


class SignaturePath(NamedTuple):
    """Signature that a command is about.

    Attributes:
        text: Path of its file, as it was written.
    """

    text: str


class SignaturePlace(NamedTuple):
    """Where the signatures of a command's blobs are.

    Attributes:
        path: Path of the signature of the only blob (`--signature`), or an empty string.
        directory: Directory of the signatures, or None for that of each blob.
    """

    path: str
    directory: str | None

    @classmethod
    def of(cls, options: Options) -> "SignaturePlace":
        """Returns the place that the flags `signature` and `signature-directory` name.

        Raises:
            UsageError: They do not fit the blobs, or there is no such directory.
        """
        options.exclusive("signature", "signature-directory")
        path, directory = options.text("signature") or "", options.text("signature-directory")
        if _STANDARD_INPUT in options.arguments and not (is_one_blob(options) and path):
            raise UsageError(
                "the blob on standard input must be the only one, and needs --signature",
                advice="name the file of its signature, such as --signature blob.jws.sig",
            )
        if path == _STANDARD_INPUT:
            raise UsageError("--signature - is no file", advice="name a file, and by ./- one of that name")
        if path and not is_one_blob(options):
            raise UsageError("--signature is for one blob", advice="use --signature-directory for several")
        if directory is not None and not os.path.isdir(directory):
            raise UsageError(f"--signature-directory {directory} is no directory", advice="create it, or name another")
        return cls(path, directory)


def is_one_blob(options: Options) -> bool:
    """Returns True if a command line names one blob, and no file with others."""
    return len(options.arguments) == 1 and not options["from"]


class BlobWork(Work[BlobPath, Outcome, Outcome]):
    """Work on a blob.

    Attributes:
        reading: The blob that was opened last, which says how far it has been read.
    """

    reading: FileBlob | StreamBlob | None = None

    def opened(self, item: BlobPath) -> FileBlob | StreamBlob:
        """Returns a blob, whose reading can be followed."""
        self.reading = item.open()
        return self.reading


class BlobOperation(Operation[BlobPath]):
    """Operation of a command on each of its blobs.

    Args:
        options: Options of the command.
        parse: Parses the path of a blob.
    """

    noun = "blob"
    work: BlobWork[Any]

    def __init__(self, options: Options, parse: Callable[[str], BlobPath] = BlobPath) -> None:
        def parsed(text: str) -> BlobPath:
            if not text:
                raise UsageError("the path of the blob is empty")
            if text == _STANDARD_INPUT and options.arguments != [text]:
                raise UsageError("- is standard input, which is signed and verified alone", advice="name a file by ./-")
            return parse(text)

        super().__init__(options, Items(options, parsed, "path of a blob", are_names=True))
        _ = self.items.first  # a file without any is said before the key is opened

    def is_named(self, item: BlobPath | FailedItem, line: str) -> bool:
        """Returns True if the line names the blob at its place: a name such as `a` is in any line."""
        return line.startswith((f"{item.text} ", f"{item.text}:")) or f" for {item.text} under " in line

    def progress(self, item: BlobPath) -> str:
        """Returns the progress line, which says how far a blob has been read."""
        blob = self.work.reading
        return f"{self.activity} {item.name}{f', {_read(blob)}' if blob else ''}"


def _read(blob: FileBlob | StreamBlob) -> str:
    """Returns how far a blob has been read."""
    try:
        size = blob.size()
    except StorageError:  # reported by the work
        size = None
    return _amount(blob.position) if size is None else f"{_amount(blob.position)} of {_amount(size)}"


def _amount(size: int) -> str:
    """Returns a number of bytes in the largest unit of which there is one."""
    unit = min((len(str(size)) - 1) // 3, len(_UNITS) - 1)
    return f"{size / 1000**unit:.1f} {_UNITS[unit]}" if unit else f"{size} bytes"
