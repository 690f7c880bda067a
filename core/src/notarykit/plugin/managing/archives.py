"""The forms in which plugins are published: a zip, a tar.gz, or the executable itself.

Plugin specification, "Package and release a plugin". As in notation, a zip counts with the files at its root, a tar.gz
with all of its files, whatever folder they are in; nothing but regular files is taken out of either.
"""

import io
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple

from notarykit.errors import StorageError

if TYPE_CHECKING:
    import gzip

LARGEST = 256 * 1024 * 1024
"""Bytes that the files of a plugin may have together: less than this."""

_MOST_FILES = 10_000
_MODES = 0o755
_HEADERS = 16 * 1024 * 1024  # what a tar may have besides the files' contents
_PIECE = 1 << 20


class _Member(NamedTuple):
    name: str
    mode: int
    content: IO[bytes]


def unpack(path: str, folder: str, name: str = "") -> None:
    """Puts the files of a published plugin into a folder.

    Args:
        path: The zip, tar.gz or executable.
        folder: Where its files go; it exists and is empty.
        name: What an executable is called; the file's own name, if it is not given.

    Raises:
        StorageError: It is malformed, too large, or has a member that leads elsewhere.
    """
    with _opened(path) as (file, first):
        if first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            members = _zip_members(file)
        elif first.startswith(b"\x1f\x8b"):
            members = _tar_members(file)
        else:
            name = name or os.path.basename(path)
            _check_member(name, is_plain=True)
            members = iter([_Member(name, os.fstat(file.fileno()).st_mode, file)])
        _write_checked(path, members, folder)


@contextmanager
def _opened(path: str) -> Iterator[tuple[IO[bytes], bytes]]:
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise StorageError(f"{path} is not a regular file")
            first = file.read(4)
            file.seek(0)
            yield file, first
    except OSError as error:
        raise StorageError(f"{path} cannot be unpacked: {error.strerror or error}") from None


def _write_checked(path: str, members: Iterator[_Member], folder: str) -> None:
    """Writes the members; whatever a library finds wrong with the archive becomes an error of ours."""
    import lzma
    import tarfile
    import zipfile
    import zlib

    broken = (EOFError, IndexError, NotImplementedError, RuntimeError, ValueError, zlib.error, lzma.LZMAError)
    try:
        _write(path, members, folder)
    except (*broken, tarfile.TarError, zipfile.BadZipFile) as error:
        raise StorageError(f"{path} is malformed: {error or type(error).__name__}") from None
    except StorageError as error:
        if path not in error.message:
            error.within(path)
        raise


def _write(path: str, members: Iterator[_Member], folder: str) -> None:
    left = LARGEST
    for count, member in enumerate(members, 1):
        if count > _MOST_FILES:
            raise StorageError(f"{path} has more than {_MOST_FILES} files")
        target = os.path.join(folder, member.name)
        if os.path.lexists(target):
            raise StorageError(f"{path} has two files that are called {member.name!r}")
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            while piece := member.content.read(_PIECE):
                left -= len(piece)
                if left <= 0:
                    raise StorageError(f"the files in {path} reach the limit of {LARGEST >> 20} MiB")
                file.write(piece)
        os.chmod(target, (member.mode & _MODES) | stat.S_IRUSR | stat.S_IWUSR)


def _zip_members(file: IO[bytes]) -> Iterator[_Member]:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        if len(archive.infolist()) > _MOST_FILES:
            raise StorageError(f"it has more than {_MOST_FILES} entries")
        for info in archive.infolist():
            mode = info.external_attr >> 16
            _check_member(info.filename, stat.S_IFMT(mode) in (0, stat.S_IFREG) or info.is_dir())
            if not info.is_dir() and "/" not in info.filename:
                with archive.open(info) as content:
                    yield _Member(info.filename, mode, content)


def _tar_members(file: IO[bytes]) -> Iterator[_Member]:
    import gzip
    import tarfile

    with gzip.GzipFile(fileobj=file) as unzipped, tarfile.open(mode="r|", fileobj=_Limited(unzipped)) as archive:
        for info in archive:
            _check_member(info.name, info.isreg() or info.isdir())
            content = archive.extractfile(info) if info.isreg() else None
            if content is not None:
                yield _Member(os.path.basename(info.name), info.mode, content)


def _check_member(name: str, is_plain: bool) -> None:
    if ".." in name or name.startswith("/") or "\\" in name or ":" in name or "\0" in name:
        raise StorageError(f"{name!r} leads out of the archive")
    if not is_plain:
        raise StorageError(f"{name!r} is a link or no regular file")


class _Limited(io.RawIOBase):
    """A stream that ends with an error before its contents can fill a memory."""

    def __init__(self, stream: "gzip.GzipFile") -> None:
        self._stream = stream
        self._left = LARGEST + _HEADERS

    def read(self, size: int = -1, /) -> bytes:
        piece = self._stream.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise StorageError(f"it unpacks to more than {LARGEST >> 20} MiB")
        return piece


def remove(folder: str) -> None:
    """Removes a folder and everything in it, as far as it can be removed."""
    shutil.rmtree(folder, ignore_errors=True)
