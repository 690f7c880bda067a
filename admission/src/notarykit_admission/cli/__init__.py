"""Command line of notarykit-admission."""

import logging
import os
import sys
import threading
from collections.abc import Sequence

import uvloop

from notarykit import NotarykitError
from notarykit_admission.cli.check import check
from notarykit_admission.cli.flags import parse
from notarykit_admission.message import one_line
from notarykit_admission.program.program import Program
from notarykit_admission.program.settings import Settings
from notarykit_admission.server.listening import host_and_port
from notarykit_admission.telemetry.lines import LineWriter
from notarykit_admission.telemetry.log import configure_logging, lost_line

_log = logging.getLogger(__name__)
_SECONDS_TO_WRITE = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program until it is ended, and returns its exit code."""
    settings, only_check = parse(arguments)
    if only_check:
        return _check(settings)
    lines = LineWriter(sys.stderr.fileno(), lost_line)
    configure_logging(lines.write)
    problem, code = _run(settings, lines)
    lines.close(_SECONDS_TO_WRITE)
    if problem:
        print(f"Error: {problem}", file=sys.stderr)
    _leave_threads(code)
    return code


def _leave_threads(code: int) -> None:
    """Ends the process at once if threads still wait for a registry: Python would wait for each of them."""
    if any(not each.daemon for each in threading.enumerate() if each is not threading.current_thread()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _check(settings: Settings) -> int:
    lines, code = check(settings)
    print("\n".join(lines))
    return code


def _run(settings: Settings, lines: LineWriter) -> tuple[str, int]:
    """Returns what ended the program, or an empty string, and the exit code."""
    try:
        uvloop.run(_serve(settings, lines))
    except NotarykitError as error:
        return one_line(error.one_line()), error.exit_code
    except Exception as error:  # noqa: BLE001 - said in one line as well, for whoever does not read the log
        _log.exception("the program ends by a mistake of its own")
        return f"internal error: {type(error).__name__}; the log has more", 70
    return "", 0


async def _serve(settings: Settings, lines: LineWriter) -> None:
    def say(port: int) -> None:
        print(f"Listening at {host_and_port(settings.address, port)}", flush=True)

    await Program(settings, lines).run(say)
