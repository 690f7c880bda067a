"""Lines of the log, written by a thread, so that a slow reader of the log delays no review."""

import os
import select
import threading
from collections.abc import Callable

MOST_BYTES = 8 * 1024 * 1024
# A thread that is woken for each line would take the interpreter from the reviews.
_SECONDS_BETWEEN_WRITES = 0.02


class LineWriter:
    """Writes lines to a file descriptor, in a thread of its own.

    Lines beyond a number of bytes that wait are lost. They are counted, and a line says so as soon as there is room.

    Args:
        descriptor: File descriptor, which stays open.
        tell_lost: Function that makes the line about so many lost ones.
        most_bytes: Bytes that wait at most.

    Attributes:
        lost: Number of lines that were lost.
    """

    def __init__(self, descriptor: int, tell_lost: Callable[[int], bytes], most_bytes: int = MOST_BYTES) -> None:
        self._descriptor = descriptor
        self._tell_lost = tell_lost
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._bytes = 0
        self._told = 0
        self._is_some, self._is_closing = threading.Event(), threading.Event()
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Writes a line, which is given without its end, soon."""
        with self._lock:
            if self._bytes + len(line) >= self._most_bytes or self._is_closing.is_set():
                self.lost += 1
                return
            self._lines.append(line)
            self._bytes += len(line) + 1
        self._is_some.set()

    def close(self, seconds: float) -> None:
        """Writes what there is, within so many seconds."""
        with self._lock:
            self._is_closing.set()
        self._is_some.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._is_some.wait()
            self._is_some.clear()
            is_last = self._is_closing.is_set()
            self._write(self._taken())
            self._is_closing.wait(_SECONDS_BETWEEN_WRITES)

    def _taken(self) -> list[bytes]:
        """Returns the lines that wait, and after them what was lost since the last time."""
        with self._lock:
            lines, self._lines, self._bytes = self._lines, [], 0
            lost, self._told = self.lost - self._told, self.lost
        return [*lines, self._tell_lost(lost)] if lost else lines

    def _write(self, lines: list[bytes]) -> None:
        left = memoryview(b"".join(line + b"\n" for line in lines))
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # whoever made the descriptor wants it so
                select.select([], [self._descriptor], [])
            except OSError:  # nobody reads any more, and there is nowhere to say it but in the metrics
                with self._lock:
                    self.lost += len(lines)
                    self._told = self.lost
                return
