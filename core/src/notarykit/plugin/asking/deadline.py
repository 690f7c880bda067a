"""How long an answer may take in all: one limit for a call, whatever in it is tried again, here and in an SDK."""

from __future__ import annotations

import time
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

SIGNING_SECONDS = 300.0
"""What signing may take where nobody says otherwise: somebody may have to look for a token and a PIN."""

SECONDS_VARIABLE = "NOTARYKIT_PLUGIN_SECONDS"
"""Tells an executable how long its answer may take, in whole seconds."""

_end: ContextVar[float | None] = ContextVar("end", default=None)


def seconds_left() -> float:
    """How many seconds are left of the present call, at least 0; five minutes outside any call.

    A plugin gives its SDK this as the limit of everything that the SDK tries.
    """
    end = _end.get()
    return SIGNING_SECONDS if end is None else max(0.0, end - time.monotonic())


class deadline:  # noqa: N801 - used like a function
    """Limits what is done inside to a number of seconds; a limit inside another never makes it longer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        mine, outer = time.monotonic() + self._seconds, _end.get()
        self._token = _end.set(mine if outer is None else min(mine, outer))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end.reset(self._token)
