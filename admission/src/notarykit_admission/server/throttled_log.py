"""Lines of the log about what clients do wrong: seldom, so that no client can fill the log."""

import logging
import time
from collections.abc import Callable

SECONDS_BETWEEN = 10.0


class ThrottledLog:
    """Logs a subject once in some seconds, and then how often it was kept silent about.

    Args:
        log: The log.
        clock: Clock that is never set, in seconds.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._silent: dict[str, tuple[float, int]] = {}

    def warn(self, subject: str, text: str) -> None:
        """Logs a line, or counts it.

        Args:
            subject: What the line is about; one of few.
            text: The line's text.
        """
        until, silent = self._silent.get(subject, (0.0, 0))
        now = self._clock()
        if now < until:
            self._silent[subject] = (until, silent + 1)
            return
        self._silent[subject] = (now + SECONDS_BETWEEN, 0)
        more = f" (and {silent} more before)" if silent else ""
        self._log.warning("%s: %s%s", subject, text, more)


class ThrottledFilter(logging.Filter):
    """Lets lines of one kind pass once in some seconds, where a library writes one for each mistake of a client.

    Args:
        clock: Clock that is never set, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._until: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tells whether a line passes; lines are of one kind that are made of one pattern."""
        now, kind = self._clock(), str(record.msg)
        if now < self._until.get(kind, 0.0):
            return False
        self._until[kind] = now + SECONDS_BETWEEN
        return True
