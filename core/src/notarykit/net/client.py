"""HTTP as the house speaks it: one request, one answer with a limit, redirects that keep secrets, and trying again.

Nothing is ever decompressed: `identity` is asked for, and anything else is refused, so that no small answer becomes
large.
"""

import http.client
import random
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from notarykit.agent import signing_agent
from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.connections import Connections, Origin, origin_of

_CONNECT_SECONDS = 15.0
_READ_SECONDS = 30.0
_MOST_REDIRECTS = 5
_TRIES = 5
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
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


class _BrokenError(Exception):
    """The connection broke; the cause says how."""


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

        Raises:
            NetworkError: There is no answer, or one that breaks a limit.
        """
        for attempt in range(1, _TRIES + 1):
            is_last = attempt == _TRIES or not again
            try:
                response = self._follow(method, url, dict(headers or {}), body, budget, limit)
            except _BrokenError as error:
                if is_last:
                    raise NetworkError(
                        f"{method} {_shown(url)}: {error.__cause__ or error}",
                        advice="check the address and the network",
                    ) from None
                delay = _pause_before(attempt)
            else:
                if response.status not in _AGAIN or is_last:
                    return response
                delay = max(_pause_before(attempt), _retry_after(response))
            if delay > budget.seconds(delay):
                raise NetworkError(
                    f"{method} {_shown(url)}: the server asks for a pause of {delay:g} seconds, which is too long"
                )
            self._pause(delay)
        raise AssertionError("unreachable")

    def _follow(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, budget: Budget, limit: int
    ) -> Response:
        """Follows redirects of requests without content; what is told to one origin in confidence stays there."""
        first = origin_of(url)
        for _ in range(_MOST_REDIRECTS + 1):
            origin = _checked_origin(url, self._may_be_plain)
            if origin != first:
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            response = self._once(method, url, origin, headers, body, budget, limit)
            location = response.header("Location")
            if response.status not in _REDIRECTS or method not in ("GET", "HEAD") or not location:
                return response
            url = urljoin(url, location)
        raise NetworkError(f"{method} {_shown(url)}: more than {_MOST_REDIRECTS} redirects")

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
            content = _read(answer, method, connection, budget, limit, url)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _BrokenError(_reason(error)) from None
        except BaseException:
            connection.close()
            raise
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
        connection.timeout = budget.seconds(_CONNECT_SECONDS)
        if connection.sock is not None:
            connection.sock.settimeout(budget.seconds(_READ_SECONDS))
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        goal = f"{origin.scheme}://{origin.netloc}{path}" if self._connections.is_proxied(origin) else path
        fixed = {"Host": origin.netloc, "User-Agent": signing_agent(), "Accept-Encoding": "identity"}
        connection.request(method, goal, body, {**fixed, **self._connections.proxy_headers(origin), **headers})
        connection.sock.settimeout(budget.seconds(_READ_SECONDS))
        return connection.getresponse()


def _checked_origin(url: str, may_be_plain: Callable[[Origin], bool]) -> Origin:
    try:
        origin = origin_of(url)
    except ValueError as error:
        raise NetworkError(str(error)) from None
    if origin.scheme == "http" and not may_be_plain(origin):
        raise NetworkError(
            f"{origin.netloc} is not talked to without TLS",
            advice="use --insecure-registry if that is meant, for tests alone",
        )
    return origin


def _read(
    answer: http.client.HTTPResponse,
    method: str,
    connection: http.client.HTTPConnection,
    budget: Budget,
    limit: int,
    url: str,
) -> bytes:
    encoding = answer.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise NetworkError(f"{_shown(url)}: the answer is compressed ({encoding}), which was not asked for")
    declared = answer.headers.get("Content-Length", "0")
    if method != "HEAD" and declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise NetworkError(f"{_shown(url)}: the answer has {declared[:20]} bytes, more than the {limit} that are read")
    parts = []
    size = 0
    while True:
        if connection.sock is not None:
            connection.sock.settimeout(budget.seconds(_READ_SECONDS))
        part = answer.read1(_CHUNK) if method != "HEAD" else answer.read()
        if not part:
            break
        size += len(part)
        budget.spend(len(part))
        if size > limit:
            raise NetworkError(f"{_shown(url)}: the answer is longer than the {limit} bytes that are read")
        parts.append(part)
    if answer.length:  # read1 does not notice that the other side stopped too early
        raise http.client.IncompleteRead(b"", answer.length)
    answer.close()  # the connection is free for the next request; read1 does not say so by itself
    return b"".join(parts)


def _pause_before(attempt: int) -> float:
    longest = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret


def _retry_after(response: Response) -> float:
    """Retry-After (RFC 9110, section 10.2.3), seconds or a date, in seconds from now."""
    text = response.header("Retry-After").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0


_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted: {0.verify_message}"),
    (ssl.SSLError, "TLS failed: {0.reason}"),
    (socket.gaierror, "its name cannot be resolved"),
    (TimeoutError, "no answer in time"),
    (
        (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError),
        "the connection broke before the answer was complete",
    ),
    (OSError, "{0.strerror}"),
)


def _reason(error: Exception) -> str:
    """A broken connection in a few words; what a server wrote is not repeated."""
    for kinds, text in _REASONS:
        if isinstance(error, kinds):
            return text.format(error)
    return f"the answer is not HTTP: {type(error).__name__}"


def _shown(url: str) -> str:
    """A URL without its query, which may carry a signature that is as good as a password."""
    return url.partition("?")[0]
