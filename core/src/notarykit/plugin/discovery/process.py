"""Execution of a plugin or helper: a request in, a response out, within a time limit, each below 64 MiB.

The plugin stays in the caller's session and in the foreground, so that it can ask for a PIN at the terminal. What it
leaves behind holding its pipes is not waited for.
"""

import contextlib
import errno
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from notarykit.errors import PluginError, PluginResponseError, PluginTimeoutError
from notarykit.plugin.discovery import pipes
from notarykit.plugin.protocol.fields import LARGEST_MESSAGE
from notarykit.plugin.queueing import QUEUE_VARIABLE, QueuePipe

NEVER_PASSED = ("NOTATION_USERNAME", "NOTATION_PASSWORD")
"""Variables with the registry's credentials, which no plugin receives."""

_ADVICE = "make sure that it is made for this system, and install it again"
_LONGEST_LINE = 300
_SECONDS_TO_END = 2.0


class Ended(NamedTuple):
    """Outcome of a run.

    Attributes:
        code: The exit code; negative for a signal.
        output: Standard output.
        errors: Standard error.
    """

    code: int
    output: bytes
    errors: bytes


def run(
    command: list[str],
    request: bytes,
    seconds: float,
    environment: Mapping[str, str] | None = None,
    withheld: Sequence[str] = (),
) -> Ended:
    """Runs a command with a request on its standard input.

    Args:
        command: The executable's absolute path, and its arguments.
        request: What goes to its standard input.
        seconds: How long it may take in all; then it is killed.
        environment: What is set besides the caller's own environment.
        withheld: What of the caller's own environment it does not get, besides `NEVER_PASSED`.

    Raises:
        PluginError: It cannot be started.
        PluginResponseError: The request or an answer is too large.
        PluginTimeoutError: It took too long.
    """
    if len(request) > LARGEST_MESSAGE:
        raise PluginResponseError(f"a request of {len(request)} bytes is larger than the protocol's {LARGEST_MESSAGE}")
    hidden = {*NEVER_PASSED, QUEUE_VARIABLE, *withheld}
    variables = {name: value for name, value in os.environ.items() if name not in hidden} | dict(environment or {})
    with QueuePipe() as listener:
        process = _started(command, variables, listener)
        try:
            output, errors = pipes.exchange(process, request, seconds, listener.reader)
            return Ended(process.returncode, output, errors)
        except BaseException as error:  # an interruption is the plugin's too, but it may not care
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise _too_late(seconds) from None
            raise


def _started(command: list[str], variables: dict[str, str], listener: QueuePipe) -> "subprocess.Popen[bytes]":
    """Starts the process.

    Raises:
        PluginError: It cannot be started.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the path was checked at the lookup
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=variables | listener.variables, pass_fds=listener.inherited,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise PluginError(f"{command[0]} cannot be run: {_why(command[0], error)}", advice=_ADVICE) from None
    listener.close_writer()
    return process


def _too_late(seconds: float) -> PluginTimeoutError:
    return PluginTimeoutError(
        f"no answer within {seconds:.0f} seconds", advice="try again, or allow more time", metadata={"retry": "no"}
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Terminates a process, and kills it if it does not end in time."""
    process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _why(path: str, error: OSError | ValueError) -> str:
    """Returns the reason for which an existing executable does not start; often its interpreter is missing."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    with contextlib.suppress(OSError), open(path, "rb") as file:
        first = file.readline(_LONGEST_LINE)
        if not first.startswith(b"#!") and getattr(error, "errno", 0) == errno.ENOEXEC:
            return f"{reason}: it is a program for another system, or a script without #! in its first line"
        if first.startswith(b"#!") and isinstance(error, FileNotFoundError):
            interpreter = first[2:].strip().decode("utf-8", "replace")
            ending = ", and line ends as Windows has them" if first.endswith(b"\r\n") else ""
            return f"its first line names an interpreter that is not there ({interpreter}){ending}"
    return reason
