"""Client of the Azure SDK in this process, which returns prepared responses."""

import json
from collections.abc import Mapping
from typing import Any

from azure.core.rest import HttpRequest

from notarykit_azure_keyvault.sdk import Response


class FakeResponse:
    """Prepared response; content that is text is not JSON."""

    def __init__(self, status: int, content: Any, request_id: str = "") -> None:
        """Takes the status, the decoded body and the request id."""
        self.status_code, self._content = status, content
        self.headers: Mapping[str, str] = {"x-ms-request-id": request_id} if request_id else {}

    def json(self) -> Any:
        """Returns the decoded body."""
        if isinstance(self._content, str):
            raise json.JSONDecodeError(self._content, "", 0)
        return self._content


class FakeClient:
    """Client that returns responses, or raises exceptions, in order.

    Attributes:
        requests: Method and path of each request.
    """

    def __init__(self, *outcomes: FakeResponse | Exception) -> None:
        """Takes the responses and exceptions."""
        self._outcomes = list(outcomes)
        self.requests: list[str] = []

    def send_request(self, request: HttpRequest, **_: Any) -> Response:
        """Returns the next response."""
        self.requests.append(f"{request.method} {request.url}")
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def error_content(code: str, inner: str | None = None, message: str = "text") -> dict[str, Any]:
    """Returns the body of an error response."""
    error: dict[str, Any] = {"code": code, "message": message}
    return {"error": {**error, "innererror": {"code": inner}} if inner else error}
