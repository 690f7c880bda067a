"""Flags of the command line, in groups: each group says what it adds, and what settings its values make."""

import argparse
from collections.abc import Sequence

from notarykit_admission.server.program import Settings
from notarykit_admission.server.tls import TLSFiles

_DEFAULTS = Settings._field_defaults


def parse(arguments: Sequence[str] | None) -> Settings:
    """Returns the settings that a command line asks for; ends the program where it is wrong or asks for help."""
    parser = argparse.ArgumentParser(
        "notarykit-admission", description="Admission control by Notary Project signatures.", allow_abbrev=False
    )
    _add_policy(parser)
    _add_tls(parser)
    _add_serving(parser)
    given = parser.parse_args(arguments)
    return Settings(given.policy, _tls(given), given.address, given.port, given.drain)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("policy").add_argument
    add("--policy", required=True, metavar="FOLDER", help="folder with trustpolicy.json, truststore/ and rules.json")


def _add_tls(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("TLS").add_argument
    add("--certificate", required=True, metavar="FILE", help="certificate of the server in PEM, with its chain")
    add("--key", required=True, metavar="FILE", help="its private key in PEM")
    add(
        "--client-ca",
        action="append",
        default=[],
        metavar="FILE",
        help="CA of Gatekeeper's certificate, which its doors then need; may be given several times",
    )


def _tls(given: argparse.Namespace) -> TLSFiles:
    return TLSFiles(given.certificate, given.key, tuple(given.client_ca))


def _add_serving(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("serving").add_argument
    add("--address", default=_DEFAULTS["address"], help="address to listen at (%(default)s)")
    add("--port", type=int, default=_DEFAULTS["port"], help="port to listen at (%(default)s)")
    add(
        "--drain",
        type=float,
        default=_DEFAULTS["drain_seconds"],
        metavar="SECONDS",
        help="time for which new connections are served after SIGTERM (%(default)s)",
    )
