"""Source of an installation: the bytes of a published plugin, wherever they were read from."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO, NamedTuple

from notarykit._internal import files
from notarykit.errors import StorageError

LARGEST = 256 * 1024 * 1024
"""Limit in bytes, exclusive, of an archive and of its files together."""

_MODE = 0o700  # of an executable that comes without permissions


class PluginSource(NamedTuple):
    """Published plugin: a zip, a tar.gz or an executable.

    Attributes:
        name: Name for messages: a path, a URL or a reference.
        file_name: Name of an executable; that of an archive does not count.
        file: The bytes, from the beginning.
        size: Number of bytes.
        mode: Permissions of an executable.
    """

    name: str
    file_name: str
    file: BinaryIO
    size: int
    mode: int = _MODE

    @classmethod
    def held(cls, content: bytes, name: str, file_name: str, mode: int = _MODE) -> "PluginSource":
        """Returns a source whose bytes are in memory, so that what was verified of them is what is installed."""
        return cls(name, file_name, BytesIO(content), len(content), mode)

    def digest(self, algorithm: str) -> str:
        """Returns the digest of the bytes in hexadecimal; the next reader begins at the beginning again."""
        self.file.seek(0)
        digest = hashlib.new(algorithm, self.file.read()).hexdigest()
        self.file.seek(0)
        return digest


@contextmanager
def open_source(path: str) -> Iterator[PluginSource]:
    """Yields a file as a source, which is read while it is unpacked.

    Raises:
        StorageError: It does not exist, is no regular file, or cannot be read.
    """
    try:
        file = files.open_regular(path)
    except FileNotFoundError as error:
        raise StorageError(f"{path} cannot be unpacked: {error.strerror}") from None
    with file:
        status = os.fstat(file.fileno())
        yield PluginSource(path, os.path.basename(path), file, status.st_size, status.st_mode)


def read_source(path: str) -> PluginSource:
    """Reads a file, once: who changes it afterwards changes nothing of the source.

    Raises:
        StorageError: It does not exist, is no regular file, is too large, or cannot be read.
    """
    try:
        with files.open_regular(path) as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(LARGEST)
    except FileNotFoundError:
        raise StorageError(f"{path} does not exist", advice="check the path") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from None
    check_size(path, len(content))
    return PluginSource.held(content, path, os.path.basename(path), mode)


def check_size(name: str, size: int) -> None:
    """Refuses what is too large for a plugin.

    Raises:
        StorageError: It is.
    """
    if size >= LARGEST:
        raise StorageError(f"{name} reaches the limit of {LARGEST >> 20} MiB")
