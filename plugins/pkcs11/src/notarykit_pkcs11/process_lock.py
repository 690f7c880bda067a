"""Taking turns with other processes of the same user, where a module does not stand them all at once."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from notarykit._internal.paths import cache_folder
from notarykit.errors import ConfigurationError
from notarykit.plugin import queued, seconds_left
from notarykit.plugin.deadline import SIGNING_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_EACH = 0.02
_SIZE = 48


class Turn:
    """A process's turn with a module, which no other process of the same user has at the same time.

    Waiting for it is no part of the present call, as long as others end theirs in the time that a call may take. After
    that the waiting is the call's own, and ends with it, with a turn or without. Where there is no place for the lock's
    file, everybody has one.
    """

    def __init__(self, path: str) -> None:
        """Names the module."""
        self._path = path
        self._lock: int | None = None

    def __enter__(self) -> None:
        self._lock = _open(self._path)
        if self._lock is not None:
            try:
                _wait(self._lock)
            except BaseException:
                self._leave()
                raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Lets others have theirs meanwhile."""
        self._leave()
        try:
            yield
        finally:
            self.__enter__()

    def _leave(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            _release(lock)


class _Patience:
    """The seconds of waiting that do not count."""

    def __init__(self) -> None:
        self._holder = b""
        self._since = self._told = time.monotonic()

    def look(self, holder: bytes) -> None:
        """Gives back the time since the last look, if the holder has its turn for no longer than a call may take."""
        now = time.monotonic()
        if holder != self._holder:
            self._holder, self._since = holder, now
        if seconds := int(now - self._told):
            self._told += seconds
            if now - self._since <= SIGNING_SECONDS:
                queued(seconds)


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

    patience = _Patience()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            patience.look(os.pread(lock, _SIZE, 0))
            if not (left := seconds_left()):
                return
            time.sleep(min(_EACH, left))
        except OSError:
            return
        else:
            with suppress(OSError):  # a disk may be full
                os.pwrite(lock, f"{os.getpid()} {time.time_ns()}".ljust(_SIZE).encode(), 0)
            return
