"""Asking for a PIN with GnuPG's pinentry, by its line protocol (Assuan)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing, suppress
from typing import IO
from urllib.parse import unquote_to_bytes

from notarykit.errors import PluginAccessDeniedError
from notarykit.plugin.service.terminal import TERMINAL
from notarykit.plugin.service.timeout import OutOfTimeError, in_time

_LONGEST = 4096  # of a line; the protocol has 1000
_DISPLAYS = ("WAYLAND_DISPLAY", "DISPLAY")
_ERROR, _DATA, _OK = b"ERR ", b"D ", b"OK"


def installed() -> str | None:
    """The program `pinentry`, where it has a display to ask at."""
    if sys.platform not in ("win32", "darwin") and not any(os.environ.get(name) for name in _DISPLAYS):
        return None
    return shutil.which("pinentry")


def ask(program: str, prompt: str) -> bytes:
    """What a person types into the program's window.

    Raises:
        PluginAccessDeniedError: The program cannot be run, or the person did not answer.
    """
    try:
        process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - the user names it
    except OSError as error:
        raise PluginAccessDeniedError(
            f"{program} cannot be run: {error.strerror}", advice="check the setting pinentry"
        ) from None
    assert process.stdin
    assert process.stdout
    to, of = process.stdin, process.stdout

    def talk() -> bytes:
        with closing(of), suppress(OSError), closing(to):
            return _talk(to, of, prompt)
        raise EOFError

    try:
        return in_time(talk)
    except OutOfTimeError:
        raise PluginAccessDeniedError(f"{program} told no PIN in time") from None
    except (OSError, EOFError):
        raise PluginAccessDeniedError(f"{program} told no PIN") from None
    finally:
        process.kill()  # it has said all that it had to say
        process.wait()


def _talk(to: IO[bytes], of: IO[bytes], prompt: str) -> bytes:
    _answer(of)
    if os.path.exists(TERMINAL):
        with suppress(PluginAccessDeniedError):  # not every pinentry uses a terminal
            _say(to, of, f"OPTION ttyname={TERMINAL}")
        if "TERM" in os.environ:
            with suppress(PluginAccessDeniedError):
                _say(to, of, f"OPTION ttytype={os.environ['TERM']}")
    _say(to, of, f"SETDESC {_escaped(prompt)}")
    _say(to, of, "SETPROMPT PIN:")
    return _say(to, of, "GETPIN")


def _say(to: IO[bytes], of: IO[bytes], command: str) -> bytes:
    to.write(command.encode() + b"\n")
    to.flush()
    return _answer(of)


def _answer(of: IO[bytes]) -> bytes:
    """The data of an answer, up to its last line."""
    data = b""
    for line in iter(lambda: of.readline(_LONGEST), b""):
        if line.startswith(_DATA):
            data += unquote_to_bytes(line.removesuffix(b"\n")[len(_DATA) :])
        elif line.startswith(_ERROR):
            raise PluginAccessDeniedError("no PIN was given", advice="try again and enter it")
        elif line.startswith(_OK):
            return data
    raise EOFError


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
