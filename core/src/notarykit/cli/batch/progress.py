"""Progress line: on a terminal it is kept below the output, elsewhere it is printed now and then."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

_FIRST, _EVERY = 1.0, 0.5
_PLAIN_EVERY = 30.0
_CLEAR = "\r\x1b[K"


class Progress:
    """Progress line; a context manager.

    Args:
        text: Returns the line.
        plain: True for plain lines on a terminal too, because a plugin may prompt there.
    """

    def __init__(self, text: Callable[[], str], *, plain: bool = False) -> None:
        self._text = text
        self._is_shown = False
        self._shown_at = time.monotonic()
        self._is_line = sys.stderr.isatty() and not plain
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="notarykit-progress", daemon=True)

    def __enter__(self) -> Self:
        if self._is_line:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._is_line:
            self._thread.join()
            self._write(_CLEAR)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Takes the line away while the context is active, in which output is written."""
        if not self._is_line:
            yield
            now = time.monotonic()
            if now - self._shown_at >= _PLAIN_EVERY:
                self._shown_at = now
                self._write(f"{self._text()}\n")
            return
        with self._lock:
            if self._is_shown:
                self._write(_CLEAR)
            yield
            if self._is_shown:
                self._write(self._text())

    def _tick(self) -> None:
        pause = _FIRST
        while not self._ended.wait(pause):
            pause = _EVERY
            with self._lock:
                self._write(f"{_CLEAR}{self._text()}")
                self._is_shown = True

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
