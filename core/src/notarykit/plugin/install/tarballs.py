"""Members of a tar.gz, in one pass.

Headers are those of ustar, with the long names of GNU and of pax (POSIX.1-2001, "pax Interchange Format"). The standard
library's reader follows everything else that they can say, and takes time and memory that a few bytes make up.
"""

import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from notarykit.errors import StorageError
from notarykit.plugin.install.member import Member, no_file

SIGNATURE = b"\x1f\x8b"
"""Magic number of gzip."""

_BLOCK = 512
_PIECE = 1 << 16
_HEADERS = 16 << 20  # what a tar may have besides the files' contents
_LONGEST_EXTENSIONS = 2 << 20  # of all headers that extend another: names and times
_MOST_STREAMS = 10_000  # of gzip, one behind the other
_FILES, _FOLDER, _GNU_NAME, _GNU_LINK, _PAX, _PAX_FOR_ALL = (b"0", b"\0"), b"5", b"L", b"K", b"x", b"g"
_EXTENSIONS = (_GNU_NAME, _GNU_LINK, _PAX, _PAX_FOR_ALL)


def members(file: BinaryIO, largest: int, most: int) -> Iterator[Member]:
    """Yields the members of a tar.gz, files with their content and without the folders of their names.

    Args:
        file: The file.
        largest: How many bytes it may unpack to, besides the headers.
        most: How many headers it may have, two for each member.

    Raises:
        StorageError: A member is neither a file nor a folder, or there is too much of something.
        ValueError: It is malformed.
        EOFError: It is cut off.
    """
    stream = _Gunzipped(file, largest + _HEADERS)
    name, left = "", _LONGEST_EXTENSIONS
    for _ in range(2 * most):
        header = stream.exactly(_BLOCK, at_end=b"")
        if not header.strip(b"\0"):
            return stream.check_end()
        kind, size = header[156:157], _checked_size(header)
        if kind in _EXTENSIONS:
            left -= size
            if left < 0:
                raise StorageError("its headers are longer than names are")
            name = _longer_name(kind, _Content(stream, size).whole()) or name
            continue
        name = name or _name(header)
        if kind not in (*_FILES, _FOLDER):
            raise no_file(name)
        is_folder = kind == _FOLDER or name.endswith("/")
        content = _Content(stream, 0 if kind == _FOLDER else size)
        yield Member(name, os.path.basename(name), size, _octal(header[100:108]), None if is_folder else content)
        content.skip()
        name = ""
    raise StorageError(f"it has more than {most} entries")


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not set(digits) <= set(b"01234567"):
        raise ValueError("a number in a header is none")
    return int(digits or b"0", 8)


def _checked_size(header: bytes) -> int:
    """Returns the size in a header, after checking the header's checksum."""
    if sum(header[:148]) + sum(b" " * 8) + sum(header[156:]) != _octal(header[148:156]):
        raise ValueError("it is no tar, or damaged")
    return _octal(header[124:136])


def _name(header: bytes) -> str:
    """Returns a member's name; ustar has a field for the prefix beyond 100 bytes."""
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    if prefix and header[257:263] == b"ustar\0":  # in GNU's form that field is something else
        name = prefix + b"/" + name
    return name.decode("utf-8", "surrogateescape")


def _longer_name(kind: bytes, content: bytes) -> str:
    """Returns the name that an extension header gives to the next member, or an empty string."""
    if kind == _GNU_NAME:
        return content.rstrip(b"\0").decode("utf-8", "surrogateescape")
    records = dict(_records(content)) if kind in (_PAX, _PAX_FOR_ALL) else {}
    path = records.get(b"path", b"")
    if b"size" in records or any(key.startswith(b"GNU.sparse.") for key in records):
        raise ValueError("a file's size is not in its header")
    if path and kind == _PAX_FOR_ALL:
        raise ValueError("one name is given to all files")
    return path.decode("utf-8", "surrogateescape")


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the records of a pax header: `length key=value` and a newline each."""
    position = 0
    while position < len(content):
        digits, blank, _ = content[position : position + 8].partition(b" ")
        end = position + (int(digits) if blank and digits.isdigit() else 0)
        record = content[position + len(digits) + 1 : end]
        key, equals, value = record[:-1].partition(b"=")
        if not (key and equals and record.endswith(b"\n")) or end > len(content):
            raise ValueError("a pax header is malformed")
        yield key, value
        position = end


class _Gunzipped:
    """Decompressed content of a gzip file of one or several streams."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most, self._left = file, most, most
        self._streams = 0
        self._begin(b"")

    def _begin(self, compressed: bytes) -> None:
        self._inflater, self._compressed = zlib.decompressobj(16 + zlib.MAX_WBITS), compressed
        self._streams += 1
        if self._streams > _MOST_STREAMS:
            raise StorageError(f"it has more than {_MOST_STREAMS} gzip streams")

    def read(self, size: int) -> bytes:
        """Returns at most `size` bytes, at least one before the end."""
        while True:
            if self._inflater.eof:
                rest = self._inflater.unused_data.lstrip(b"\0") or self._file.read(_PIECE).lstrip(b"\0")
                if not rest:
                    return b""
                self._begin(rest)
            compressed = self._compressed or self._file.read(_PIECE)
            piece = self._inflater.decompress(compressed, size)
            self._compressed = self._inflater.unconsumed_tail
            if piece:
                return self._counted(piece)
            if not (compressed or self._inflater.eof):
                raise EOFError("it is cut off")

    def _counted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise StorageError(f"it unpacks to more than {self._most >> 20} MiB")
        return piece

    def exactly(self, size: int, at_end: bytes | None = None) -> bytes:
        """Returns exactly `size` bytes; at the end of the file, the given default, if any."""
        found = bytearray()
        while len(found) < size:
            piece = self.read(size - len(found))
            if not piece:
                if not found and at_end is not None:
                    return at_end
                raise EOFError("it is cut off")
            found += piece
        return bytes(found)

    def check_end(self) -> None:
        """Reads to the end, where gzip has its checksum, and refuses any further content."""
        while piece := self.read(_PIECE):
            if piece.strip(b"\0"):
                raise ValueError("it goes on behind its end")


class _Content:
    """Content of a member, with the padding behind it."""

    def __init__(self, stream: _Gunzipped, size: int) -> None:
        self._stream, self._left, self._padding = stream, size, -size % _BLOCK

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(min(size, self._left)) if self._left else b""
        if not piece and self._left:
            raise EOFError("it is cut off")
        self._left -= len(piece)
        return piece

    def skip(self) -> None:
        """Skips to the next header."""
        while self.read(_PIECE):
            pass
        self._stream.exactly(self._padding, at_end=b"")

    def whole(self) -> bytes:
        """Returns the whole content."""
        content, self._left = self._stream.exactly(self._left), 0
        self.skip()
        return content
