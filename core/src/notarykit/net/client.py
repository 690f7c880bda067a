"""HTTP as the house speaks it: one request, one answer with a limit, redirects that keep secrets, and trying again.

Nothing is ever decompressed: `identity` is asked for, and anything else is refused, so that no small answer becomes
large.
"""

import http.client
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit.agent import signing_agent
from notarykit.errors import NetworkError
from notarykit.net import trace
from notarykit.net.addresses import Origin, joined, origin_of, shown
from notarykit.net.budget import Budget
from notarykit.net.connections import Connections
from notarykit.net.destinations import Destinations, Network
from notarykit.net.dialing import READ_SECONDS, Connection
from notarykit.net.faults import (
    PASSING,
    BrokenError,
    broken,
    only_tls,
    pause_before,
    refused_by,
    retry_after,
    says_only_tls,
)
from notarykit.net.metered import meter
from notarykit.net.proxies import Proxy

_MOST_REDIRECTS = 5
_TRIES = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# RFC 9110, 15.4: these keep the method and the content, after the others a request may go on as a GET without content.
_KEEP_CONTENT = frozenset({307, 308})
_CHUNK = 64 * 1024
_PROXY_AUTHENTICATION = 407


class Response(NamedTuple):
    """An answer.

    Attributes:
        status: The status code.
        headers: The header fields; names count in any case.
        body: The content.
        url: Where it came from, after redirects.
    """

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    url: str

    def header(self, name: str) -> str:
        """A header field, or an empty string."""
        return self.headers.get(name, "") or ""


class _Request(NamedTuple):
    """A request to one origin, the how manieth try it may be."""

    method: str
    url: str
    origin: Origin
    headers: Mapping[str, str]
    body: bytes | None
    budget: Budget
    limit: int
    attempt: int = 1


class Started(NamedTuple):
    """A GET request that was sent and whose answer has not been read; `HttpClient.finish` or `abandon` takes it.

    Attributes:
        connection: Where the answer will come.
        request: What was asked for.
    """

    connection: Connection
    request: _Request

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
        request = _Request(method, url, origin_of(url), dict(headers or {}), body, budget, limit)
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
            request = _Request("GET", url, origin, headers, None, budget, limit=0)
            connection = self._connections.kept(origin) or self._connections.open(origin, budget)
        except (BrokenError, NetworkError):
            return None
        try:
            _send(connection, request)
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

    def _follow(self, request: _Request, source: str, *, is_secret: bool) -> Response:
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
            following = _following(request.method, response)
            if not following:
                return response
            source, request = request.url, request._replace(url=following)
        raise NetworkError(f"{request.method} {shown(request.url)}: more than {_MOST_REDIRECTS} redirects")

    def _once(self, request: _Request, began: Network | None) -> tuple[Response, Network]:
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
            _tell(request, time.monotonic() - begin, error=error)
            raise
        connection.began = begin
        return self._exchange(connection, request), connection.network

    def _exchange(self, connection: Connection, request: _Request) -> Response:
        try:
            _send(connection, request)
            return self._receive(connection, request)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # The other side may close a connection that was kept at any time; that says nothing about the request.
            if connection.is_used and isinstance(error, ConnectionError) and not connection.has_answered:
                raise _ClosedError from None
            reason = broken(error).through(connection.proxy)
            _tell(request, connection.seconds, connection, error=reason)
            raise reason from None
        except BaseException as error:
            connection.close()
            if isinstance(error, NetworkError):
                _tell(request, connection.seconds, connection, error=error)
            raise

    def _receive(self, connection: Connection, request: _Request) -> Response:
        """Reads an answer whole, and keeps its connection where it may be used again."""
        method, url, origin = request[:3]
        with connection.getresponse() as answer:  # one that ends with its connection has the socket, which it closes
            connection.has_answered = True
            content = _read(answer, method, request.limit, url)
        _tell(request, connection.seconds, connection, answer, len(content))
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


def _fields(request: _Request, proxy: Proxy | None) -> dict[str, str]:
    fixed = {"Host": request.origin.netloc, "User-Agent": signing_agent(), "Accept-Encoding": "identity"}
    if proxy is not None and request.origin.scheme == "http":
        fixed |= proxy.headers
    return {**fixed, **request.headers}


def _tell(
    request: _Request,
    seconds: float,
    connection: Connection | None = None,
    answer: http.client.HTTPResponse | None = None,
    received: int = 0,
    error: Exception | None = None,
) -> None:
    """Shows what became of a request to whoever watches."""
    if not trace.is_observed():
        return
    from notarykit.net.redaction import address, without_secrets

    proxy = connection.proxy if connection else None
    told = trace.Exchange(
        request.method,
        address(request.url),
        without_secrets(_fields(request, proxy)),
        len(request.body or b""),
        request.attempt,
        str(proxy or ""),
        is_reused=connection is not None and connection.is_used,
        seconds=seconds,
        error=str(error or ""),
    )
    if answer is not None:
        received_fields = without_secrets(answer.headers.items())
        told = told._replace(status=answer.status, received=received_fields, received_bytes=received)
    trace.tell(told)


def _send(connection: Connection, request: _Request) -> None:
    url, origin = request.url, request.origin
    meter(connection, request.budget, READ_SECONDS)
    assert connection.sock is not None
    connection.sock.settimeout(request.budget.seconds(READ_SECONDS))
    connection.has_answered = False
    if connection.is_used:
        connection.began = time.monotonic()
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if connection.proxy is not None and origin.scheme == "http":  # a proxy without a tunnel: RFC 9112, section 3.2.2
        path = f"http://{origin.netloc}{path}"
    connection.request(request.method, path, request.body, _fields(request, connection.proxy))


def may_pass(response: Response) -> bool:
    """Whether an answer tells of a fault that another try may not meet."""
    return response.status in PASSING


def _following(method: str, response: Response) -> str:
    """Where a request goes on, or an empty string where the answer stands.

    Raises:
        NetworkError: What is sent would not go along, or the address is malformed.
    """
    location = response.header("Location")
    if response.status not in _REDIRECTS or not location:
        return ""
    target = joined(response.url, location)
    if response.status in _KEEP_CONTENT or method in ("GET", "HEAD"):
        return target
    raise NetworkError(
        f"{method} {shown(response.url)}: status {response.status} leads to {shown(target)} without what is sent",
        advice="use the address to which it leads",
    )


def _read(answer: http.client.HTTPResponse, method: str, limit: int, url: str) -> bytes:
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise NetworkError(f"{shown(url)}: the answer is compressed, which was not asked for")
    declared = answer.headers.get("Content-Length", "0")
    if method != "HEAD" and declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise NetworkError(f"{shown(url)}: the answer has {declared[:20]} bytes, more than the {limit} that are read")
    parts = []
    size = 0
    while part := answer.read1(_CHUNK):
        size += len(part)
        if size > limit:
            raise NetworkError(f"{shown(url)}: the answer is longer than the {limit} bytes that are read")
        parts.append(part)
    if answer.length:  # read1 does not notice that the other side stopped too early
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)
