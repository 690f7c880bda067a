"""Command line of notarykit-admission."""

import argparse
import logging
import sys
from collections.abc import Sequence

import uvloop

from notarykit import NotarykitError
from notarykit_admission.message import one_line
from notarykit_admission.server.program import Program, Settings
from notarykit_admission.server.tls import TLSFiles


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program until it is ended, and returns its exit code."""
    settings = _parse(arguments)
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


def _parse(arguments: Sequence[str] | None) -> Settings:
    parser = argparse.ArgumentParser("notarykit-admission", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("--policy", required=True, metavar="FOLDER", help="folder with trustpolicy.json, truststore/ and rules.json")
    add("--certificate", required=True, metavar="FILE", help="certificate of the server in PEM, with its chain")
    add("--key", required=True, metavar="FILE", help="its private key in PEM")
    add(
        "--client-ca",
        action="append",
        default=[],
        metavar="FILE",
        help="CA of Gatekeeper's certificate, which its doors then need; may be given several times",
    )
    add("--address", default=Settings._field_defaults["address"], help="address to listen at (%(default)s)")
    add("--port", type=int, default=Settings._field_defaults["port"], help="port to listen at (%(default)s)")
    add(
        "--drain",
        type=float,
        default=Settings._field_defaults["drain_seconds"],
        metavar="SECONDS",
        help="time for which new connections are served after SIGTERM (%(default)s)",
    )
    given = parser.parse_args(arguments)
    tls = TLSFiles(given.certificate, given.key, tuple(given.client_ca))
    return Settings(given.policy, tls, given.address, given.port, given.drain)
