"""Client for GnuPG's pinentry, a PIN dialog with a line protocol (Assuan)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing, suppress
from typing import IO
from urllib.parse import unquote_to_bytes

from notarykit.errors import PluginAccessDeniedError
from notarykit.plugin import TERMINAL, CallTimeoutError, call_with_timeout

_MAX_LINE_BYTES = 4096  # Assuan's own limit is 1000
_DISPLAY_VARIABLES = ("WAYLAND_DISPLAY", "DISPLAY")
_ERROR, _DATA, _OK = b"ERR ", b"D ", b"OK"


def find_pinentry() -> str | None:
    """Returns the path of `pinentry`, or None where it is not installed or has no display."""
    if sys.platform not in ("win32", "darwin") and not any(os.environ.get(name) for name in _DISPLAY_VARIABLES):
        return None
    return shutil.which("pinentry")


def request_pin(program: str, prompt: str) -> bytes:
    """Returns the PIN that a person enters in the program's dialog.

    Raises:
        PluginAccessDeniedError: The program cannot be run, or the person cancelled or did not answer in time.
    """
    try:
        process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - the user names it
    except OSError as error:
        raise PluginAccessDeniedError(
            f"{program} cannot be run: {error.strerror}", advice="check the setting pinentry"
        ) from None
    assert process.stdin
    assert process.stdout
    stdin, stdout = process.stdin, process.stdout

    def converse() -> bytes:
        with closing(stdout), suppress(OSError), closing(stdin):
            return _converse(stdin, stdout, prompt)
        raise EOFError

    try:
        return call_with_timeout(converse)
    except CallTimeoutError:
        raise PluginAccessDeniedError(f"{program} returned no PIN in time") from None
    except (OSError, EOFError):
        raise PluginAccessDeniedError(f"{program} returned no PIN") from None
    finally:
        process.kill()  # nothing more is expected of it
        process.wait()


def _converse(stdin: IO[bytes], stdout: IO[bytes], prompt: str) -> bytes:
    _read_response(stdout)
    if os.path.exists(TERMINAL):
        with suppress(PluginAccessDeniedError):  # not every pinentry uses a terminal
            _send(stdin, stdout, f"OPTION ttyname={TERMINAL}")
        if "TERM" in os.environ:
            with suppress(PluginAccessDeniedError):
                _send(stdin, stdout, f"OPTION ttytype={os.environ['TERM']}")
    _send(stdin, stdout, f"SETDESC {_escaped(prompt)}")
    _send(stdin, stdout, "SETPROMPT PIN:")
    return _send(stdin, stdout, "GETPIN")


def _send(stdin: IO[bytes], stdout: IO[bytes], command: str) -> bytes:
    stdin.write(command.encode() + b"\n")
    stdin.flush()
    return _read_response(stdout)


def _read_response(stdout: IO[bytes]) -> bytes:
    """Returns the data lines of a response, up to its final line."""
    data = b""
    for line in iter(lambda: stdout.readline(_MAX_LINE_BYTES), b""):
        if line.startswith(_DATA):
            data += unquote_to_bytes(line.removesuffix(b"\n")[len(_DATA) :])
        elif line.startswith(_ERROR):
            raise PluginAccessDeniedError("no PIN was entered", advice="try again and enter it")
        elif line.startswith(_OK):
            return data
    raise EOFError


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
