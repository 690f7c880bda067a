"""Dispatch of a command and its JSON request to a plugin; the response or error in JSON."""

from __future__ import annotations

import os

from notarykit._internal.paths import settle_home
from notarykit._internal.strict_json import DocumentError, GoMembers, dumps, loads
from notarykit.errors import (
    CertificateError,
    NotarykitError,
    PassphraseError,
    PluginAccessDeniedError,
    PluginContractVersionError,
    PluginError,
    PluginValidationError,
    SigningKeyError,
)
from notarykit.plugin.base import Plugin
from notarykit.plugin.protocol.fields import CONTRACT_VERSION, LARGEST_MESSAGE, Command
from notarykit.plugin.protocol.metadata import GetMetadataRequest
from notarykit.plugin.time_limit import SECONDS_VARIABLE, SIGNING_SECONDS, deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def respond(target: str, arguments: list[str], read: Callable[[], bytes]) -> tuple[int, bytes]:
    """Returns the exit code, and the content of standard output (0) or standard error (any other code).

    Args:
        target: The plugin's class as `module:Class`.
        arguments: The command line after the program's name.
        read: Reads standard input.
    """
    try:
        kind = _load(target)
        if not arguments or arguments[0] in ("help", "-h", "--help", "version", "--version"):
            return 1, _usage(kind).encode()
        if arguments[0] not in tuple(Command):
            raise PluginValidationError(f"command {arguments[0]!r} is not one of {', '.join(Command)}")
        with deadline(_seconds()):
            return 0, dumps(answer(kind, Command(arguments[0]), _request(arguments[0], read)))
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - it ends here, as the protocol's JSON
        return 1, dumps(error_json(error))


def _request(command: str, read: Callable[[], bytes]) -> bytes:
    """Returns standard input; for get-plugin-metadata at a terminal, an empty request without waiting."""
    is_bare = command == Command.GET_METADATA and os.isatty(0)
    request = b"" if is_bare else read()
    if request.strip():
        return request
    if command == Command.GET_METADATA:
        return b"{}"
    raise PluginValidationError(
        "there is no request on standard input", advice="hosts such as notation run this program and write one"
    )


def _seconds() -> float:
    """Returns the time limit that the host set, or the default."""
    text = os.environ.get(SECONDS_VARIABLE, "")
    return float(text) if text.isascii() and text.isdigit() else SIGNING_SECONDS


def answer(kind: type[Plugin], command: Command, request: bytes) -> dict[str, Any]:
    """Returns the members of the response to a request.

    Raises:
        PluginValidationError: The request is malformed.
        PluginContractVersionError: It is of another contract version.
        Exception: Whatever the plugin raises.
    """
    if len(request) > LARGEST_MESSAGE:
        raise PluginValidationError(f"the request is larger than {LARGEST_MESSAGE} bytes")
    try:
        members = GoMembers(loads(request), "request")
        if command is Command.GET_METADATA:
            return kind.get_metadata(GetMetadataRequest.from_json(members)).to_json()
        version = members.filled("contractVersion")
        if version != CONTRACT_VERSION:
            raise PluginContractVersionError(f"contract version {version!r} is not supported, only {CONTRACT_VERSION}")
        return _ask(kind, command, members)
    except DocumentError as error:
        raise PluginValidationError(f"malformed request: {error}") from None


def _ask(kind: type[Plugin], command: Command, members: GoMembers) -> dict[str, Any]:
    from notarykit.plugin.protocol.requests import REQUESTS

    request = REQUESTS[command].from_json(members)
    answered = getattr(kind(), command.replace("-", "_"))(request)
    return answered.to_json()  # type: ignore[no-any-return]


def error_json(error: BaseException) -> dict[str, Any]:
    """Returns an error's members. The text of an unexpected exception is left out: it may hold a secret."""
    if not isinstance(error, NotarykitError):
        _log_way(error)
        # What an import misses helps, and is no secret; other texts of it have paths.
        text = f": {error}" if isinstance(error, ModuleNotFoundError | SyntaxError) else ""
        return {"errorCode": PluginError.code, "errorMessage": f"the plugin failed with {type(error).__name__}{text}"}
    text = error.one_line().encode("utf-8", "backslashreplace").decode("utf-8")  # half a surrogate pair, say
    members: dict[str, Any] = {"errorCode": _code(error), "errorMessage": text}
    if isinstance(error, PluginError) and error.metadata:
        members["errorMetadata"] = error.metadata
    return members


def _log_way(error: BaseException) -> None:
    """Writes the traceback of an unexpected exception to the plugin's log, without its text."""
    import sys
    import traceback

    lines = traceback.format_tb(error.__traceback__)
    sys.stderr.write(f"{''.join(lines)}{type(error).__name__}\n")


def _code(error: NotarykitError) -> str:
    if isinstance(error, PluginError):
        return error.code
    if isinstance(error, PassphraseError):
        return PluginAccessDeniedError.code
    if isinstance(error, SigningKeyError | CertificateError):
        return PluginValidationError.code
    return PluginError.code


def _load(target: str) -> type[Plugin]:
    from importlib import import_module

    settle_home()
    module, _, name = target.partition(":")
    kind = getattr(import_module(module), name)
    if not (isinstance(kind, type) and issubclass(kind, Plugin)):
        raise PluginError(f"{target} is no subclass of notarykit.plugin.Plugin")
    return kind


def _usage(kind: type[Plugin]) -> str:
    """Returns the usage text, for a person who runs the executable."""
    metadata = kind.get_metadata()
    commands = ", ".join(Command)
    return (
        f"notation-{metadata.name} {metadata.version}: {metadata.description}\n"
        f"It is a plugin: notarykit and notation run it with one of {commands}, and a request on standard input.\n"
        f"See {metadata.url}\n"
    )
