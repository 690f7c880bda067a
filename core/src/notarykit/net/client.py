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
from notarykit.net.addresses import Origin, joined, origin_of, shown
from notarykit.net.budget import Budget
from notarykit.net.connections import Connections
from notarykit.net.faults import PASSING, BrokenError, broken, pause_before, retry_after
from notarykit.net.metered import meter

_CONNECT_SECONDS = 15.0
_READ_SECONDS = 30.0
_MOST_REDIRECTS = 5
_TRIES = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# RFC 9110, 15.4: these keep the method and the content, after the others a request may go on as a GET without content.
_KEEP_CONTENT = frozenset({307, 308})
_CHUNK = 64 * 1024


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


class Started(NamedTuple):
    """A GET request that was sent and whose answer has not been read; `HttpClient.finish` or `abandon` takes it.

    Attributes:
        connection: Where the answer will come.
        origin: Where the connection leads.
        url: What was asked for.
    """

    connection: http.client.HTTPConnection
    origin: Origin
    url: str

    def abandon(self) -> None:
        """Does without the answer."""
        self.connection.close()


class HttpClient:
    """Sends requests. May be used from several threads.

    Args:
        connections: Where connections come from.
        may_be_plain: Whether an origin may be talked to without TLS; a redirect to one that may not is refused.
        pause: Waits; tests take another.
    """

    def __init__(
        self,
        connections: Connections,
        may_be_plain: Callable[[Origin], bool],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._may_be_plain = may_be_plain
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

        Raises:
            NetworkError: There is no answer, or one that breaks a limit or leads to where the request cannot go.
        """
        for attempt in range(1, _TRIES + 1):
            is_last = attempt == _TRIES or not again
            response: Response | None = None
            try:
                response = self._follow(method, url, dict(headers or {}), body, budget, limit, is_secret=is_secret)
            except BrokenError as error:
                if is_last or not error.passes:
                    raise NetworkError(f"{method} {shown(url)}: {error}", advice=error.advice) from None
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
        self._pause(max(asked, budget.seconds(pause_before(attempt))))

    def start(self, url: str, *, budget: Budget, headers: Mapping[str, str]) -> Started | None:
        """Sends a GET request and does not wait for the answer, so that other requests go out meanwhile.

        Returns:
            What `finish` takes; None where it could not be sent, which `send` then has to try and explain.
        """
        try:
            origin = self._checked_origin(url)
            connection, _ = self._connections.take(origin)
        except NetworkError:
            return None
        try:
            self._request(connection, "GET", url, origin, headers, None, budget)
        except (OSError, http.client.HTTPException, NetworkError):
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise
        return Started(connection, origin, url)

    def finish(self, started: Started, *, limit: int) -> Response | None:
        """Reads the answer to a request that was started, on the budget that it was started with.

        Returns:
            The answer, whatever its status, without following a redirect; None where it did not come or breaks a limit,
            which `send` then has to try and explain.
        """
        connection, origin, url = started
        try:
            return self._receive(connection.getresponse(), "GET", url, origin, connection, limit)
        except (OSError, http.client.HTTPException, NetworkError):
            connection.close()
            return None
        except BaseException:
            connection.close()
            raise

    def _follow(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        budget: Budget,
        limit: int,
        *,
        is_secret: bool,
    ) -> Response:
        """Follows redirects; what is told to one origin in confidence stays there."""
        first = origin_of(url)
        for _ in range(_MOST_REDIRECTS + 1):
            origin = self._checked_origin(url)
            if origin != first:
                if is_secret:
                    raise NetworkError(f"{first.netloc} leads to {origin.netloc}, which is not to see what is sent")
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            response = self._once(method, url, origin, headers, body, budget, limit)
            following = _following(method, response)
            if not following:
                return response
            url = following
        raise NetworkError(f"{method} {shown(url)}: more than {_MOST_REDIRECTS} redirects")

    def _once(
        self,
        method: str,
        url: str,
        origin: Origin,
        headers: Mapping[str, str],
        body: bytes | None,
        budget: Budget,
        limit: int,
    ) -> Response:
        connection, is_used = self._connections.take(origin)
        try:
            try:
                answer = self._exchange(connection, method, url, origin, headers, body, budget)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not is_used:
                    raise
                # The other side may close a connection that was kept at any time; that says nothing about the request.
                connection.close()
                answer = self._exchange(connection, method, url, origin, headers, body, budget)
            return self._receive(answer, method, url, origin, connection, limit)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise broken(error) from None
        except BaseException:
            connection.close()
            raise

    def _receive(
        self,
        answer: http.client.HTTPResponse,
        method: str,
        url: str,
        origin: Origin,
        connection: http.client.HTTPConnection,
        limit: int,
    ) -> Response:
        """Reads an answer whole, and keeps its connection where it may be used again."""
        with answer:  # one that ends with its connection has the socket, which only it can close
            content = _read(answer, method, limit, url)
        if answer.will_close:
            connection.close()
        else:
            self._connections.give_back(origin, connection)
        return Response(answer.status, answer.headers, content, url)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        url: str,
        origin: Origin,
        headers: Mapping[str, str],
        body: bytes | None,
        budget: Budget,
    ) -> http.client.HTTPResponse:
        self._request(connection, method, url, origin, headers, body, budget)
        return connection.getresponse()

    def _request(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        url: str,
        origin: Origin,
        headers: Mapping[str, str],
        body: bytes | None,
        budget: Budget,
    ) -> None:
        meter(connection, budget, _READ_SECONDS)
        connection.timeout = budget.seconds(_CONNECT_SECONDS)
        if connection.sock is not None:
            connection.sock.settimeout(budget.seconds(_READ_SECONDS))
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        goal = f"{origin.scheme}://{origin.netloc}{path}" if self._connections.is_proxied(origin) else path
        fixed = {"Host": origin.netloc, "User-Agent": signing_agent(), "Accept-Encoding": "identity"}
        connection.request(method, goal, body, {**fixed, **self._connections.proxy_headers(origin), **headers})

    def _checked_origin(self, url: str) -> Origin:
        origin = origin_of(url)
        if origin.scheme == "http" and not self._may_be_plain(origin):
            raise NetworkError(
                f"{origin.netloc} is not talked to without TLS",
                advice="use --insecure-registry if that is meant, for tests alone",
            )
        return origin


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
