"""Attempt at one item, in whichever process; its exception becomes its error."""

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from notarykit.batch.work import AnyWork, Work
from notarykit.errors import NotarykitError, NotarykitWarning, own_error

# Threads for each item that may be begun at a time, where others wait to be final.
WAITING = 8

_captured: ContextVar[list[Warning] | None] = ContextVar("captured", default=None)
_capture_lock = threading.Lock()


class Attempt(NamedTuple):
    """Result or error of an item, with the warnings that were captured."""

    result: Any = None
    error: NotarykitError | None = None
    warnings: tuple[Warning, ...] = ()


NOT_BEGUN = Attempt()


class Gate:
    """Limit for the number of items that are begun at a time.

    Attributes:
        is_closed: True if no further item is to be begun.
        last_left: Time on the monotonic clock when the last of them was begun.
    """

    is_closed = False

    def __init__(self, width: int) -> None:
        self._semaphore = threading.BoundedSemaphore(width)
        self.last_left = 0.0

    def __enter__(self) -> None:
        self._semaphore.acquire()

    def __exit__(self, *_: object) -> None:
        self._semaphore.release()
        self.last_left = time.monotonic()


def attempt(work: AnyWork, item: Any, gate: Gate, *, again: bool = False) -> Attempt:
    """Does the work on an item; `again` where an earlier worker died over it. Returns `NOT_BEGUN` at a closed gate."""
    try:
        with gate:
            if gate.is_closed:
                return NOT_BEGUN
            begun = work.begin_again(item) if again else work.begin(item)
        return Attempt(work.finish(begun))
    except Exception as error:  # noqa: BLE001 - the error of one item does not end the work on others
        return Attempt(error=own_error(error))


def captured_attempt(work: AnyWork, item: Any, gate: Gate, *, again: bool = False) -> Attempt:
    """Does the work on an item like `attempt`, and captures its warnings."""
    with captured_warnings() as messages:
        done = attempt(work, item, gate, again=again)
    return done._replace(warnings=tuple(messages)) if messages else done


def is_immediate(work: AnyWork) -> bool:
    """Returns True for work that is final once it is begun, so that nothing is gained by beginning others meanwhile."""
    return type(work).finish is Work.finish


@contextmanager
def captured_warnings() -> Iterator[list[Warning]]:
    """Captures the warnings of notarykit's classes that the current context issues, whatever the filters say."""
    _install_capture()
    messages: list[Warning] = []
    token = _captured.set(messages)
    try:
        yield messages
    finally:
        _captured.reset(token)


def _install_capture() -> None:
    """Puts a function before `warnings.showwarning` that sees the context; the module's own capture is no thread's."""
    with _capture_lock:
        show: Any = warnings.showwarning
        if getattr(show, "is_capture", False):
            return

        def capture(message: Warning | str, *details: Any, **options: Any) -> None:
            messages = _captured.get()
            if messages is not None and isinstance(message, NotarykitWarning):
                messages.append(message)
            else:
                show(message, *details, **options)

        capture.is_capture = True  # type: ignore[attr-defined]
        warnings.showwarning = capture
        warnings.simplefilter("always", NotarykitWarning)
