"""Routes and pages: what is behind a path."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from notarykit_admission.message import one_line


class Route(NamedTuple):
    """Route from a path to what answers there, for POST.

    Attributes:
        answer: Function that returns the answer in JSON to a body, within so many seconds.
        timeout: Seconds that a caller waits who does not say so with `?timeout=`.
        failure: Function that returns the body of an error in JSON, as the callers read it.
        needs_client: True if only clients with a certificate come in.
    """

    answer: Callable[[bytes, float], Awaitable[bytes]]
    timeout: float
    failure: Callable[[str], bytes]
    needs_client: bool = False

    def fail(self, status: int, reason: str) -> web.Response:
        """Returns the response to a request that is not answered."""
        return web.Response(status=status, body=self.failure(reason), content_type="application/json")


class Page(NamedTuple):
    """Text behind a path, for GET.

    Attributes:
        status: Status of the response.
        text: The text, in UTF-8.
        content_type: Its type.
    """

    status: int
    text: bytes
    content_type: str = "text/plain; charset=utf-8"

    def response(self) -> web.Response:
        """Returns the response."""
        return web.Response(status=self.status, body=self.text, headers={"Content-Type": self.content_type})


def text_response(status: int, text: str) -> web.Response:
    """Returns a response with one line of text."""
    return Page(status, one_line(text).encode()).response()
