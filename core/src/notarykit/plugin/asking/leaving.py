"""The limit that an SDK lacks: its own are for one read each, and a command that logs in has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from notarykit.plugin.asking.deadline import seconds_left

Result = TypeVar("Result")


class OutOfTimeError(Exception):
    """The end of the call has come."""


def in_time(work: Callable[[], Result]) -> Result:
    """What the work returns; at the end of the call, work that still goes on is left to itself.

    Raises:
        OutOfTimeError: The end of the call has come.
    """
    import threading
    from concurrent.futures import Future
    from contextvars import copy_context

    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            done.set_exception(error)

    # A daemon: what hangs, such as a command that logs in, does not keep the process from ending.
    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    try:
        return done.result(seconds_left())
    except TimeoutError:
        if done.done():
            raise
    raise OutOfTimeError
