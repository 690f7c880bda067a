"""Clock that moves when the code under test sleeps."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Clock:
    """Stand-in for the module `time`.

    Attributes:
        now: The present moment.
        pauses: The durations of all sleeps.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        """Returns the present moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Moves the clock."""
        self.pauses.append(seconds)
        self.now += seconds


@contextmanager
def a_clock() -> Iterator[Clock]:
    """Replaces the clock of hosts and deadlines."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("plugin.host.retry", "_internal.deadline"):
            patch.setattr(f"notarykit.{module}.time", clock)
        yield clock
