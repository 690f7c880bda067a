"""Time in a queue behind other processes, which does not count for a call: a plugin reports it to its host."""

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
"""Environment variable with the descriptor and inode of a pipe; each byte in the pipe is a second."""


def queued(seconds: int) -> None:
    """Adds seconds that were spent in a queue to the deadline of the current call, here and at the host."""
    extend(seconds)
    number, _, inode = os.environ.get(QUEUE_VARIABLE, "").partition(":")
    with suppress(OSError, ValueError):
        status = os.fstat(int(number))
        # The variable may have come without its descriptor, through another program.
        if stat.S_ISFIFO(status.st_mode) and status.st_ino == int(inode):
            os.write(int(number), bytes(seconds))


class QueuePipe:
    """Pipe on which a host reads the seconds that its plugin was queued.

    Attributes:
        reader: The descriptor to read from; None where processes inherit no descriptors.
        inherited: The descriptors that the process inherits.
        variables: The environment variables of the process.
    """

    def __init__(self) -> None:
        self.reader: int | None = None
        self.inherited: tuple[int, ...] = ()
        self.variables: dict[str, str] = {}

    def __enter__(self) -> Self:
        if sys.platform != "win32":
            self.reader, writer = os.pipe()
            self.inherited = (writer,)
            self.variables = {QUEUE_VARIABLE: f"{writer}:{os.fstat(writer).st_ino}"}
        return self

    def close_writer(self) -> None:
        """Closes the descriptors that the process has inherited."""
        for descriptor in self.inherited:
            os.close(descriptor)
        self.inherited = ()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_writer()
        if self.reader is not None:
            os.close(self.reader)
