"""Image layouts in a tar file, read without unpacking it.

The files of a layout have short plain names, so that plain headers say everything. The standard library's reader also
spends time on extensions that grows with the square of their size, and follows sizes that they make up.
"""

import io
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from notarykit.errors import StorageError
from notarykit.oci.tar_header import (
    BLOCK,
    EXTENDED,
    FOLDER,
    REGULAR,
    Header,
    HeaderError,
    parse_extension,
    parse_header,
)

_MOST_MEMBERS = 100_000
_MOST_EXTENSIONS = 2**24  # in bytes
_LARGEST_PADDING = 2**24
_PIECE = 2**20


class _Member(NamedTuple):
    offset: int
    size: int


class LayoutArchive:
    """Files of a layout in a tar file that is not compressed and that all readers understand alike.

    Args:
        path: Path of the tar file, whose list of members is read.

    Raises:
        StorageError: It is not a tar file, or readers could understand it differently.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._members: dict[str, _Member] = {}
        self._kinds: dict[str, bytes] = {}
        self._extensions = 0
        try:
            with open(path, "rb") as file:
                self._read_headers(file)
            self._check_folders()
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from None
        except HeaderError as error:
            raise StorageError(
                f"{path}: {error}, which readers of tar files understand differently",
                advice="extract it into a folder, and look at what is in there",
            ) from None

    def _read_headers(self, file: BinaryIO) -> None:
        offset, end = 0, file.seek(0, io.SEEK_END)
        larger: int | None = None
        for _ in range(_MOST_MEMBERS):
            file.seek(offset)
            block = file.read(BLOCK)
            if not block.strip(b"\0") and offset:
                return self._check_end(file, end)
            if offset and len(block) < BLOCK:
                raise StorageError(f"{self.path} is cut off")
            header = parse_header(block)
            if header is None:
                raise StorageError(
                    f"{self.path} is not a tar file of an image layout",
                    advice="if it is compressed, decompress it first",
                )
            content, size = offset + BLOCK, header.size if larger is None else larger
            offset = content + (size + BLOCK - 1) // BLOCK * BLOCK
            if offset > end:
                raise StorageError(f"{self.path} is cut off")
            if larger is not None and (header.kind != REGULAR or header.size):
                raise HeaderError("it has a pax header with 'size' for no file")
            if header.kind in EXTENDED:
                larger = self._read_extension(file, header)
            else:
                self._add(header, _Member(content, size))
                larger = None
        raise StorageError(f"{self.path} has more than {_MOST_MEMBERS} members")

    def _read_extension(self, file: BinaryIO, header: Header) -> int | None:
        self._extensions += header.size
        if self._extensions > _MOST_EXTENSIONS:
            raise StorageError(f"{self.path} has more than {_MOST_EXTENSIONS} bytes of pax headers")
        return parse_extension(header, file.read(header.size))

    def _add(self, header: Header, member: _Member) -> None:
        """Adds a member; on file systems that ignore case, two names that differ by case are one."""
        folded = header.name.casefold()
        if folded in self._kinds and not self._kinds[folded] == header.kind == FOLDER:
            raise HeaderError(f"{header.name!r} is there twice")
        self._kinds[folded] = header.kind
        if header.kind == REGULAR:
            self._members[header.name] = member

    def _check_folders(self) -> None:
        """Refuses a file with others below it, since readers keep either the file or the others."""
        names = sorted(name.replace("/", "\0") for name in self._kinds)  # what is below a name comes right behind it
        for before, following in pairwise(names):
            name = before.replace("\0", "/")
            if following.startswith(f"{before}\0") and self._kinds[name] == REGULAR:
                raise HeaderError(f"{name!r} is a file and a folder")

    def _check_end(self, file: BinaryIO, end: int) -> None:
        """Refuses content after the end, a block of zeros: some readers stop there, and others do not."""
        if end - file.tell() > _LARGEST_PADDING:
            raise HeaderError("it goes on for long behind its end")
        if file.read().strip(b"\0"):
            raise HeaderError("it goes on behind its end")

    @property
    def files(self) -> Mapping[str, int]:
        """Names of the files in the archive, with their sizes in bytes."""
        return {name: member.size for name, member in self._members.items()}

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yields the content of a file in the archive, piece by piece.

        Raises:
            FileNotFoundError: The archive has no such file.
            StorageError: It is cut off.
        """
        member = self._members.get(name)
        if member is None:
            raise FileNotFoundError(name)
        left = member.size
        with self._opened(member) as file:
            while left:
                piece = self._read(file, min(left, _PIECE))
                if not piece:
                    raise StorageError(f"{self.path} is cut off within {name}")
                left -= len(piece)
                yield piece

    def read(self, name: str, limit: int) -> bytes:
        """Returns the content of a file in the archive.

        Raises:
            FileNotFoundError: The archive has no such file.
            StorageError: It is larger than `limit`, or cut off.
        """
        member = self._members.get(name)
        if member is None:
            raise FileNotFoundError(name)
        if member.size > limit:
            raise StorageError(f"{self.path}: {name} is larger than {limit} bytes")
        with self._opened(member) as file:
            content = self._read(file, member.size)
        if len(content) != member.size:
            raise StorageError(f"{self.path} is cut off within {name}")
        return content

    def _opened(self, member: _Member) -> BinaryIO:
        try:
            file = open(self.path, "rb")  # noqa: SIM115 - the caller closes it
            file.seek(member.offset)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}") from None
        return file

    def _read(self, file: BinaryIO, size: int) -> bytes:
        try:
            return file.read(size)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}") from None
