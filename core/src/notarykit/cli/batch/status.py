"""Status of a run, for its progress line."""

import time
from collections.abc import Callable
from functools import cached_property

from notarykit.cli.batch.tally import Tally


class Status:
    """Status of a run: count, total if it is known, failures, rate and time left.

    Args:
        activity: Verb, such as `Verifying`.
        tally: Outcomes so far.
        count: Returns the total, or None if it is unknown; called when it is needed.
    """

    def __init__(self, activity: str, tally: Tally, count: Callable[[], int | None]) -> None:
        self._activity = activity
        self._tally = tally
        self._count = count
        self._start = time.monotonic()

    def line(self) -> str:
        """Returns the line."""
        tally, seconds = self._tally, time.monotonic() - self._start
        total = None if self._first_total is None else max(self._first_total, tally.count)
        parts = [f"{self._activity} {tally.count}" + (f" of {total}" if total is not None else "")]
        if tally.failed:
            parts.append(f"{tally.failed} failed")
        fresh = tally.count - tally.recorded
        if fresh and seconds > 0:
            parts.append(f"{fresh / seconds:.{0 if fresh > 10 * seconds else 1}f}/s")
            if total is not None:
                parts.append(f"{duration(max(0, total - tally.count) * seconds / fresh)} left")
        return ", ".join(parts)

    @cached_property
    def _first_total(self) -> int | None:
        return self._count()


def duration(seconds: float) -> str:
    """Returns a duration in its two largest units, such as `2 min 5 s`."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
