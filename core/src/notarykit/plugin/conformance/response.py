"""Response of a plugin, read leniently.

Each rule finds its own fault and no other, so responses are read even if another rule rejects them: a
stray line before the JSON, an error on the wrong stream, a chain in the wrong order.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

from notarykit._internal.strict_json import DocumentError
from notarykit.plugin.discovery.process import Ended
from notarykit.plugin.protocol.fields import Command, decode

_MARKS = {
    Command.GET_METADATA: "capabilities",
    Command.DESCRIBE_KEY: "keySpec",
    Command.GENERATE_SIGNATURE: "signature",
    Command.GENERATE_ENVELOPE: "signatureEnvelope",
    Command.VERIFY_SIGNATURE: "verificationResults",
}
"""Member that tells the response from other JSON on the same stream, such as a log line."""

_MOST_FAILURES = 100


class Response:
    """Outcome of one command.

    Attributes:
        command: The command.
        ended: Exit code and both streams; None where there was no end in time, or no start.
        trouble: Why there was none.
        documents: The JSON objects on both streams.
        members: The answer's members, empty where there is no answer.
        error: The error's members, None where there is none in JSON.
    """

    def __init__(self, command: str, ended: Ended | None, trouble: str = "", hide: Callable[[str], str] = str) -> None:
        self.command = command
        self.ended = ended
        self.trouble = trouble
        self._hide = hide
        answers = list(_documents(ended.output)) if ended else []
        self.documents = [*answers, *_documents(ended.errors)] if ended else []
        self.error = next((each for each in self.documents if "errorCode" in each or "errorMessage" in each), None)
        answers.sort(key=lambda each: _MARKS.get(command) not in each)  # type: ignore[call-overload]
        self.members: dict[str, Any] = answers[0] if answers and self.error is None else {}

    @property
    def failed(self) -> bool:
        """True if the plugin reported an error, in any form."""
        return self.ended is None or self.ended.code != 0 or self.error is not None

    @property
    def code(self) -> str:
        """The error code, or an empty string."""
        return str((self.error or {}).get("errorCode", ""))

    def bytes_of(self, name: str) -> bytes:
        """Returns the bytes of a member in base64, none if it is not base64."""
        return bytes_of(self.members.get(name))

    def __str__(self) -> str:
        if self.ended is None:
            return f"{self.command}: {self.trouble}"
        if self.error is not None:
            message = self._hide(str(self.error.get("errorMessage", "")))[:200]
            return f"{self.command} failed: {self.code} {message}".strip()
        if self.ended.code:
            text = self._hide(self.ended.errors.decode("utf-8", "replace").strip())[:200]
            return f"{self.command} failed with exit code {self.ended.code}: {text or 'no output'}"
        return f"{self.command} answered"


def bytes_of(value: object) -> bytes:
    """Returns the bytes of a base64 text, none if it is not base64."""
    try:
        return decode(value, "") if isinstance(value, str) else b""
    except DocumentError:
        return b""


def forms_of(secret: str) -> set[bytes]:
    """Returns a secret as it is, as a JSON string, and in base64."""
    encoded = secret.encode("utf-8", "surrogateescape")
    written = json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
    return {encoded, written, base64.b64encode(encoded).rstrip(b"="), base64.urlsafe_b64encode(encoded).rstrip(b"=")}


def _documents(stream: bytes) -> Iterator[dict[str, Any]]:
    """Yields the JSON objects in a stream, ignoring everything between them."""
    text = stream.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    position, failures = text.find("{"), 0
    while position >= 0 and failures < _MOST_FAILURES:  # each may cost the length of what is left
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end, failures = position + 1, failures + 1
        else:
            yield value
        position = text.find("{", end)
