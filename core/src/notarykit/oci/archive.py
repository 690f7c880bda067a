"""Image layouts in a tar file, read without unpacking it.

The files of a layout have short plain names, so the oldest form of a header says everything (POSIX.1-1988, ustar). What
later forms add is passed over and never parsed: the standard library's reader spends time on it that grows with the
square of its size, and follows sizes that it makes up.
"""

import io
from typing import BinaryIO, NamedTuple

from notarykit.errors import StorageError

_BLOCK = 512
_REGULAR = (b"0", b"\0", b"7")
# Links, devices and folders have no content; all other kinds have what their size says, which is passed over.
_WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")
_MOST_MEMBERS = 100_000


class _Member(NamedTuple):
    offset: int
    size: int


class LayoutArchive:
    """The files of a layout in a tar file that is not compressed; links and other special members are not followed."""

    def __init__(self, path: str) -> None:
        """Reads the list of the archive's members.

        Raises:
            StorageError: It is not a tar file, or has a regular file twice.
        """
        self.path = path
        self._members: dict[str, _Member] = {}
        try:
            with open(path, "rb") as file:
                self._read_headers(file)
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from None

    def _read_headers(self, file: BinaryIO) -> None:
        offset, end = 0, file.seek(0, io.SEEK_END)
        for _ in range(_MOST_MEMBERS):
            if offset > end:
                raise StorageError(f"{self.path} is cut off")
            file.seek(offset)
            header = file.read(_BLOCK)
            if not header.strip(b"\0"):
                if offset == 0:
                    break
                return
            kind, size = header[156:157], self._checked_size(header)
            if kind in _REGULAR:
                name = _name(header)
                if name in self._members:
                    raise StorageError(f"{self.path} has {name} twice")
                self._members[name] = _Member(offset + _BLOCK, size)
            content = 0 if kind in _WITHOUT_CONTENT else size
            offset += _BLOCK + (content + _BLOCK - 1) // _BLOCK * _BLOCK
        raise self._no_archive() if offset == 0 else StorageError(f"{self.path} has more than {_MOST_MEMBERS} members")

    def _checked_size(self, header: bytes) -> int:
        """The size that a header gives, if the header's own sum is right."""
        fields = header[124:136].strip(b" \0"), header[148:156].strip(b" \0")
        if len(header) < _BLOCK or not all(field and set(field) <= set(b"01234567") for field in fields):
            raise self._no_archive()
        size, expected = (int(field, 8) for field in fields)
        if sum(header[:148]) + sum(b" " * 8) + sum(header[156:]) != expected:
            raise self._no_archive()
        return size

    def _no_archive(self) -> StorageError:
        return StorageError(
            f"{self.path} is not a tar file of an image layout", advice="if it is compressed, decompress it first"
        )

    def read(self, name: str, limit: int) -> bytes:
        """The content of a file in the archive.

        Raises:
            FileNotFoundError: The archive has no such file.
            StorageError: It is larger than `limit`, or cut off.
        """
        member = self._members.get(name)
        if member is None:
            raise FileNotFoundError(name)
        if member.size > limit:
            raise StorageError(f"{self.path}: {name} is larger than {limit} bytes")
        try:
            with open(self.path, "rb") as file:
                file.seek(member.offset)
                content = file.read(member.size)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}") from None
        if len(content) != member.size:
            raise StorageError(f"{self.path} is cut off within {name}")
        return content


def _name(header: bytes) -> str:
    """A member's name; in ustar, what stands before the last 100 bytes is in a field of its own."""
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    if (
        prefix and header[257:262] == b"ustar" and header[262:263] == b"\0"
    ):  # in GNU's form that field is something else
        name = prefix + b"/" + name
    return name.decode("utf-8", "surrogateescape").removeprefix("./")
