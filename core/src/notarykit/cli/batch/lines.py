"""Items in a file or on standard input, one a line, each read when it is needed."""

import os
from collections.abc import Iterator
from typing import IO, NamedTuple

from notarykit._internal.encodings import foreign_encoding
from notarykit.errors import StorageError, UsageError

_LONGEST = 8192
_SHOWN = 100


class Line(NamedTuple):
    """Line with an item.

    Attributes:
        place: File and number of the line, for errors.
        text: The item, or the beginning of a line that holds none.
        fault: Reason why the line holds no item, or an empty string.
    """

    place: str
    text: str
    fault: str = ""


class Lines:
    """Lines with an item; comments (`#`) and blank lines are left out. They can be iterated over once.

    Args:
        path: File, or `-` for standard input.
        has_names: True for names of files, to which blanks at an end belong: without them the name is another file's.

    Raises:
        UsageError: The file cannot be opened.
    """

    def __init__(self, path: str, *, has_names: bool = False) -> None:
        self._path = "" if path == "-" else path
        self._has_names = has_names
        self.name = path if self._path else "standard input"
        self._stream = self._open() if self._path else _standard_input()

    def _open(self) -> IO[bytes]:
        try:
            return open(self._path, "rb")
        except (OSError, ValueError) as error:
            raise UsageError(f"--from {self._path}: {getattr(error, 'strerror', None) or error}") from None

    def __iter__(self) -> Iterator[Line]:
        """Yields the lines.

        Raises:
            UsageError: The text is not in UTF-8, by its beginning.
            StorageError: It cannot be read.
        """
        try:
            for number, content in enumerate(iter(self._read, b""), 1):
                if number == 1 and (foreign := foreign_encoding(content)):
                    raise UsageError(f"--from {self.name}: {foreign}")
                text = content.strip()
                item = _without_end(content) if self._has_names else text
                if item and not item.startswith(b"#"):
                    place, is_cut = f"{self.name}, line {number}", len(content) > _LONGEST
                    yield _line(place, item, is_cut=is_cut, is_name=item == text)
        finally:
            if self._path:
                self._stream.close()

    def _read(self) -> bytes:
        """Returns the next line; of one that is too long, the beginning."""
        try:
            content = rest = self._stream.readline(_LONGEST + 1)
            while len(rest) > _LONGEST and not rest.endswith(b"\n"):
                rest = self._stream.readline(_LONGEST + 1)
        except OSError as error:
            raise StorageError(f"--from {self.name} cannot be read: {error.strerror}") from None
        return content

    def count(self) -> int | None:
        """Returns the number of items in a regular file as it is now, or None if it cannot be known."""
        return sum(1 for _ in Lines(self._path, has_names=self._has_names)) if self.is_regular else None

    @property
    def is_regular(self) -> bool:
        """True for a regular file, whose lines are there when they are read."""
        return os.path.isfile(self._path)


def sound_lines(path: str) -> Iterator[Line]:
    """Yields the lines of a file each of which has to hold an item.

    Raises:
        UsageError: The file cannot be opened, or a line holds none.
        StorageError: It cannot be read.
    """
    for line in Lines(path):
        if line.fault:
            raise UsageError(f"{line.place}: {line.fault}")
        yield line


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(os.linesep[:-1].encode())


def _line(place: str, content: bytes, *, is_cut: bool, is_name: bool) -> Line:
    shown = content.decode("utf-8", "backslashreplace")[:_SHOWN]
    if is_cut:
        return Line(place, shown, f"longer than {_LONGEST} bytes")
    if not is_name:
        return Line(place, shown, "a blank at its beginning or end: name such a file by an argument")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return Line(place, shown, f"not UTF-8 at byte {error.start}")
    return Line(place, shown, "it holds a NUL: give one item a line") if "\0" in text else Line(place, text)


def _standard_input() -> IO[bytes]:
    from notarykit.cli.streams import patient_input

    return patient_input()
