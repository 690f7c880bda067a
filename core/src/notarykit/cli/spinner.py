"""Spinner with elapsed seconds, shown on a terminal after one second and erased at the end."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from notarykit._internal.printable import printable
from notarykit.cli.output import WIDTH

_FIRST = 1.0
_EVERY = 0.5
_CLEAR = "\r\x1b[K"


@contextlib.contextmanager
def progress(text: str | Callable[[], str], *, quiet: bool = False) -> Iterator[None]:
    """Shows a text and the elapsed seconds on standard error while the context is active.

    Args:
        text: Description of the work, or a function that returns how far it is.
        quiet: Shows nothing, because a plugin may prompt for a PIN on the terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield
        return
    import threading

    done = threading.Event()

    def show() -> None:
        seconds, pause = 0.0, _FIRST
        while not done.wait(pause):
            seconds, pause = seconds + pause, _EVERY
            line = text if isinstance(text, str) else text()
            sys.stderr.write(f"{_CLEAR}{printable(line)} … {int(seconds)} s")
            sys.stderr.flush()
        if seconds:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Yields a function that shows the current step in one line on standard error, if that is a terminal.

    Nothing is written during a step, since a plugin may prompt for a PIN; the line is erased at the end.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return

    def say(text: str) -> None:
        sys.stderr.write(_CLEAR + (f"{printable(text)} "[:WIDTH] if text else ""))
        sys.stderr.flush()

    try:
        yield say
    finally:
        say("")


def position(number: int, total: int) -> str:
    """Returns the position among several, such as ` (2 of 3)`, or an empty string."""
    return f" ({number} of {total})" if total > 1 else ""
