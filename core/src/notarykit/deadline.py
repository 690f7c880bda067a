"""One end for a whole call: everything in it that waits, for a network or a plugin, waits no longer than that."""

from __future__ import annotations

import time
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_end: ContextVar[float | None] = ContextVar("end", default=None)


def seconds_left(otherwise: float = float("inf")) -> float:
    """How many seconds are left of the present call, at least 0; `otherwise` outside any call."""
    end = _end.get()
    return otherwise if end is None else max(0.0, end - time.monotonic())


class deadline:  # noqa: N801 - used like a function
    """Limits what is done inside to a number of seconds; a limit inside another never makes it longer.

    Threads that are started inside are under it where they are given the context (`notarykit.background`).
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        mine, outer = time.monotonic() + self._seconds, _end.get()
        self._token = _end.set(mine if outer is None else min(mine, outer))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end.reset(self._token)
