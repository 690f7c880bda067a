"""Waiting for one's turn behind other processes, which is nobody's silence: a plugin tells its host of each second."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from notarykit._internal.deadline import extend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

QUEUE_VARIABLE = "NOTARYKIT_PLUGIN_QUEUE"
"""Tells an executable the descriptor of a pipe, and its inode: a byte in it is a second that does not count."""


def queued(seconds: int) -> None:
    """Gives seconds that went by in a queue behind others back to the present call, here and at the host."""
    extend(seconds)
    number, _, inode = os.environ.get(QUEUE_VARIABLE, "").partition(":")
    with suppress(OSError, ValueError):
        found = os.fstat(int(number))
        # A variable that came without its descriptor, through another program, must not lead to anything else.
        if stat.S_ISFIFO(found.st_mode) and found.st_ino == int(inode):
            os.write(int(number), bytes(seconds))


class Listener:
    """The host's end of the pipe.

    Attributes:
        reader: The descriptor that is read; None where processes cannot be given one.
        passed: The descriptors for the process.
        variables: The variables for it.
    """

    def __init__(self) -> None:
        self.reader: int | None = None
        self.passed: tuple[int, ...] = ()
        self.variables: dict[str, str] = {}

    def __enter__(self) -> Self:
        if sys.platform != "win32":
            self.reader, writer = os.pipe()
            self.passed = (writer,)
            self.variables = {QUEUE_VARIABLE: f"{writer}:{os.fstat(writer).st_ino}"}
        return self

    def passed_on(self) -> None:
        """Closes what the process has now."""
        for each in self.passed:
            os.close(each)
        self.passed = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.passed_on()
        if self.reader is not None:
            os.close(self.reader)
