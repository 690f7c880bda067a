"""Daemons that are ready when they have written a certain text; whoever starts one ends it."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence

from tests.support.requirements import program

SECONDS_TO_START = 30.0
_SECONDS_TO_END = 10.0


class Daemon(threading.Thread):
    """A daemon that runs, and the thread that reads what it writes, so that no pipe fills."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], announces: str) -> None:
        super().__init__(name=f"output of {command[0]}", daemon=True)
        # The system ends it where this process is killed.
        self._process = subprocess.Popen(
            [program("setpriv"), "--pdeathsig", "TERM", *command], env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._announces = announces
        self._settled = threading.Event()
        self.ready = False
        self.written = ""

    def run(self) -> None:
        """Reads until the daemon ends."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while piece := os.read(output.fileno(), 65536):
                if not self.ready:
                    self.written += piece.decode(errors="replace")
                    if self._announces and self._announces in self.written:
                        self.ready = True
                        self._settled.set()
        self._settled.set()

    def wait_until_ready(self) -> None:
        """Waits for the text; a daemon that ends without it is an error that shows what it wrote."""
        self._settled.wait(SECONDS_TO_START)
        if not self.ready:
            raise RuntimeError(f"{self.name}:\n{self.written}")

    def end(self) -> None:
        """Ends the daemon and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.join()


@contextlib.contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], announces: str) -> Iterator[str]:
    """Runs a daemon until the context is left; yield what it has written until it was ready.

    Args:
        command: The program and its arguments.
        environment: Variables that are added to the present ones.
        announces: The text that says it is ready; empty where something else says so.
    """
    daemon = Daemon(command, environment, announces)
    daemon.start()
    try:
        if announces:
            daemon.wait_until_ready()
        yield daemon.written
    finally:
        daemon.end()
