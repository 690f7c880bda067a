"""The limit that an SDK lacks: its own are for one read each, and a command that logs in has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from notarykit._internal.threads import start
from notarykit.plugin.deadline import seconds_left

Result = TypeVar("Result")


class OutOfTimeError(Exception):
    """The end of the call has come."""


def in_time(work: Callable[[], Result]) -> Result:
    """What the work returns; at the end of the call, work that still goes on is left to itself.

    Raises:
        OutOfTimeError: The end of the call has come.
    """
    done = start(work)
    try:
        return done.result(seconds_left())
    except TimeoutError:
        if done.done():
            raise
    raise OutOfTimeError
