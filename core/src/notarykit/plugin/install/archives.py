"""Formats of published plugins: a zip, a tar.gz, or the executable itself.

Plugin specification, "Package and release a plugin". As in notation, a zip counts with the files at its root, a tar.gz
with all of its files, whatever folder they are in; nothing but regular files is taken out of either.
"""

import os
import shutil
import stat
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from notarykit.errors import StorageError
from notarykit.plugin.install import tarballs, zips
from notarykit.plugin.install.member import Member
from notarykit.plugin.install.source import LARGEST, PluginSource, check_size

_MOST_FILES = 10_000
_MODES = 0o755
_PIECE = 1 << 20
# How many times as large as their archive files may be, beyond the first bytes: programs shrink to a third, texts to a
# tenth, and what shrinks to a hundredth is there to fill a disk.
_RATIO, _ALWAYS_ALLOWED = 100, 1 << 20


class _Budget(NamedTuple):
    """Limit in bytes of an archive's files together, and the text of the error beyond it."""

    bytes: int
    reason: str


def unpack(source: PluginSource, folder: str) -> None:
    """Unpacks a published plugin into a folder.

    Args:
        source: The zip, tar.gz or executable.
        folder: Where its files go; it exists and is empty.

    Raises:
        StorageError: It is malformed, too large, or has a member that leads elsewhere.
    """
    try:
        _unpack(source, folder)
    except OSError as error:
        raise StorageError(f"{source.name} cannot be unpacked: {error.strerror or error}") from None
    except StorageError as error:
        if source.name in error.message:
            raise
        raise error.within(source.name) from error


def _unpack(source: PluginSource, folder: str) -> None:
    file, size = source.file, source.size
    check_size(source.name, size)
    file.seek(0)
    first = file.read(4)
    file.seek(0)
    if first.startswith(zips.SIGNATURES):
        members = zips.members(file, _MOST_FILES)
    elif first.startswith(tarballs.SIGNATURE):
        members = tarballs.members(file, LARGEST, _MOST_FILES)
    else:
        members = iter([Member(source.file_name, source.file_name, size, source.mode, file)])
    _write_checked(source.name, members, folder, _budget(source.name, size))


def _budget(path: str, size: int) -> _Budget:
    shrunk = _ALWAYS_ALLOWED + _RATIO * size
    if shrunk < LARGEST:
        return _Budget(shrunk, f"the files in {path} are more than {_RATIO} times as large as it is")
    return _Budget(LARGEST - 1, f"the files in {path} reach the limit of {LARGEST >> 20} MiB")


def _write_checked(path: str, members: Iterator[Member], folder: str, budget: _Budget) -> None:
    """Writes the members; a library's errors about the archive become StorageError."""
    import zipfile
    import zlib

    broken = (EOFError, IndexError, NotImplementedError, RuntimeError, ValueError, zlib.error, zipfile.BadZipFile)
    try:
        _write(path, members, folder, budget)
    except broken as error:
        raise StorageError(f"{path} is malformed: {error or type(error).__name__}") from None


def _write(path: str, members: Iterator[Member], folder: str, budget: _Budget) -> None:
    left, names = budget.bytes, set[str]()
    for count, member in enumerate(members, 1):
        _check_name(member.name)
        if count > _MOST_FILES:
            raise StorageError(f"{path} has more than {_MOST_FILES} files")
        if member.content is None:
            continue
        # Systems that do not tell cases apart, or forms of Unicode, would put one file into the place of the other.
        key = unicodedata.normalize("NFC", member.base).casefold()
        if key in names:
            raise StorageError(f"{path} has two files that are called {member.base!r}")
        names.add(key)
        if member.size > left:  # nothing of a file is written that says that it does not fit
            raise StorageError(budget.reason)
        left = _write_file(os.path.join(folder, member.base), member, left, budget)


def _write_file(target: str, member: Member, left: int, budget: _Budget) -> int:
    """Writes one file and returns the bytes that are left for the others."""
    assert member.content is not None
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        while piece := member.content.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise StorageError(budget.reason)
            file.write(piece)
    os.chmod(target, (member.mode & _MODES) | stat.S_IRUSR | stat.S_IWUSR)
    return left


def _check_name(name: str) -> None:
    """Refuses a name that leads out of the folder on any system, that cannot be printed, or that looks like a flag."""
    if ".." in name or name.startswith("/") or "\\" in name or ":" in name or "\0" in name:
        raise StorageError(f"{name!r} leads out of the archive")
    if not name.isprintable():
        raise StorageError(f"{name!r} holds what cannot be printed")
    if any(part.startswith("-") for part in name.split("/")):
        raise StorageError(f"{name!r} begins like a flag")


def remove(folder: str) -> None:
    """Removes a folder with its content, as far as possible."""
    shutil.rmtree(folder, ignore_errors=True)
