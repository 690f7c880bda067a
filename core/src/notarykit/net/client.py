"""HTTP as the house speaks it: one request, one answer with a limit, redirects that keep secrets, and trying again.

Nothing is ever decompressed: `identity` is asked for, and anything else is refused, so that no small answer becomes
large.
"""

import http.client
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from notarykit.errors import NetworkError
from notarykit.net import trace
from notarykit.net.budget import Budget
from notarykit.net.destinations import Destinations, Network
from notarykit.net.dialing import Connection
from notarykit.net.messages import Request, Response, following, may_pass, read, tell, write
from notarykit.net.pool import Connections
from notarykit.net.retry import (
    BrokenError,
    broken,
    only_tls,
    pause_before,
    refused_by,
    retry_after,
    says_only_tls,
)
from notarykit.net.urls import Origin, origin_of, shown

_MOST_REDIRECTS = 5
_TRIES = 5
_PROXY_AUTHENTICATION = 407


class Started(NamedTuple):
    """A GET request that was sent and whose answer has not been read; `HttpClient.finish` or `abandon` takes it.

    Attributes:
        connection: Where the answer will come.
        request: What was asked for.
    """

    connection: Connection
    request: Request

    def abandon(self) -> None:
        """Does without the answer."""
        self.connection.close()


class HttpClient:
    """Sends requests. May be used from several threads.

    Args:
        connections: Where connections come from.
        destinations: Where requests may go.
        pause: Waits; tests take another.
    """

    def __init__(
        self,
        connections: Connections,
        destinations: Destinations,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._destinations = destinations
        self._pause = pause

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._connections.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        budget: Budget,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        again: bool = True,
        is_secret: bool = False,
        source: str = "",
    ) -> Response:
        """Sends a request and reads its answer; after a passing fault, again, with pauses that grow.

        Args:
            method: The method.
            url: Where to.
            budget: What may be spent on it.
            limit: How long the answer may be.
            headers: Header fields; `Authorization` stays with the origin of `url`.
            body: The content.
            again: Whether the request can be sent twice without harm.
            is_secret: Whether the content, too, stays with the origin of `url`.
            source: The address whose answer named `url`, or an empty string where the user did.

        Raises:
            NetworkError: There is no answer, or one that breaks a limit or leads to where the request cannot go.
        """
        request = Request(method, url, origin_of(url), dict(headers or {}), body, budget, limit)
        for attempt in range(1, _TRIES + 1):
            is_last = attempt == _TRIES or not again
            response: Response | None = None
            try:
                response = self._follow(request._replace(attempt=attempt), source, is_secret=is_secret)
            except BrokenError as error:
                if is_last or not error.passes:
                    advice = self._destinations.advice(error.kind) or error.advice
                    raise NetworkError(f"{method} {shown(url)}: {error}", advice=advice) from None
            if response is not None and (is_last or not may_pass(response)):
                return response
            self.rest(attempt, budget, response)
        raise AssertionError("unreachable")

    def rest(self, attempt: int, budget: Budget, response: Response | None = None) -> None:
        """Waits before the next try: longer from one to the next, and as long as the last answer asks for.

        Raises:
            NetworkError: There is not so much time.
        """
        asked = retry_after(response.header("Retry-After")) if response else 0.0
        if asked > budget.seconds(asked):
            raise NetworkError(f"the server asks for a pause of {asked:g} seconds, which is too long")
        seconds = max(asked, budget.seconds(pause_before(attempt)))
        trace.note(f"pause of {seconds:.2f} seconds before try {attempt + 1}")
        self._pause(seconds)

    def start(self, url: str, *, budget: Budget, headers: Mapping[str, str]) -> Started | None:
        """Sends a GET request and does not wait for the answer, so that other requests go out meanwhile.

        Returns:
            What `finish` takes; None where it could not be sent, which `send` then has to try and explain.
        """
        try:
            origin = self._checked_origin(url)
            request = Request("GET", url, origin, headers, None, budget, limit=0)
            connection = self._connections.kept(origin) or self._connections.open(origin, budget)
        except (BrokenError, NetworkError):
            return None
        try:
            write(connection, request)
        except (OSError, http.client.HTTPException, NetworkError):
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise
        return Started(connection, request)

    def finish(self, started: Started, *, limit: int) -> Response | None:
        """Reads the answer to a request that was started, on the budget that it was started with.

        Returns:
            The answer, whatever its status, without following a redirect; None where it did not come or breaks a limit,
            which `send` then has to try and explain.
        """
        connection, request = started
        try:
            return self._receive(connection, request._replace(limit=limit))
        except (OSError, http.client.HTTPException, BrokenError, NetworkError):
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise

    def _follow(self, request: Request, source: str, *, is_secret: bool) -> Response:
        """Follows redirects; what is told to one origin in confidence stays there."""
        first, began = request.origin, None
        for _ in range(_MOST_REDIRECTS + 1):
            origin = self._checked_origin(request.url, source)
            headers = request.headers
            if origin != first:
                if is_secret:
                    raise NetworkError(f"{first.netloc} leads to {origin.netloc}, which is not to see what is sent")
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            request = request._replace(origin=origin, headers=headers)
            response, network = self._once(request, began)
            began = began or network
            target = following(request.method, response)
            if not target:
                return response
            source, request = request.url, request._replace(url=target)
        raise NetworkError(f"{request.method} {shown(request.url)}: more than {_MOST_REDIRECTS} redirects")

    def _once(self, request: Request, began: Network | None) -> tuple[Response, Network]:
        """The answer to a request, and how near the one is who gave it."""
        connection = self._connections.kept(request.origin)
        if connection is not None:
            try:
                return self._exchange(connection, request), connection.network
            except _ClosedError:
                trace.note(f"{request.origin.netloc} has closed the connection meanwhile: it is opened anew")
        begin = time.monotonic()
        try:
            connection = self._connections.open(
                request.origin, request.budget, lambda network: self._destinations.admits(network, began)
            )
        except (BrokenError, NetworkError) as error:
            tell(request, time.monotonic() - begin, error=error)
            raise
        connection.began = begin
        return self._exchange(connection, request), connection.network

    def _exchange(self, connection: Connection, request: Request) -> Response:
        try:
            write(connection, request)
            return self._receive(connection, request)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # The other side may close a connection that was kept at any time; that says nothing about the request.
            if connection.is_used and isinstance(error, ConnectionError) and not connection.has_answered:
                raise _ClosedError from None
            reason = broken(error).through(connection.proxy)
            tell(request, connection.seconds, connection, error=reason)
            raise reason from None
        except BaseException as error:
            connection.close()
            if isinstance(error, NetworkError):
                tell(request, connection.seconds, connection, error=error)
            raise

    def _receive(self, connection: Connection, request: Request) -> Response:
        """Reads an answer whole, and keeps its connection where it may be used again."""
        method, url, origin = request[:3]
        with connection.getresponse() as answer:  # one that ends with its connection has the socket, which it closes
            connection.has_answered = True
            content = read(answer, method, request.limit, url)
        tell(request, connection.seconds, connection, answer, len(content))
        if answer.will_close:
            connection.close()
        else:
            self._connections.give_back(connection)
        if origin.scheme == "http":
            if connection.proxy is not None and answer.status == _PROXY_AUTHENTICATION:
                raise refused_by(connection.proxy, answer.status)
            if says_only_tls(answer.status, content):
                raise only_tls().through(connection.proxy)
        return Response(answer.status, answer.headers, content, url)

    def _checked_origin(self, url: str, source: str = "") -> Origin:
        origin = origin_of(url)
        self._destinations.check(origin, origin_of(source) if source else None)
        return origin


class _ClosedError(Exception):
    """A connection that was kept had been closed meanwhile."""
