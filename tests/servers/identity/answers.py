"""Prepared answers in place of a server's, for tests of what becomes of each."""

import json
from collections.abc import Mapping
from typing import Any

from notarykit.plugin import ServiceResponse


class Answers:
    """Stand-in for `ServiceClient`, with prepared answers by path.

    Attributes:
        replies: Status and content.
        sent: Path, content and header fields of each request.
        opened: Arguments of each client.
    """

    def __init__(self, replies: dict[str, tuple[int, Any]]) -> None:
        """Answers nothing else."""
        self.replies = replies
        self.sent: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.opened: list[tuple[str, Mapping[str, Any]]] = []
        self.address = ""

    def __call__(self, address: str, **settings: Any) -> "Answers":
        """Opens the client."""
        self.opened.append((address, settings))
        self.address = address
        return self

    def __enter__(self) -> "Answers":
        """Returns the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Has nothing to close."""

    def get(self, path: str, headers: Mapping[str, str]) -> ServiceResponse:
        """Answers a request without content."""
        return self.post(path, b"", headers)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> ServiceResponse:
        """Answers a request."""
        self.sent.append((path, body, headers))
        status, content = self.replies[path]
        return ServiceResponse(status, content if isinstance(content, bytes) else json.dumps(content).encode())
