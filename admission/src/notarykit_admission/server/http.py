"""HTTP server: one port, a door for each path, and limits on everything that a client may send or leave out."""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import web

from notarykit_admission.errors import RequestError
from notarykit_admission.message import one_line
from notarykit_admission.protocol.timeout import parse_timeout, time_to_decide

_log = logging.getLogger(__name__)
_BACKLOG = 256


class Door(NamedTuple):
    """Door behind a path.

    Attributes:
        answer: Function that returns the answer in JSON to a body, within so many seconds.
        timeout: Seconds that a caller waits who does not say so with `?timeout=`.
        needs_client: True if only clients with a certificate come in.
        failure: Function that returns the body of an error in JSON, as the door's callers read it; without one, the
            body is the reason alone.
    """

    answer: Callable[[bytes, float], Awaitable[bytes]]
    timeout: float
    needs_client: bool = False
    failure: Callable[[str], bytes] | None = None

    def fail(self, status: int, reason: str) -> web.Response:
        """Returns the response to a request that is not answered."""
        if self.failure is None:
            return _text(status, reason)
        return web.Response(status=status, body=self.failure(reason), content_type="application/json")


class HTTPLimits(NamedTuple):
    """Limits of the server.

    Attributes:
        body: Bytes of a request's body. An object of the API server has at most 3 MiB, and a review of an update two.
        reviews: Number of requests that are answered at a time; one more is refused at once.
        handshake_seconds: Time for the handshake of TLS.
        body_seconds: Time for the body, once its request has begun.
        idle_seconds: Time after which a connection without a request is closed; clients in Go close theirs after 90.
    """

    body: int = 7 * 1024 * 1024
    reviews: int = 200
    handshake_seconds: float = 5.0
    body_seconds: float = 5.0
    idle_seconds: float = 120.0


USUAL_LIMITS = HTTPLimits()


class HTTPServer:
    """Serves doors, and what can be read of the program's state.

    Args:
        doors: Doors by path, for POST.
        pages: Functions that return a status and a text, by path, for GET.
        limits: Limits of what clients may do.
    """

    def __init__(
        self,
        doors: Mapping[str, Door],
        pages: Mapping[str, Callable[[], tuple[int, str]]],
        limits: HTTPLimits = USUAL_LIMITS,
    ) -> None:
        self._doors = doors
        self._pages = pages
        self._limits = limits
        self._reviews = 0
        self._is_ending = False
        self._protocols: web.Server | None = None
        self._listener: asyncio.Server | None = None

    async def start(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        """Starts to serve on a listening socket."""
        self._protocols = web.Server(
            self._handle,
            request_factory=self._request,
            keepalive_timeout=self._limits.idle_seconds,
            access_log=None,
        )
        self._listener = await asyncio.get_running_loop().create_server(
            self._protocols,
            sock=listening,
            ssl=context,
            ssl_handshake_timeout=self._limits.handshake_seconds,
            backlog=_BACKLOG,
        )

    def drain(self) -> None:
        """Begins to end: each connection is closed with its next answer, which says so, so that no request is lost."""
        self._is_ending = True

    async def stop(self, seconds: float) -> None:
        """Stops to listen, answers what has been asked, and closes all connections after so many seconds at most."""
        self.drain()
        if self._listener is not None:
            self._listener.close()
        if self._protocols is not None:
            self._protocols.pre_shutdown()  # those that wait for a request
            await self._protocols.shutdown(seconds)

    def _request(self, *arguments: object) -> web.BaseRequest:
        """Makes a request; called with what aiohttp's parser has found, in its order."""
        message, payload, protocol, writer, task = arguments
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=self._limits.body)  # type: ignore[arg-type]

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._respond(request, time.monotonic())
        if self._is_ending:
            response.force_close()
        return response

    async def _respond(self, request: web.BaseRequest, begun: float) -> web.Response:
        if (page := self._pages.get(request.path)) is not None:
            return _text(*page()) if request.method in {"GET", "HEAD"} else _text(405, "GET is spoken here")
        if (door := self._doors.get(request.path)) is None:
            return _text(404, "there is no such door")
        if request.method != "POST":
            return _text(405, "POST is spoken here")
        if door.needs_client and not request.get_extra_info("peercert"):
            return door.fail(403, "a client certificate is needed here")
        if self._reviews >= self._limits.reviews:
            return door.fail(429, "too many requests at once: try again")
        self._reviews += 1
        try:
            return await self._answer(request, door, begun)
        finally:
            self._reviews -= 1

    async def _answer(self, request: web.BaseRequest, door: Door, begun: float) -> web.Response:
        try:
            timeout = parse_timeout(request.query["timeout"]) if "timeout" in request.query else door.timeout
            body = await self._body(request)
            seconds = max(0.0, begun + time_to_decide(timeout) - time.monotonic())
            return web.Response(body=await door.answer(body, seconds), content_type="application/json")
        except _BodyError as error:
            response = door.fail(error.status, str(error))
            response.force_close()  # what is left of the body is not read
            return response
        except RequestError as error:
            return door.fail(400, str(error))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the caller is answered, and nothing is admitted
            _log.exception("a request cannot be answered")
            return door.fail(500, f"internal error: {type(error).__name__}; the log has more")

    async def _body(self, request: web.BaseRequest) -> bytes:
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise _BodyError(413, f"the body has more than {self._limits.body} bytes") from None
        except TimeoutError:
            raise _BodyError(408, "the body did not come in time") from None


class _BodyError(Exception):
    """The body of a request is not read to its end."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=one_line(text))
