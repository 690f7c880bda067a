"""Lock on a PKCS#11 module among the processes of one user, for modules that fail when used concurrently."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from notarykit.errors import ConfigurationError
from notarykit.plugin import SIGNING_SECONDS, cache_folder, queued, seconds_left

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_POLL_SECONDS = 0.02
_OWNER_SIZE = 48


class ProcessLock:
    """Context manager that holds a module exclusively among the processes of one user.

    Queueing extends the call's deadline as long as each owner keeps the lock for no longer than a call may take. From
    then on the wait counts, and the block is entered at the deadline without the lock. Without a place for the lock
    file, it is entered at once.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> None:
        self._file = _open(self._path)
        if self._file is not None:
            try:
                _acquire(self._file)
            except BaseException:
                self._release()
                raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Releases the lock while the context is active, and acquires it again."""
        self._release()
        try:
            yield
        finally:
            self.__enter__()

    def _release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            _unlock(file)


class _QueueTime:
    """Time spent in the queue, of which the deadline is extended."""

    def __init__(self) -> None:
        self._owner = b""
        self._owner_since = self._reported = time.monotonic()

    def update(self, owner: bytes) -> None:
        """Reports the whole seconds since the last report as queued, unless the owner exceeds a call's time."""
        now = time.monotonic()
        if owner != self._owner:
            self._owner, self._owner_since = owner, now
        if seconds := int(now - self._reported):
            self._reported += seconds
            if now - self._owner_since <= SIGNING_SECONDS:
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


def _unlock(file: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough: a child forked meanwhile holds the file, too
    os.close(file)


def _acquire(file: int) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    queue_time = _QueueTime()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            queue_time.update(os.pread(file, _OWNER_SIZE, 0))
            if not (left := seconds_left()):
                return
            time.sleep(min(_POLL_SECONDS, left))
        except OSError:
            return
        else:
            with suppress(OSError):  # the disk may be full
                os.pwrite(file, f"{os.getpid()} {time.time_ns()}".ljust(_OWNER_SIZE).encode(), 0)
            return
