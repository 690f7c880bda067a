"""Tar files with the same bytes for the same content: plain headers (POSIX.1-1988), no owners and no times."""

from typing import BinaryIO

from notarykit.errors import StorageError
from notarykit.oci.tar_header import BLOCK

_LARGEST_OCTAL = 8**11 - 1
_RECORD = 20 * BLOCK  # POSIX.1-2001, pax, "ustar Interchange Format": files end with a whole record
_NAME, _PREFIX = 100, 155


class TarWriter:
    """Writes regular files into a tar file.

    Args:
        file: File at whose end it is written, from its beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0

    def begin(self, name: str, size: int) -> None:
        """Writes the header of a file, whose content the caller writes behind it.

        Raises:
            StorageError: The name is too long for a plain header.
        """
        self._file.write(_header(name, size))
        self._size += BLOCK + size

    def end(self) -> None:
        """Fills up the content of the last file."""
        self._file.write(b"\0" * (-self._size % BLOCK))
        self._size += -self._size % BLOCK

    def add(self, name: str, content: bytes) -> None:
        """Writes a file.

        Raises:
            StorageError: The name is too long for a plain header.
        """
        self.begin(name, len(content))
        self._file.write(content)
        self.end()

    def close(self) -> None:
        """Ends the tar file, which stays open."""
        self._file.write(b"\0" * (2 * BLOCK))
        self._file.write(b"\0" * (-(self._size + 2 * BLOCK) % _RECORD))


def _header(name: str, size: int) -> bytes:
    prefix, base = _split(name)
    octal = b"%011o\0" % size if size <= _LARGEST_OCTAL else b"\x80" + size.to_bytes(11, "big")
    fields = (
        (base, 100), (b"0000644\0", 8), (b"0000000\0", 8), (b"0000000\0", 8), (octal, 12), (b"00000000000\0", 12),
        (b" " * 8, 8), (b"0", 1), (b"", 100), (b"ustar\x0000", 8), (b"", 32), (b"", 32), (b"0000000\0", 8),
        (b"0000000\0", 8), (prefix, 155),
    )  # fmt: skip
    block = b"".join(content.ljust(width, b"\0") for content, width in fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _split(name: str) -> tuple[bytes, bytes]:
    """Returns the two fields for a name: the folder apart where the whole is too long for one."""
    whole = name.encode("ascii")
    if len(whole) <= _NAME:
        return b"", whole
    prefix, _, base = whole.rpartition(b"/")
    if len(base) > _NAME or len(prefix) > _PREFIX:
        raise StorageError(f"{name} is too long a name for a tar file", advice="sha512 digests do not fit into bundles")
    return prefix, base
