"""Executable plugin in any language: the contract's commands as JSON over standard input and output."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from notarykit._internal.strict_json import DocumentError, GoMembers, dumps, loads
from notarykit.errors import (
    PluginAccessDeniedError,
    PluginContractVersionError,
    PluginError,
    PluginResponseError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.plugin.discovery.process import Ended, run
from notarykit.plugin.protocol import signing, verification
from notarykit.plugin.protocol.fields import Command
from notarykit.plugin.protocol.metadata import NO_CONFIG, GetMetadataRequest, Metadata
from notarykit.plugin.protocol.requests import Request
from notarykit.plugin.time_limit import SECONDS_VARIABLE, seconds_left

if TYPE_CHECKING:
    from notarykit.plugin.diagnosis import Finding
    from notarykit.plugin.service_key import KeyVersion

Answer = TypeVar(
    "Answer",
    Metadata,
    signing.KeyDescription,
    signing.GeneratedSignature,
    signing.GeneratedEnvelope,
    verification.VerifiedSignature,
)

_SHOWN = 40
_SIGNS = (Command.DESCRIBE_KEY, Command.GENERATE_SIGNATURE, Command.GENERATE_ENVELOPE)
_ONLY_TO_SIGN = ("NOTARYKIT_KEY_PASSPHRASE", "PKCS11_PIN")

_ERRORS: dict[str, type[PluginError]] = {
    kind.code: kind
    for kind in (
        PluginError,
        PluginValidationError,
        PluginContractVersionError,
        PluginAccessDeniedError,
        PluginTimeoutError,
        PluginThrottledError,
    )
}


class ExecutablePlugin:
    """Plugin that runs an executable, once for each command. Thread-safe.

    A call may take `notarykit.plugin.seconds_left()`; then the executable is killed.

    Attributes:
        name: The plugin's name, which its metadata must repeat.
        path: The executable's absolute path.
    """

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path

    def get_metadata(self, request: GetMetadataRequest = NO_CONFIG) -> Metadata:
        """The command get-plugin-metadata.

        Raises:
            PluginError: The plugin failed, or its answer is none; so for all commands.
        """
        metadata = self._ask(Command.GET_METADATA, request.to_json(), Metadata)
        if metadata.name != self.name:
            raise PluginResponseError(f"plugin {self.name}: its metadata name it {metadata.name!r}")
        return metadata

    def describe_key(self, request: signing.DescribeKeyRequest) -> signing.KeyDescription:
        """The command describe-key."""
        return self._ask_for(Command.DESCRIBE_KEY, request, signing.KeyDescription)

    def generate_signature(self, request: signing.GenerateSignatureRequest) -> signing.GeneratedSignature:
        """The command generate-signature."""
        return self._ask_for(Command.GENERATE_SIGNATURE, request, signing.GeneratedSignature)

    def generate_envelope(self, request: signing.GenerateEnvelopeRequest) -> signing.GeneratedEnvelope:
        """The command generate-envelope."""
        return self._ask_for(Command.GENERATE_ENVELOPE, request, signing.GeneratedEnvelope)

    def verify_signature(self, request: verification.VerifySignatureRequest) -> verification.VerifiedSignature:
        """The command verify-signature."""
        return self._ask_for(Command.VERIFY_SIGNATURE, request, verification.VerifiedSignature)

    def open_key(self, key_id: str, config: Mapping[str, str]) -> "KeyVersion":  # noqa: ARG002
        """Refuses: the protocol signs with keys that have a certificate, and with no others."""
        raise self._beyond_protocol()

    def attach_certificates(self, key_id: str, config: Mapping[str, str], chain: Sequence[bytes]) -> str:  # noqa: ARG002
        """Refuses: the protocol has no command for it."""
        raise self._beyond_protocol()

    def diagnose(self, key_id: str | None, config: Mapping[str, str]) -> "Iterator[Finding]":
        """Goes the way of a signature by the protocol's commands; see `Plugin.diagnose`."""
        from notarykit.plugin.host.trial import walk

        return walk(self, key_id, config)

    def _beyond_protocol(self) -> PluginError:
        return PluginError(
            f"plugin {self.name!r} is an executable, which signs with keys that have a certificate and no others",
            advice="make the request with the service's own tools",
        )

    def _ask_for(self, command: Command, request: Request, kind: type[Answer]) -> Answer:
        return self._ask(command, request.to_json(), kind)

    def _ask(self, command: Command, request: dict[str, Any], kind: type[Answer]) -> Answer:
        seconds = seconds_left()
        try:
            said, withheld = {SECONDS_VARIABLE: str(int(seconds))}, () if command in _SIGNS else _ONLY_TO_SIGN
            ended = run([self.path, command], dumps(request), seconds, said, withheld)
            if ended.code:
                raise _error(ended)
            return _answer(ended.output, kind)
        except PluginError as error:
            raise error.within(f"plugin {self.name}: {command}") from error


def _answer(output: bytes, kind: type[Answer]) -> Answer:
    """Parses the response of a run that ended with exit code 0.

    Raises:
        PluginError: What it says is an error all the same.
        PluginResponseError: It is not the one JSON document that the command answers with.
    """
    try:
        members = GoMembers(loads(output), "answer")
        if "errorCode" in members:
            raise _error_of(members)
        return kind.from_json(members)
    except DocumentError as error:
        begins = output[:_SHOWN].decode("utf-8", "replace")
        raise PluginResponseError(
            f"the answer is malformed: {error}" + (f"; it begins with {begins!r}" if begins else "; there is none"),
            advice="report it to the plugin's publisher: 'notarykit plugin test' shows the details",
        ) from None


def _said(ended: Ended) -> bytes:
    """Returns the plain text of a plugin that failed; of a traceback, its last line."""
    text = ended.errors.strip()
    if not text and not ended.output.lstrip().startswith(b"{"):
        text = ended.output.strip()  # some know only one stream
    return text.splitlines()[-1] if text.startswith(b"Traceback ") else text


def _error(ended: Ended) -> PluginError:
    """Returns the error of a run that failed.

    Plugin specification, "Plugin contract": an error code counts with exit code 1; any other exit code is "a general
    error", whose text is shown all the same.
    """
    try:
        error = _error_of(GoMembers(loads(ended.errors), "error"))
        return error if ended.code == 1 else PluginError(error.message, metadata=error.metadata)
    except DocumentError:  # plain text: many a plugin's first line of defence
        how = f"exit code {ended.code}" if ended.code > 0 else f"signal {-ended.code}"
        text = _said(ended).decode("utf-8", "replace")
        return PluginError(f"{text} ({how})" if text else f"it ended with {how} and without output")


def _error_of(members: GoMembers) -> PluginError:
    """Returns the error that a plugin describes; an unknown error code becomes part of the message."""
    code = members.text("errorCode", "")
    message = members.text("errorMessage", "")
    metadata = members.value.get("errorMetadata")
    known = {name: text for name, text in metadata.items() if type(text) is str} if type(metadata) is dict else {}
    if not (code or message):
        raise DocumentError("the error is empty")
    kind = _ERRORS.get(code, PluginError)
    message = message or "no message"
    return kind(f"{message} ({code})" if code not in ("", PluginError.code) else message, metadata=known)
