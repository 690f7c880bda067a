"""Members of a zip, stored or deflated, as notation reads them."""

import os
import stat
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from notarykit.errors import StorageError
from notarykit.plugin.install.member import Member, no_file

_FIRST, _END = b"PK\x03\x04", b"PK\x05\x06"
SIGNATURES = (_FIRST, _END)
"""How a zip begins, and an empty one."""

# For other compressions the library has no bound on what a few bytes unpack to.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END_SIZE = 22  # of the record at the end, without the comment behind it (APPNOTE.TXT, 4.3.16)
_LONGEST_READ = 2 << 20  # more than the list of all entries has, which the library takes into memory


class _Careful:
    """A file of which nothing is read that is larger than a list of entries may be."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _LONGEST_READ:
            raise StorageError("it has too many entries")
        return self._file.read(size)


def members(file: BinaryIO, most: int) -> Iterator[Member]:
    """The members of a zip; the files at its root with their content.

    Raises:
        StorageError: One is no file or folder, is compressed in another way, there are more than `most`, or the file
            holds something before or behind the zip.
    """
    with zipfile.ZipFile(_Careful(file)) as archive:
        if len(archive.infolist()) > most:
            raise StorageError(f"it has more than {most} entries")
        _check_alone(file, archive)
        for info in archive.infolist():
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG) and not info.is_dir():
                raise no_file(info.filename)
            if info.is_dir() or "/" in info.filename:
                yield Member(info.filename, "", 0, mode, None)
                continue
            if info.compress_type not in _COMPRESSIONS:
                raise StorageError(f"{info.filename!r} is compressed in another way than by deflate")
            with archive.open(info) as content:
                yield Member(info.filename, info.filename, info.file_size, mode, content)


def _check_alone(file: BinaryIO, archive: zipfile.ZipFile) -> None:
    """Refuses a file with more than one zip in it, of which readers from its beginning and from its end take another.

    Raises:
        StorageError: Something is before the first entry, or behind the end.
    """
    if min((info.header_offset for info in archive.infolist()), default=0):
        raise StorageError("it holds something before the zip")
    file.seek(-_END_SIZE - len(archive.comment), os.SEEK_END)
    if file.read(len(_END)) != _END:
        raise StorageError("it holds something behind the zip")
