"""Progress of a run: one line on a terminal, which is kept below the output, or a plain line now and then."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from notarykit.cli.batch.tally import Tally

_FIRST, _EVERY = 1.0, 0.5
_PLAIN_EVERY = 30.0
_CLEAR = "\r\x1b[K"


class Progress:
    """Progress line with count, total if it is known, rate and time left; a context manager.

    Args:
        activity: Verb, such as `Verifying`.
        tally: Outcomes so far.
        count: Returns the total, or None if it is unknown; called when it is needed.
        plain: True for plain lines on a terminal too, because a plugin may prompt there.
    """

    def __init__(self, activity: str, tally: Tally, count: Callable[[], int | None], *, plain: bool = False) -> None:
        self._activity = activity
        self._tally = tally
        self._count = count
        self._total: int | None = None
        self._is_counted = False
        self._start = self._shown_at = time.monotonic()
        self._is_line = sys.stderr.isatty() and not plain
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="notarykit-progress", daemon=True)

    def __enter__(self) -> Self:
        if self._is_line:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._is_line:
            self._thread.join()
            self._write(_CLEAR)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Takes the line away while the context is active, in which output is written."""
        if not self._is_line:
            yield
            now = time.monotonic()
            if now - self._shown_at >= _PLAIN_EVERY:
                self._shown_at = now
                self._write(f"{self.text()}\n")
            return
        with self._lock:
            is_shown = self._is_counted
            if is_shown:
                self._write(_CLEAR)
            yield
            if is_shown:
                self._write(self.text())

    def text(self) -> str:
        """Returns the line."""
        tally, seconds = self._tally, time.monotonic() - self._start
        total = self._known_total()
        parts = [f"{self._activity} {tally.count}" + (f" of {total}" if total is not None else "")]
        if tally.failed:
            parts.append(f"{tally.failed} failed")
        fresh = tally.count - tally.recorded
        if fresh and seconds > 0:
            parts.append(f"{fresh / seconds:.{0 if fresh > 10 * seconds else 1}f}/s")
            if total is not None:
                parts.append(f"{duration(max(0, total - tally.count) * seconds / fresh)} left")
        return ", ".join(parts)

    def _known_total(self) -> int | None:
        if not self._is_counted:
            self._is_counted, self._total = True, self._count()
        return None if self._total is None else max(self._total, self._tally.count)

    def _tick(self) -> None:
        pause = _FIRST
        while not self._ended.wait(pause):
            pause = _EVERY
            with self._lock:
                self._write(f"{_CLEAR}{self.text()}")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def duration(seconds: float) -> str:
    """Returns a duration in its two largest units, such as `2 min 5 s`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
