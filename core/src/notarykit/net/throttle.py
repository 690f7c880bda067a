"""Throttling by servers (RFC 6585, section 4): a host that says when it may be asked again is left alone until then.

The moments are shared by the threads of a process and, with a folder, by the processes of a machine: one file for each
host, whose time of modification is the moment. Clocks may jump: no moment is further ahead than a request may wait.
"""

import contextlib
import hashlib
import math
import os
import stat
import threading
import time
from collections.abc import Callable

from notarykit.errors import NetworkError
from notarykit.net import trace
from notarykit.net.budget import DEFAULT_SECONDS, Budget

_LONGEST = DEFAULT_SECONDS
# Those that wait for one moment return one after the other: the first learns for all if the host still refuses.
_SPACING = 0.05
_PRECISION = 0.01  # of the two clocks against each other
# What other processes noted is looked at as often: a look costs as much as parsing a response.
_LOOK_SECONDS = 0.02


class Throttle:
    """Moments before which hosts are not asked; thread-safe.

    Args:
        folder: Folder that the processes of a machine share, made when it is needed; none if it is empty.
    """

    def __init__(self, folder: str = "") -> None:
        self._folder = folder
        self._moments: dict[str, float] = {}
        self._looks: dict[str, float] = {}
        self._paths: dict[str, str] = {}
        self._waiting: dict[str, int] = {}
        self._lock = threading.Lock()

    def postpone(self, host: str, seconds: float) -> None:
        """Notes that a host asks to be left alone for a number of seconds.

        Where that is longer than a request may wait, the host is asked again after that time, or by the next command.
        """
        self._note(host, time.monotonic() + min(seconds, _LONGEST))
        if self._folder and seconds <= _LONGEST:
            with contextlib.suppress(OSError):  # the other processes are told by the host itself
                self._write(self._path(host), time.time() + seconds)

    def seconds(self, host: str) -> float:
        """Returns the seconds until a host may be asked; 0 or less where it may be asked now."""
        now = time.monotonic()
        if self._folder and now >= self._looks.get(host, now):
            self._looks[host] = now + _LOOK_SECONDS
            with contextlib.suppress(OSError):
                ahead = os.lstat(self._path(host)).st_mtime - time.time()
                if 0 < ahead <= _LONGEST:
                    self._note(host, now + ahead)
        return self._moments[host] - now if host in self._moments else 0.0

    def wait(self, host: str, budget: Budget, pause: Callable[[float], None]) -> None:
        """Waits until a host may be asked.

        Args:
            host: The host, `name[:port]`.
            budget: Limits the wait.
            pause: Waits for a number of seconds.

        Raises:
            NetworkError: The budget does not allow the wait.
        """
        waited = 0.0
        while (seconds := self.seconds(host)) > 0 and time.monotonic() + seconds > waited + _PRECISION:
            check_wait(host, seconds, budget)
            waited = time.monotonic() + seconds
            place = self._enter(host, 1)
            try:
                trace.note(f"pause of {seconds:.2f} seconds, for which {host} asks")
                pause(budget.seconds(seconds + place * _SPACING))
            finally:
                self._enter(host, -1)

    def _note(self, host: str, moment: float) -> None:
        with self._lock:
            self._moments[host] = max(self._moments.get(host, 0.0), moment)

    def _enter(self, host: str, count: int) -> int:
        """Counts those that wait for a host, and returns how many there were before."""
        with self._lock:
            before = self._waiting.get(host, 0)
            self._waiting[host] = before + count
            return before

    def _path(self, host: str) -> str:
        if host not in self._paths:
            self._paths[host] = os.path.join(self._folder, hashlib.sha256(host.encode()).hexdigest()[:32])
        return self._paths[host]

    def _write(self, path: str, moment: float) -> None:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        # Links are not followed, and a pipe, which may have no reader, is not waited for.
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(path, flags, 0o600)
        try:
            status = os.fstat(handle)
            is_later_known = 0 <= status.st_mtime - moment <= _LONGEST  # by another process
            if stat.S_ISREG(status.st_mode) and not is_later_known:
                os.utime(handle if os.utime in os.supports_fd else path, (moment, moment))
        finally:
            os.close(handle)


def check_wait(host: str, seconds: float, budget: Budget) -> None:
    """Refuses a wait that a server asks for and the budget does not allow.

    Raises:
        NetworkError: The wait is longer than what is left.
    """
    if seconds > budget.seconds(seconds):
        raise NetworkError(
            f"{host} asks for a pause (Retry-After: {math.ceil(seconds):g}), and the time limit ends before it",
            advice="try again later, with fewer requests at a time or a longer time limit",
        )
