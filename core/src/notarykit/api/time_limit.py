"""Time limit of a call."""

from collections.abc import Callable
from typing import TypeVar

from notarykit._internal.deadline import deadline
from notarykit._internal.threads import start
from notarykit.errors import NetworkError, UsageError

_Result = TypeVar("_Result")
# What does not let itself be interrupted, such as the resolution of a name, is left behind this long after the end.
_GRACE_SECONDS = 1.0
_LONGEST_SECONDS = 1e9  # beyond it are clocks that the system has not


def within(timeout: float | None, work: Callable[[], _Result]) -> _Result:
    """Runs the work, and ends it when its time is over.

    Raises:
        UsageError: The time is no number of seconds above 0.
        NetworkError: The work did not come to its end.
    """
    if timeout is None or timeout == float("inf"):
        return work()
    if not 0 < timeout <= _LONGEST_SECONDS:
        raise UsageError(
            f"timeout {timeout!r} is not a number of seconds above 0", advice="leave it out for the usual limits"
        )
    with deadline(timeout):
        done = start(work)
        try:
            return done.result(timeout + _GRACE_SECONDS)
        except TimeoutError:
            if done.done():  # it came to its end at the last moment, or the error is the work's own
                return done.result()
    raise NetworkError(f"no end within {timeout:g} seconds", advice="try again, or allow more time")
