"""Attempts at items, in whichever process; the exception of one becomes its error."""

import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
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


class Attempts(NamedTuple):
    """Attempts at the items of a task.

    Attributes:
        attempts: The attempts, in the order of the items.
        started: Time on the monotonic clock when the first was begun.
        begun: The same when all were.
        ended: The same when all were final.
    """

    attempts: list[Attempt]
    started: float
    begun: float
    ended: float


class Gate:
    """Limit for the number of tasks that begin items at a time.

    Attributes:
        is_closed: True if no further item is to be begun.
    """

    is_closed = False

    def __init__(self, width: int) -> None:
        self._semaphore = threading.BoundedSemaphore(width)

    def __enter__(self) -> None:
        self._semaphore.acquire()

    def __exit__(self, *_: object) -> None:
        self._semaphore.release()


def attempt_all(
    work: AnyWork, items: Sequence[Any], gate: Gate, *, again: bool = False, collects_warnings: bool = False
) -> Attempts:
    """Does the work on items: begins them one after the other, and then waits until they are final.

    Args:
        work: The work.
        items: The items; those that come to a closed gate are `NOT_BEGUN`.
        gate: Passed once for all.
        again: True where an earlier worker died over them.
        collects_warnings: True to capture their warnings.
    """
    attempt = _captured_attempt if collects_warnings else _attempt
    begin = work.begin_again if again else work.begin
    with gate:
        started = time.monotonic()
        attempts = [NOT_BEGUN if gate.is_closed else attempt(begin, item) for item in items]
    begun = time.monotonic()
    if not is_immediate(work):
        attempts = [
            _finished(each, attempt(work.finish, each.result)) if _is_begun(each) else each for each in attempts
        ]
    return Attempts(attempts, started, begun, time.monotonic())


def _attempt(function: Callable[[Any], Any], argument: Any) -> Attempt:
    try:
        return Attempt(function(argument))
    except Exception as error:  # noqa: BLE001 - the error of one item does not end the work on others
        return Attempt(error=_without_locals(own_error(error)))


def _without_locals(error: NotarykitError) -> NotarykitError:
    """Clears the local variables of an error's frames, which hold what was worked on as long as the error waits.

    Its traceback stays, for people.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        traceback = link.__traceback__
        while traceback is not None:
            with suppress(RuntimeError):  # the frame is still running
                traceback.tb_frame.clear()
            traceback = traceback.tb_next
        link = link.__cause__ or link.__context__
    return error


def _captured_attempt(function: Callable[[Any], Any], argument: Any) -> Attempt:
    with captured_warnings() as messages:
        done = _attempt(function, argument)
    return done._replace(warnings=tuple(messages)) if messages else done


def _is_begun(begun: Attempt) -> bool:
    return begun is not NOT_BEGUN and begun.error is None


def _finished(begun: Attempt, done: Attempt) -> Attempt:
    return done._replace(warnings=begun.warnings + done.warnings) if begun.warnings else done


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
