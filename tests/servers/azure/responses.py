"""Responses of the Key Vault stand-in, and faults that answer requests in its place."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.servers.registry.http_server import Connection, Reply

Fault = Callable[[Connection], None]
"""Answers a request in the server's place."""


class ErrorResponseError(Exception):
    """Error response of a vault."""

    def __init__(self, status: int, code: str, inner: str = "", message: str = "the reason\r\nCaller: appid=1") -> None:
        """Takes the status, the code, the inner code and the message."""
        super().__init__(code)
        self.status = status
        error: dict[str, Any] = {"code": code, "message": message}
        self.content = {"error": {**error, "innererror": {"code": inner}} if inner else error}


def json_reply(status: int, content: Mapping[str, Any]) -> Reply:
    """Returns a JSON response with a request id."""
    headers = (("Content-Type", "application/json; charset=utf-8"), ("x-ms-request-id", "request-1"))
    return Reply(status, headers, json.dumps(content).encode())


def error_response(status: int, code: str, inner: str = "", message: str = "the reason", **headers: str) -> Fault:
    """Returns a fault: an error response."""
    reply = json_reply(status, ErrorResponseError(status, code, inner, message).content)
    for name, value in headers.items():
        reply = reply.with_header(name.replace("_", "-"), value)
    return lambda connection: connection.reply(reply)


def reset(connection: Connection) -> None:
    """Fault: the connection is reset."""
    connection.cut(reset=True)


def login_page(connection: Connection) -> None:
    """Fault: a captive portal's page."""
    connection.reply(Reply(200, (("Content-Type", "text/html"),), b"<html>Sign in to the network</html>"))
