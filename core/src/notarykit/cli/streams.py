"""Standard output and standard error, whose failures never end a command's work.

Output that cannot be written is reported by the exit code, after the command's own; failures of standard error are
ignored.
"""

import io
import os
import select
import sys
from typing import Any, BinaryIO, cast

from notarykit.errors import StorageError

_BROKEN_PIPE = 141  # exit code that shells report for SIGPIPE


class _Patient(io.RawIOBase):
    """Unbuffered stream that waits for slow readers and records the first error instead of raising it.

    Attributes:
        failure: First error, or None.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._handle

    def isatty(self) -> bool:
        return os.isatty(self._handle)

    def write(self, content: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        view = memoryview(content).cast("B")
        size = len(view)
        while view and self.failure is None:
            try:
                view = view[os.write(self._handle, view) :]
            except BlockingIOError:  # set by another process with the same terminal or pipe
                select.select([], [self._handle], [])
            except OSError as error:
                self.failure = error
        return size


class _PatientInput(io.RawIOBase):
    """Unbuffered stream that waits where another process with the same terminal or pipe has made it non-blocking."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        while True:
            try:
                content = os.read(self._handle, len(buffer))
            except BlockingIOError:
                select.select([self._handle], [], [])
            else:
                buffer[: len(content)] = content
                return len(content)


def patient_input() -> BinaryIO:
    """Returns standard input as bytes; the end of what is there for the moment is not taken for its end."""
    if sys.stdin is sys.__stdin__ and sys.__stdin__ is not None:
        return io.BufferedReader(_PatientInput(sys.__stdin__.fileno()))
    return sys.stdin.buffer


_output: _Patient | None = None


def prepare() -> None:
    """Replaces the standard streams: tolerates closed, full and slow ones, and encodings that lack characters."""
    global _output  # noqa: PLW0603 - there is one standard output
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    if sys.stdout is sys.__stdout__ and sys.__stdout__ is not None:
        _output = _Patient(sys.__stdout__.fileno())
        buffered: Any = io.BufferedWriter(cast("io.RawIOBase", _output))
        sys.stdout = _text(buffered, sys.__stdout__.encoding, line_buffering=_output.isatty())
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is sys.__stderr__ and sys.__stderr__ is not None:
        sys.stderr = _text(_Patient(sys.__stderr__.fileno()), sys.__stderr__.encoding, write_through=True)


def _text(stream: Any, encoding: str, *, line_buffering: bool = False, write_through: bool = False) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        stream, encoding, "backslashreplace", line_buffering=line_buffering, write_through=write_through
    )


def finish(code: int) -> int:
    """Flushes standard output and returns the exit code, or another if the output could not be written."""
    sys.stdout.flush()
    failure = _output.failure if _output else None
    if failure is None:
        return code
    # The interpreter's own stream flushes at exit, which must not fail.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(failure, BrokenPipeError):  # the reader has closed the pipe
        return code or _BROKEN_PIPE
    print(f"Error: standard output cannot be written: {failure.strerror}", file=sys.stderr)
    return code or StorageError.exit_code
