"""Standard output and error, of which neither may change what a command finds out.

Where output cannot be written, the work goes on to its end, and the exit code tells; what was found out comes first.
What cannot be said on standard error is not said.
"""

import io
import os
import select
import sys
from typing import Any, cast

from notarykit.errors import StorageError

_BROKEN_PIPE = 141  # as a shell says it of a program that SIGPIPE has ended


class _Patient(io.RawIOBase):
    """A stream without a buffer that waits for a slow reader, and keeps the first error to itself.

    Attributes:
        failure: That error, or None.
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
            except BlockingIOError:  # whoever shares the terminal or the pipe has made it so
                select.select([], [self._handle], [])
            except OSError as error:
                self.failure = error
        return size


_output: _Patient | None = None


def prepare() -> None:
    """Makes up for streams that are closed, full or slow, and for encodings that lack what we print."""
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
    """The exit code of a command that ends with one, once its output is on its way."""
    sys.stdout.flush()
    failure = _output.failure if _output else None
    if failure is None:
        return code
    # What the interpreter's own stream may still hold goes nowhere; it would complain about that at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(failure, BrokenPipeError):  # whoever read our output has seen enough
        return code or _BROKEN_PIPE
    print(f"Error: standard output cannot be written: {failure.strerror}", file=sys.stderr)
    return code or StorageError.exit_code
