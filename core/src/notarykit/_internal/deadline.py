"""One end for a whole call: everything in it that waits, for a network or a plugin, waits no longer than that."""

from __future__ import annotations

import time
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class _Limit:
    """When a call ends, and the limit of the call around it."""

    def __init__(self, end: float, outer: _Limit | None) -> None:
        self.end: float = end if outer is None else min(end, outer.end)
        self.outer = outer


_limit: ContextVar[_Limit | None] = ContextVar("limit", default=None)


def seconds_left(otherwise: float = float("inf")) -> float:
    """How many seconds are left of the present call, at least 0; `otherwise` outside any call."""
    limit = _limit.get()
    return otherwise if limit is None else max(0.0, limit.end - time.monotonic())


def extend(seconds: float) -> float:
    """Moves the end of the present call, as far as the calls around it let it; returns by how many seconds."""
    limit = _limit.get()
    if limit is None:
        return seconds
    moved = seconds if limit.outer is None else min(seconds, limit.outer.end - limit.end)
    limit.end += moved
    return moved


class deadline:  # noqa: N801 - used like a function
    """Limits what is done inside to a number of seconds; a limit inside another never makes it longer.

    Threads that are started inside are under it where they are given the context (`notarykit._internal.threads`).
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _limit.set(_Limit(time.monotonic() + self._seconds, _limit.get()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _limit.reset(self._token)
