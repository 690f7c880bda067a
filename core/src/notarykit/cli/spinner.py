"""A sign of life on work that takes longer than a second: on a terminal only, and gone when the work is done."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from notarykit.cli.output import WIDTH, printable

_FIRST = 1.0
_EVERY = 0.5
_CLEAR = "\r\x1b[K"


@contextlib.contextmanager
def progress(text: str, *, quiet: bool = False) -> Iterator[None]:
    """Shows a text and the seconds on standard error while the work inside goes on.

    Args:
        text: What is being done.
        quiet: Shows nothing: somebody else, such as a plugin that asks for a PIN, may be talking on the terminal.
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
            sys.stderr.write(f"{_CLEAR}{printable(text)} … {int(seconds)} s")
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
    """Something to say what is being done with, on a terminal's standard error, in one line that is gone at the end.

    Nothing is written while a step goes on: a plugin may be asking for a PIN there.
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
    """Which of how many, where there are several."""
    return f" ({number} of {total})" if total > 1 else ""
