"""Response of a server, in the form that hvac's adapter returns it."""

import json
from typing import Any, NamedTuple

from notarykit.plugin import Redactor

TOKEN_PATTERN = r"\b(?:hv[a-z]|[sbr])\.[\w-]{16,}(?:\.[\w-]+)?"  # noqa: S105
"""Tokens of Vault and OpenBao, in current and older forms."""

_REQUEST_ID = "X-Vault-Request-Id"
_LONGEST_REQUEST_ID = 64
_LONGEST_MESSAGES = 4096


class Response(NamedTuple):
    """Response of a server.

    Attributes:
        status: HTTP status.
        members: Members of the JSON object; None for any other body, such as a web page.
        messages: Errors and warnings, redacted and on one line.
        request_id: Request id; most error responses lack it.
        location: Target of a redirect, redacted.
        is_empty: True if there is no body.
    """

    status: int
    members: dict[str, Any] | None
    messages: str = ""
    request_id: str = ""
    location: str = ""
    is_empty: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """Member `data`, or no members if it is not an object."""
        data = (self.members or {}).get("data")
        return data if isinstance(data, dict) else {}


def parse_response(result: Any, redactor: Redactor) -> Response:
    """Parses the result of hvac's adapter: members for status 200 with JSON, otherwise a response of requests.

    Args:
        result: The adapter's result.
        redactor: Redactor that knows the secrets that were sent.
    """
    if isinstance(result, dict):
        return Response(200, result, request_id=_request_id(_text(result, "request_id"), redactor))
    if not hasattr(result, "status_code"):
        return Response(200, None)
    try:
        members = json.loads(result.content)
    except (ValueError, RecursionError):
        members = None
    members = members if isinstance(members, dict) else None
    return Response(
        result.status_code,
        members,
        _messages(members or {}, redactor),
        _request_id(_text(members or {}, "request_id") or result.headers.get(_REQUEST_ID, ""), redactor),
        redactor.show(result.headers.get("Location", "")),
        not result.content,
    )


def _messages(members: dict[str, Any], redactor: Redactor) -> str:
    lists = [members.get(name) for name in ("errors", "warnings")]
    texts = [text for texts in lists if isinstance(texts, list) for text in texts if isinstance(text, str)]
    return redactor.show(" ".join(texts), _LONGEST_MESSAGES)


def _request_id(text: str, redactor: Redactor) -> str:
    return redactor.show(text)[:_LONGEST_REQUEST_ID]


def _text(members: dict[str, Any], name: str) -> str:
    text = members.get(name)
    return text if isinstance(text, str) else ""
