"""HTTP server: one port, a route for each path, and limits on everything that a client may send or leave out."""

import logging
import socket
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from aiohttp import web

from notarykit_admission.context import address_of_caller, trace_of_request
from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.timeout import parse_timeout, time_to_decide
from notarykit_admission.protocol.trace import parse_traceparent
from notarykit_admission.server.body import Bodies, RefusedError, client_of
from notarykit_admission.server.connections import Connections
from notarykit_admission.server.limits import HTTPLimits, Limit
from notarykit_admission.server.route import Page, Route, text_response
from notarykit_admission.server.throttled_log import ThrottledFilter, ThrottledLog
from notarykit_admission.server.tls import ServerTLS
from notarykit_admission.shares import Shares

_log = logging.getLogger(__name__)
_OTHER_PATH = "other"
# Of a head, which any number of clients may send and not end; a token in it has some KiB.
_LONGEST_FIELD, _MOST_FIELDS = 4096, 32
_client_log = logging.getLogger(f"{__name__}.clients")
_client_log.addFilter(ThrottledFilter())


class ServerObserver(Protocol):
    """Observes a server."""

    def answered(self, path: str, status: int) -> None:
        """Called with each answer: the path without its slash at the front, or `other` where nothing is behind it."""

    def refused(self, limit: Limit) -> None:
        """Called with each limit that a request or a connection was refused by."""


class HTTPServer:
    """Serves routes, and pages about the program's state.

    Args:
        routes: Routes by path, for POST.
        pages: Functions that return a page, by path, for GET.
        limits: Limits of what clients may do.
        observer: Observes the server.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        pages: Mapping[str, Callable[[], Page]],
        limits: HTTPLimits,
        observer: ServerObserver,
    ) -> None:
        self._routes = routes
        self._pages = pages
        self._limits = limits
        self._observer = observer
        self._bodies = Bodies(limits)
        self._reviews = Shares[str](limits.reviews, limits.share_of(limits.reviews))
        self._refusals = ThrottledLog(_log)
        self._is_ending = False
        self._protocols: web.Server | None = None
        self._connections: Connections | None = None
        self._tls: ServerTLS | None = None

    @property
    def reviews(self) -> int:
        """Number of requests that are answered now."""
        return self._reviews.in_use

    @property
    def connections(self) -> int:
        """Number of connections that are open."""
        return 0 if self._connections is None else len(self._connections)

    def start(self, listening: socket.socket, tls: ServerTLS) -> None:
        """Starts to serve on a listening socket; called in the event loop."""
        self._tls = tls
        self._protocols = web.Server(
            self._handle,
            keepalive_timeout=self._limits.idle_seconds,
            access_log=None,
            logger=_client_log,
            max_line_size=_LONGEST_FIELD,
            max_field_size=_LONGEST_FIELD,
            max_headers=_MOST_FIELDS,
            auto_decompress=False,  # a small body may become any amount of memory
        )
        self._connections = Connections(self._protocols, self._limits, self._observer.refused)
        self._connections.start(listening, tls.context)

    def drain(self) -> None:
        """Begins to end: each connection is closed with its next answer, which says so, so that no request is lost."""
        self._is_ending = True

    async def stop(self, seconds: float) -> None:
        """Stops to listen, answers what has been asked, and closes all connections after so many seconds at most."""
        self.drain()
        if self._connections is None or self._protocols is None:
            return
        self._connections.stop_listening()
        self._protocols.pre_shutdown()  # those that wait for a request
        await self._protocols.shutdown(seconds)
        await self._connections.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        begun = time.monotonic()
        trace_of_request.set(parse_traceparent(request.headers.get("traceparent", "")))
        connection = self._connections.begin(request.protocol) if self._connections else None
        try:
            response = await self._respond(request, begun)
        finally:
            if connection is not None:
                connection.end()
        path = request.path if request.path in self._routes or request.path in self._pages else _OTHER_PATH
        self._observer.answered(path.lstrip("/"), response.status)
        is_present = self._tls is not None and self._tls.is_present(request.get_extra_info("ssl_object"))
        if self._is_ending or not is_present:
            response.force_close()
        return response

    async def _respond(self, request: web.BaseRequest, begun: float) -> web.Response:
        if (page := self._pages.get(request.path)) is not None:
            return page().response() if request.method in {"GET", "HEAD"} else text_response(405, "use GET")
        if (route := self._routes.get(request.path)) is None:
            return text_response(404, "nothing is served at this path")
        if request.method != "POST":
            return text_response(405, "use POST")
        if route.needs_client and not request.get_extra_info("peercert"):
            return self._fail(request, route, 403, "a client certificate is needed here")
        client = client_of(request)
        address_of_caller.set(client)
        if not self._reviews.take(client):
            self._observer.refused(Limit.REVIEWS)
            return self._fail(request, route, 429, "too many requests at once: try again")
        try:
            return await self._answer(request, route, begun)
        finally:
            self._reviews.give_back(client)

    async def _answer(self, request: web.BaseRequest, route: Route, begun: float) -> web.Response:
        try:
            timeout = parse_timeout(request.query["timeout"]) if "timeout" in request.query else route.timeout
            async with self._bodies.read(request) as body:
                seconds = max(0.0, begun + time_to_decide(timeout) - time.monotonic())
                return web.Response(body=await route.answer(body, seconds), content_type="application/json")
        except RefusedError as error:
            self._observer.refused(error.limit)
            response = self._fail(request, route, error.status, str(error))
            response.force_close()  # what is left of the body is not read
            return response
        except RequestError as error:
            return self._fail(request, route, 400, str(error))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the caller is answered, and nothing is admitted
            _log.exception("a request cannot be answered")
            return route.fail(500, f"internal error: {type(error).__name__}; the log has more")

    def _fail(self, request: web.BaseRequest, route: Route, status: int, reason: str) -> web.Response:
        self._refusals.warn(f"{request.path} {status}", reason)
        return route.fail(status, reason)
