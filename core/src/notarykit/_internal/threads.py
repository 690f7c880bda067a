"""Daemon threads with futures: work that hangs does not keep the process from exiting."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import TypeVar

    Result = TypeVar("Result")


def start(work: Callable[[], Result]) -> Future[Result]:
    """Starts work in a daemon thread with a copy of the caller's context, and returns its future."""
    import threading
    from concurrent.futures import Future
    from contextvars import copy_context

    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by the future's result()
            done.set_exception(error)

    threading.Thread(target=copy_context().run, args=(run,), name="notarykit", daemon=True).start()
    return done
