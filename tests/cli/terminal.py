"""The command line at a terminal: a pseudo-terminal for all three streams, seen from where a person sits."""

import os
import select
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.cli.world import World

_LONGEST_SILENCE = 60.0


class Terminal:
    """A command at a terminal, from entering the context until leaving it.

    Attributes:
        shown: What the terminal has shown so far, with line ends as in files.
    """

    def __init__(self, world: World, *arguments: str) -> None:
        """Takes the command line."""
        self._world = world
        self._arguments = arguments
        self.shown = ""

    def __enter__(self) -> Self:
        """Starts the command."""
        self._ours, theirs = os.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "notarykit.cli", *self._arguments],
            env=self._world.home.environment(), cwd=self._world.folder, stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the command."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        """Waits until the terminal shows a text, and fails if the command ends or falls silent before."""
        while text not in self.shown:
            assert self._read(), self.shown

    def type(self, text: str) -> None:
        """Types a line."""
        os.write(self._ours, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Sends what Ctrl-C sends."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Waits for the command's end, and returns its exit code."""
        while self._read():
            pass
        return self._process.wait(_LONGEST_SILENCE)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], _LONGEST_SILENCE)
        assert ready, f"silent behind: {self.shown}"
        try:
            content = os.read(self._ours, 65536)
        except OSError:  # the last process that had the other end has ended
            return False
        self.shown += content.decode().replace("\r\n", "\n")
        return bool(content)
