"""Deadline of the current call, observed by everything in it that waits for a network or a plugin."""

from __future__ import annotations

import time
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class _Limit:
    """End of a call on the monotonic clock, and the limit of the enclosing call."""

    def __init__(self, end: float, outer: _Limit | None) -> None:
        self.end: float = end if outer is None else min(end, outer.end)
        self.outer = outer


_limit: ContextVar[_Limit | None] = ContextVar("limit", default=None)


def seconds_left(otherwise: float = float("inf")) -> float:
    """Returns the seconds left until the deadline, at least 0; `otherwise` where no deadline is set."""
    limit = _limit.get()
    return otherwise if limit is None else max(0.0, limit.end - time.monotonic())


def extend(seconds: float) -> float:
    """Postpones the deadline, as far as enclosing deadlines allow, and returns by how many seconds."""
    limit = _limit.get()
    if limit is None:
        return seconds
    moved = seconds if limit.outer is None else min(seconds, limit.outer.end - limit.end)
    limit.end += moved
    return moved


class deadline:  # noqa: N801 - used like a function
    """Sets a deadline for all calls of this thread while the context is active; a nested one never extends it.

    Whatever waits for a network or a plugin ends with an error then, and a signature that was under way is not stored.
    What cannot be interrupted, such as the resolution of a name, may outlast it. A `timeout` of `sign` or `verify` does
    not wait for that either, and costs a thread.

    Args:
        seconds: Seconds until the deadline.
    """

    # Threads inherit it if they are started with the caller's context (`notarykit._internal.threads`).

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _limit.set(_Limit(time.monotonic() + self._seconds, _limit.get()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _limit.reset(self._token)
