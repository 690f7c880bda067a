"""Command line of notarykit-admission."""

import logging
import sys
from collections.abc import Sequence

import uvloop

from notarykit import NotarykitError
from notarykit_admission.cli.flags import parse
from notarykit_admission.message import one_line
from notarykit_admission.server.program import Program, Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program until it is ended, and returns its exit code."""
    settings = parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.captureWarnings(capture=True)
    try:
        uvloop.run(_run(settings))
    except NotarykitError as error:
        print(f"Error: {one_line(error.one_line())}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"Error: {settings.address}:{settings.port}: {error.strerror}", file=sys.stderr)
        return 3
    return 0


async def _run(settings: Settings) -> None:
    await Program(settings).run(lambda port: print(f"Listening at {settings.address}:{port}", flush=True))
