"""Flags of the command line, in groups: each group says what it adds, and what settings its values make."""

import argparse
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import notarykit
from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.cli.help import DESCRIPTION, EPILOG
from notarykit_admission.program.settings import ALL_GUARDED, GUARDED_BY_DEFAULT, Settings
from notarykit_admission.server.limits import DEFAULT_LIMITS
from notarykit_admission.server.tls import TLSFiles
from notarykit_admission.version import __version__

_DEFAULTS, _ACCESS_DEFAULTS = Settings._field_defaults, AccessSettings._field_defaults


class CommandLine(NamedTuple):
    """Settings that a command line gives.

    Attributes:
        settings: Settings of the program.
        only_check: True to check the files and end.
    """

    settings: Settings
    only_check: bool


def parse(arguments: Sequence[str] | None) -> CommandLine:
    """Parses a command line; ends the program where it is wrong or asks for help."""
    parser = argparse.ArgumentParser(
        "notarykit-admission",
        usage="%(prog)s --policy FOLDER --certificate FILE --key FILE [FLAG ...]\n"
        "       %(prog)s --check --policy FOLDER [--certificate FILE --key FILE]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    version = f"%(prog)s {__version__} (notarykit {notarykit.__version__})"
    parser.add_argument("--version", action="version", version=version, help="print the version")
    _add_policy(parser)
    _add_tls(parser)
    _add_access(parser)
    _add_serving(parser)
    _add_limits(parser)
    given = parser.parse_args(arguments)
    if not given.check and not given.certificate:
        parser.error("--certificate and --key are needed to serve; with --check, --policy is enough")
    if bool(given.certificate) != bool(given.key) or (given.client_ca and not given.key):
        parser.error("--certificate and --key go together, and --client-ca with them")
    if given.guard_all and not given.client_ca:
        parser.error("--guard-all needs a --client-ca")
    if given.kubeconfig and not given.pull_secrets:
        parser.error("--kubeconfig is for --pull-secrets, which is missing")
    return CommandLine(_settings(given), given.check)


def _settings(given: argparse.Namespace) -> Settings:
    return Settings(
        given.policy,
        TLSFiles(given.certificate, given.key, tuple(given.client_ca)),
        given.address,
        given.port,
        given.drain,
        _access(given),
        limits=DEFAULT_LIMITS._replace(
            body=given.max_body,
            bodies=max(2 * given.max_body, DEFAULT_LIMITS.bodies),
            reviews=given.max_reviews,
            connections=given.max_connections,
            head_seconds=given.request_time,
            body_seconds=given.request_time,
        ),
        most_images=given.max_images,
        most_decisions=given.max_decisions,
        guarded=ALL_GUARDED if given.guard_all else GUARDED_BY_DEFAULT,
    )


def _add_policy(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("policy").add_argument
    add("--policy", required=True, metavar="FOLDER", help="folder with trustpolicy.json, truststore/ and rules.json")
    add(
        "--check",
        action="store_true",
        help="say what is wrong with the files, and end: 0 if they can be used, 1 if they cannot",
    )


def _add_tls(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("TLS").add_argument
    add("--certificate", default="", metavar="FILE", help="certificate of the server in PEM, with its chain")
    add("--key", default="", metavar="FILE", help="its private key in PEM, without a passphrase")
    add(
        "--client-ca",
        action="append",
        default=[],
        metavar="FILE",
        help="CA of Gatekeeper's certificate, which its doors then need; may be given several times",
    )
    add(
        "--guard-all",
        action="store_true",
        help="let nobody through any door without a certificate of a --client-ca, the API server neither",
    )


def _add_access(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("registries").add_argument
    _add_credentials(add)
    add("--registry-ca", default="", metavar="FILE", help="CAs of registries in PEM, beside those of the system")
    add(
        "--plain-http",
        type=_host,
        action="append",
        default=[],
        metavar="HOST",
        help="registry that is used without TLS, as in references; may be given several times",
    )
    add(
        "--registry-timeout",
        type=_positive_seconds,
        default=_ACCESS_DEFAULTS["registry_timeout"],
        metavar="SECONDS",
        help="time for reading the signatures of one image (%(default)s)",
    )


def _add_credentials(add: Callable[..., object]) -> None:
    add(
        "--docker-config",
        default="",
        metavar="FILE",
        help="the program's own credentials, and the helpers that have them; by default those of its user",
    )
    add(
        "--pull-secrets",
        action="store_true",
        help="read the pull secrets of pods; the API server has to allow 'get' on secrets and serviceaccounts",
    )
    add(
        "--kubeconfig",
        default="",
        metavar="FILE",
        help="how the API server is reached for that; by default as from any pod",
    )


def _access(given: argparse.Namespace) -> AccessSettings:
    return AccessSettings(
        given.docker_config,
        given.registry_ca,
        tuple(given.plain_http),
        given.registry_timeout,
        given.pull_secrets,
        given.kubeconfig,
    )


def _add_serving(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("serving").add_argument
    add("--address", default=_DEFAULTS["address"], help="address to listen at, :: for IPv6 and IPv4 (%(default)s)")
    add("--port", type=_port, default=_DEFAULTS["port"], help="port to listen at, 0 for any (%(default)s)")
    add(
        "--drain",
        type=_seconds,
        default=_DEFAULTS["drain_seconds"],
        metavar="SECONDS",
        help="time for which new connections are served after SIGTERM (%(default)s)",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits", "beyond each, an answer says so at once, and nothing is admitted")

    def add(flag: str, default: int, text: str, metavar: str = "NUMBER") -> None:
        group.add_argument(flag, type=_count, default=default, metavar=metavar, help=f"{text} (%(default)s)")

    add("--max-connections", DEFAULT_LIMITS.connections, "connections; for one more, an idle one is closed")
    add("--max-reviews", DEFAULT_LIMITS.reviews, "requests that are answered at a time")
    add("--max-images", _DEFAULTS["most_images"], "images of one request")
    add("--max-body", DEFAULT_LIMITS.body, "bytes of a request's body", "BYTES")
    add("--max-decisions", _DEFAULTS["most_decisions"], "decisions that are kept; the oldest are forgotten")
    group.add_argument(
        "--request-time",
        type=_positive_seconds,
        default=DEFAULT_LIMITS.head_seconds,
        metavar="SECONDS",
        help="time for a request's head, and for its body (%(default)s)",
    )


def _host(text: str) -> str:
    if not text or "/" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no host as in references: give name or name:port")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 31):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= 3600:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 3600")
    return seconds


def _positive_seconds(text: str) -> float:
    if not (seconds := _seconds(text)):
        raise argparse.ArgumentTypeError("give more than 0 seconds")
    return seconds
