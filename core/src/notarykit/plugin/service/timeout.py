"""Time limit for an SDK as a whole: its own limits are for one read each, and logging in may have none."""

from __future__ import annotations

from notarykit._internal.threads import start
from notarykit.plugin.time_limit import seconds_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Result = TypeVar("Result")


class CallTimeoutError(Exception):
    """The call has come to its end."""


def call_with_timeout(work: Callable[[], Result], *, on_timeout: Callable[[], Exception] = CallTimeoutError) -> Result:
    """Returns the work's result, or gives it up at the end of the call (`seconds_left`).

    The work runs in a thread of its own, in the caller's context; given up, it is left to end by itself.

    Args:
        work: The work.
        on_timeout: Makes the exception for work that has not ended.

    Raises:
        CallTimeoutError: The work has not ended; or the exception of `on_timeout`.
        Exception: The work's own, a TimeoutError included.
    """
    done = start(work)
    try:
        return done.result(seconds_left())
    except TimeoutError:
        if done.done():
            raise
    raise on_timeout()
