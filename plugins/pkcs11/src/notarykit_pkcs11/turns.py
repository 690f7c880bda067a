"""Taking turns with other processes of the same user, where a module does not stand them all at once."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from notarykit.errors import ConfigurationError
from notarykit.places import cache_folder
from notarykit.plugin import seconds_left

if TYPE_CHECKING:
    from collections.abc import Iterator

_EACH = 0.02


@contextmanager
def turn(path: str) -> Iterator[None]:
    """Waits until no other process has its turn with a module, as far as the present call has time for it.

    Whoever does not log in to hardware and was not disturbed never asks for a turn; and where there is no place for the
    lock's file, everybody has one.
    """
    lock = _open(path)
    if lock is None:
        yield
        return
    try:
        _wait(lock)
        yield
    finally:
        _release(lock)


def _open(path: str) -> int | None:
    if sys.platform == "win32":
        return None
    name = f"pkcs11-{sha256(os.fsencode(path)).hexdigest()[:16]}.lock"
    try:
        if (folder := cache_folder()) is None:
            return None
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except (OSError, ConfigurationError):
        return None


def _release(lock: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_UN)  # a child that was forked meanwhile holds the file, too
    os.close(lock)


def _wait(lock: int) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not (left := seconds_left()):
                return
            time.sleep(min(_EACH, left))
        except OSError:
            return
        else:
            return
