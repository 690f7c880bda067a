"""A process that runs command lines in children of its own, each of which may be killed at a chosen system call.

Started as a program: one JSON request per line in, one JSON answer out. It imports everything once, so that a death
costs no more than a fork; it has one thread, so that the fork is safe.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

# The calls that change something on the disk, or bring it there.
CALLS = ("open", "write", "fsync", "replace", "unlink", "mkdir")


class End(NamedTuple):
    """How a command line ended.

    Attributes:
        killed: Whether it was killed at the chosen moment.
        code: Its exit code, if it was not killed.
        err: Its standard error.
        moment: The call at which it was killed, such as `before replace`.
    """

    killed: bool
    code: int
    err: str
    moment: str


class Mortal:
    """The process, as tests use it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Names the environment of the process and of all its children."""
        self._environment = environment

    def __enter__(self) -> Self:
        """Starts the process."""
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process by the end of its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, *arguments: str, moment: int | None = None) -> End:
        """Runs a command line, and kills it at the given moment, counted from 0, if it lives that long."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "moment": moment}) + "\n")
        self._process.stdin.flush()
        return End(*json.loads(self._process.stdout.readline()))


def _die(left: list[int | None], moment: str, note: int) -> None:
    """Counts a moment, and dies if it is the chosen one."""
    if left[0] == 0:
        _real_write(note, moment.encode())
        os.kill(os.getpid(), signal.SIGKILL)
    if left[0] is not None:
        left[0] -= 1


_real_write = os.write


def _wrapped(name: str, left: list[int | None], note: int) -> Callable[..., Any]:
    real: Callable[..., Any] = getattr(os, name)

    def call(*arguments: Any, **keywords: Any) -> Any:
        if name == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR):
            return real(*arguments, **keywords)
        _die(left, f"before {name}", note)
        if name == "write" and len(arguments[1]) > 1:
            half = len(arguments[1]) // 2
            done = real(arguments[0], arguments[1][:half])
            _die(left, f"amid {name}", note)
            return done + real(arguments[0], arguments[1][half:])
        result = real(*arguments, **keywords)
        _die(left, f"after {name}", note)
        return result

    return call


def _child(arguments: list[str], moment: int | None, note: int, errors: int) -> None:
    """Becomes the command line; does not return."""
    from notarykit.cli import main

    left = [moment]
    for name in CALLS:
        setattr(os, name, _wrapped(name, left, note))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(errors, 2)
    code = main(arguments)
    sys.stderr.flush()
    os._exit(code)


def _answer(request: dict[str, Any]) -> End:
    note_out, note_in = os.pipe()
    errors_out, errors_in = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _child(request["arguments"], request["moment"], note_in, errors_in)
        finally:
            os._exit(99)
    os.close(note_in)
    os.close(errors_in)
    with open(note_out, encoding="utf-8") as note, open(errors_out, encoding="utf-8") as errors:
        err, moment = errors.read(), note.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return End(status == -signal.SIGKILL and bool(moment), status, err, moment)


def serve() -> None:
    """Answers requests until the input ends."""
    import cryptography.hazmat.primitives.serialization

    import notarykit.cli.commands.key
    import notarykit.cli.commands.policy
    import notarykit.cli.commands.sign
    import notarykit.keys.local

    assert all((cryptography, notarykit))
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    serve()
