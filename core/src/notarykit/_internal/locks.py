"""Locks on files and folders, against other processes and threads, which end with the process that holds them."""

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterator

from notarykit._internal.deadline import seconds_left
from notarykit._internal.files import TEMPORARY, make_folders
from notarykit.errors import StorageError

# A lock held for longer means a program that hangs or waits for a person; long work never holds one.
SECONDS_FOR_A_LOCK = 60.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1


def open_locked(path: str, mode: int, name: str = "") -> int:
    """Opens a regular file for reading and writing, created if missing, and locks it until it is closed.

    Links are not followed: they could lead to any file of the user's.

    Args:
        path: The file.
        mode: Mode with which it is created.
        name: Name of the file in messages; the path by default.

    Returns:
        The file descriptor.

    Raises:
        OSError: The file cannot be opened.
        StorageError: It is not a regular file, or another program has locked it.
    """
    flags = os.O_RDWR | os.O_CREAT
    for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # as in `files.open_regular`
        flags |= getattr(os, flag, 0)
    handle = os.open(path, flags, mode)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise StorageError(f"{name or path} is not a regular file")
        if not try_lock(handle, path):
            raise StorageError(f"{name or path} is in use by another command", advice="wait for its end")
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextlib.contextmanager
def locked(folder: str, seconds: float | None = None) -> Iterator[None]:
    """Holds an exclusive lock on a folder while the context is active, against other processes and threads.

    The lock is on the folder itself, so that no lock file stays behind. Temporary files of killed writers are removed.

    Args:
        folder: Created if missing.
        seconds: Longest wait for the lock; a minute by default, and never beyond the deadline of the call.

    Raises:
        StorageError: The folder cannot be created or opened, or its lock was not released in time.
    """
    try:
        make_folders(folder)
    except OSError as error:
        raise StorageError(f"folder {folder} cannot be created: {error.strerror}") from None
    try:
        path = _lock_path(folder)
        handle = os.open(path, _LOCK_MODE, 0o600)
    except OSError as error:
        raise StorageError(f"{folder} cannot be locked: {error.strerror}") from None
    try:
        _wait_for_lock(handle, path, min(SECONDS_FOR_A_LOCK if seconds is None else seconds, seconds_left()))
        _remove_remains(folder)
        yield
    finally:
        os.close(handle)


def _wait_for_lock(handle: int, path: str, seconds: float) -> None:
    end, pause = time.monotonic() + seconds, _SHORTEST_PAUSE
    while not try_lock(handle, path):
        if time.monotonic() >= end:
            raise StorageError(
                f"{path} is locked: another program has held it for more than {seconds:g} seconds",
                advice=f"wait until that program has ended, or find and end it: {_WHO_HOLDS_IT.format(path)}",
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


if sys.platform == "win32":
    import hashlib
    import msvcrt
    import tempfile

    _LOCK_MODE = os.O_RDWR | os.O_CREAT
    _WHO_HOLDS_IT = "search for {!r} in the Resource Monitor"

    def _lock_path(folder: str) -> str:
        # A folder cannot be locked there, and a lock file in it would keep it from being removed.
        name = hashlib.sha256(os.path.abspath(folder).lower().encode()).hexdigest()[:32]
        return os.path.join(tempfile.gettempdir(), f"notarykit-{name}.lock")

    def try_lock(handle: int, path: str) -> bool:  # noqa: ARG001
        """Locks an open file, until it is closed; returns False if it is locked already."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    _LOCK_MODE = os.O_RDONLY
    _WHO_HOLDS_IT = "fuser -v {!r}"

    def _lock_path(folder: str) -> str:
        return folder

    def try_lock(handle: int, path: str) -> bool:
        """Locks an open file or folder, until it is closed; returns False if it is locked already."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:  # a file system without locks
            raise StorageError(f"{path} cannot be locked: {error.strerror}") from None
        return True


def _remove_remains(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
