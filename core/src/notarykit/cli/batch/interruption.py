"""Interruption of a run by Ctrl-C or SIGTERM: what was begun ends, and a second one ends at once."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

_TERMINATED = 128 + signal.SIGTERM


class Interrupted(KeyboardInterrupt):
    """Interruption of a run; its text says how far the run came.

    Attributes:
        exit_code: Exit code of the command.
    """

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Interruption:
    """Handlers of SIGINT and SIGTERM while the context is active: the first signal asks to stop, the second interrupts.

    Args:
        stop: Called once, in a signal handler, at the first signal.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def is_requested(self) -> bool:
        """True after the first signal."""
        return self._signal != 0

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._signal:
            raise KeyboardInterrupt
        self._signal = number
        self._stop()
        with contextlib.suppress(OSError, ValueError):  # not by print, which may have been interrupted
            os.write(sys.stderr.fileno(), b"\nStopping: what was begun ends first; Ctrl-C again ends at once\n")

    def error(self, text: str) -> Interrupted:
        """Returns the error that ends the command."""
        return Interrupted(text, _TERMINATED if self._signal == signal.SIGTERM else 128 + signal.SIGINT)
