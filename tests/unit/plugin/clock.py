"""A clock that moves when somebody waits, in the place of the real one."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Clock:
    """Stands for the module `time`.

    Attributes:
        now: The present moment.
        pauses: For how long somebody slept.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        """The present moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets time pass at once."""
        self.pauses.append(seconds)
        self.now += seconds


@contextmanager
def a_clock() -> Iterator[Clock]:
    """The clock of everything that asks plugins."""
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        for module in ("plugin.host.retry", "_internal.deadline"):
            patch.setattr(f"notarykit.{module}.time", clock)
        yield clock
