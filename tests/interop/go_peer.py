"""The Go libraries of the Notary Project as a peer process: one JSON request per line in, one JSON answer out."""

import contextlib
import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.interop import go_build

SOURCES = Path(__file__).with_name("peer")
SECONDS_TO_END = 5.0


def build() -> str:
    """Return the path of the peer's binary, built first where the cache has none for the present sources."""
    return go_build.build("peer", SOURCES)


class Peer:
    """A running peer, for one caller at a time; it runs from entering the context until leaving it."""

    _process: subprocess.Popen[str]
    _errors: IO[bytes]

    def __init__(self, program: str) -> None:
        """Name the program to run, which is `build()` for all but the tests of this class."""
        self._program = program

    def __enter__(self) -> Self:
        """Start the process; its standard error goes to a file, since nobody would read a pipe and it could fill."""
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                [self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="utf-8"
            )
        except OSError:
            self._errors.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the process by the end of its input, and kill it where that is not enough."""
        self._stop()
        _, answers = self._pipes()
        answers.close()
        self._errors.close()

    def ask(self, op: str, **members: object) -> dict[str, Any]:
        """Send one request and return its answer, whose member `ok` says whether the operation succeeded."""
        requests, answers = self._pipes()
        request, line = json.dumps({"op": op, **members}), ""
        with contextlib.suppress(BrokenPipeError, ValueError):  # ValueError: an earlier death has closed the pipe
            requests.write(f"{request}\n")
            requests.flush()
            line = answers.readline()
        if not line.endswith("\n"):
            raise RuntimeError(f"the Go peer died during {op!r} ({self._stop()}):\n{self._stderr()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        """Return standard input and output, which `Popen` types as optional."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise RuntimeError("the Go peer was started without pipes")
        return requests, answers

    def _stop(self) -> str:
        """End the process and say how it ended; a process that has ended already is no error."""
        requests, _ = self._pipes()
        with contextlib.suppress(BrokenPipeError):
            requests.close()
        try:
            status = self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return f"status {status}"

    def _stderr(self) -> str:
        """Return what the process wrote to standard error from its start on."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")
