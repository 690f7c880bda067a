"""File that replaces another once it is whole, under a name that the next run finds: large files must not pile up."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from notarykit._internal import files, locks
from notarykit.errors import StorageError


@contextlib.contextmanager
def partial_file(path: str) -> Iterator[tuple[BinaryIO, str]]:
    """Yields a file, and its path `PATH.partial`, that replaces the path at the end, unless an exception is raised.

    What a killed run has left of one is written over by the next.

    Raises:
        StorageError: It cannot be written, or another run writes it; the path is untouched.
    """
    partial = f"{path}.partial"
    try:
        handle = _opened(partial)
        with os.fdopen(handle, "r+b") as file:
            try:
                yield file, partial
                file.flush()
                os.fsync(handle)
                if sys.platform == "win32":
                    file.close()
                os.replace(partial, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(partial)
                raise
        files.sync_folder(os.path.dirname(path) or ".")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None


def _opened(partial: str) -> int:
    """Returns the file, locked and empty."""
    while True:
        handle = locks.open_locked(partial, 0o644)
        try:
            if not os.path.lexists(partial) or not os.path.samestat(os.fstat(handle), os.lstat(partial)):
                os.close(handle)  # another run has renamed it meanwhile
                continue
            _check_owner(partial, os.fstat(handle))
            os.ftruncate(handle, 0)
        except BaseException:
            os.close(handle)
            raise
        return handle


def _check_owner(partial: str, status: os.stat_result) -> None:
    """Refuses a file that others have put there: they could write to what becomes the bundle, or lose another file.

    Raises:
        StorageError: It is another user's, or has a second name.
    """
    is_foreign = sys.platform != "win32" and status.st_uid != os.geteuid()
    if is_foreign or status.st_nlink != 1:
        raise StorageError(f"{partial} is there already, and not this user's alone", advice="remove it")
