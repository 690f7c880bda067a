"""HTTP messages (RFC 9110, section 6): a request written to a connection, its response read, redirects."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from notarykit._internal.version import signing_agent
from notarykit.errors import NetworkError
from notarykit.net import trace
from notarykit.net.budget import Budget
from notarykit.net.dialing import READ_SECONDS, Connection
from notarykit.net.proxies import Proxy
from notarykit.net.response_reader import BodyTooLargeError, HeaderFields, set_timeout
from notarykit.net.urls import Origin, origin_of, redact_url, resolve_location, target_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# RFC 9110, section 15.4: these keep method and content; after the others a client may continue with GET.
_KEEP_CONTENT = frozenset({307, 308})
# Methods that define content (RFC 9110, section 8.6): without any, its length of 0 is sent.
_WITH_CONTENT = frozenset({"POST", "PUT", "PATCH"})
_SMALL = 16 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OK = 200


class StreamedContent(Protocol):
    """Content of a request that is not held in memory."""

    def __len__(self) -> int:
        """Returns its length in bytes."""

    def pieces(self) -> Iterator[bytes]:
        """Yields it piece by piece, each time from its beginning."""


class Request(NamedTuple):
    """HTTP request, and the limits of its exchange.

    Attributes:
        method: The method.
        url: An http or https URL.
        budget: Bytes and seconds for the exchange, retries and redirects included.
        limit: Largest response body in bytes.
        headers: Header fields; `Authorization` is sent to the origin of `url` only.
        body: The content.
        is_repeatable: True if sending the request twice does no harm.
        is_confidential: True if the content, too, is for the origin of `url` only.
        source: The URL whose response named `url`, or an empty string where the user did.
        attempt: Number of the attempt, from 1.
        sink: Function that takes the content of a response of status 200, piece by piece, in place of its `body`; what
            it raises is no OSError, and the request is not repeatable.
    """

    method: str
    url: str
    budget: Budget
    limit: int
    headers: Mapping[str, str] = {}
    body: bytes | StreamedContent | None = None
    is_repeatable: bool = True
    is_confidential: bool = False
    source: str = ""
    attempt: int = 1
    sink: Callable[[bytes], object] | None = None

    @property
    def origin(self) -> Origin:
        """The origin of the URL.

        Raises:
            NetworkError: The URL is malformed.
        """
        return origin_of(self.url)

    def with_headers(self, headers: Mapping[str, str]) -> "Request":
        """Returns a copy with further header fields."""
        return self._replace(headers={**self.headers, **headers})

    def without_authorization(self) -> "Request":
        """Returns a copy without `Authorization`."""
        headers = {name: value for name, value in self.headers.items() if name.lower() != "authorization"}
        return self._replace(headers=headers)


class Response(NamedTuple):
    """HTTP response.

    Attributes:
        status: The status code.
        headers: The header fields; names are case-insensitive.
        body: The content.
        url: The URL that it came from, after redirects.
        sunk: Number of bytes that the request's sink has taken.
    """

    status: int
    headers: HeaderFields
    body: bytes
    url: str
    sunk: int = 0

    def header(self, name: str) -> str:
        """Returns a header field, or an empty string."""
        return self.headers.get(name)


def _header_fields(request: Request, origin: Origin, proxy: Proxy | None) -> dict[str, str]:
    fields = {"Host": origin.netloc, "User-Agent": signing_agent(), "Accept-Encoding": "identity"}
    if proxy is not None and origin.scheme == "http":
        fields |= proxy.headers
    if request.body is not None or request.method in _WITH_CONTENT:
        fields["Content-Length"] = str(len(request.body or b""))
    fields.update(request.headers)
    return fields


def trace_exchange(
    request: Request,
    seconds: float,
    connection: Connection | None = None,
    response: Response | None = None,
    error: Exception | None = None,
) -> None:
    """Reports an exchange, or its failure, to the observers of `trace`."""
    if not trace.is_observed():
        return
    from notarykit.net.redaction import redact_fields, redact_urls_in

    proxy = connection.proxy if connection else None
    exchange = trace.Exchange(
        request.method,
        redact_urls_in(request.url),
        redact_fields(_header_fields(request, request.origin, proxy)),
        len(request.body or b""),
        request.attempt,
        str(proxy or ""),
        is_reused=connection is not None and connection.is_used,
        seconds=seconds,
        error=str(error or ""),
    )
    if response is not None:
        received = redact_fields(response.headers.items())
        size = len(response.body) + response.sunk
        exchange = exchange._replace(status=response.status, received=received, received_bytes=size)
    trace.publish(exchange)


def write_request(connection: Connection, request: Request) -> None:
    """Writes a request to a connection whose response is read next."""
    origin = connection.origin
    if connection.is_used:
        connection.began = time.monotonic()
    target = target_of(request.url)
    if connection.proxy is not None and origin.scheme == "http":  # the absolute form: RFC 9112, section 3.2.2
        target = f"http://{origin.netloc}{target}"
    lines = [f"{request.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in _header_fields(request, origin, connection.proxy).items()]
    if not "".join(lines).isprintable() and any(map(_CONTROL.search, lines)):
        raise ValueError("control characters in a header field")
    data = "\r\n".join([*lines, "", ""]).encode("latin-1")
    body = request.body or b""
    connection.reader.begin(request.method, request.budget, READ_SECONDS)
    set_timeout(connection.socket, request.budget.seconds(READ_SECONDS))
    if isinstance(body, bytes) and len(body) < _SMALL:
        connection.socket.sendall(data + body)  # in one packet
        return
    connection.socket.sendall(data)
    for piece in (body,) if isinstance(body, bytes) else body.pieces():
        set_timeout(connection.socket, request.budget.seconds(READ_SECONDS))
        connection.socket.sendall(piece)


def redirect_target(method: str, response: Response) -> str:
    """Returns the URL of a redirect (RFC 9110, section 15.4), or an empty string for any other response.

    Raises:
        NetworkError: Following it would lose the request's content, or the URL is malformed.
    """
    location = response.header("Location") if response.status in _REDIRECTS else ""
    if not location:
        return ""
    target = resolve_location(response.url, location)
    if response.status in _KEEP_CONTENT or method in ("GET", "HEAD"):
        return target
    raise NetworkError(
        f"{method} {redact_url(response.url)}: status {response.status} redirects to {redact_url(target)} without the"
        " request's content",
        advice="use the address of the redirect",
    )


def read_response(connection: Connection, request: Request) -> Response:
    """Reads the response to the request that was written last, to its end.

    Raises:
        NetworkError: Its content is compressed, or exceeds the limit.
    """
    reader = connection.reader
    headers = reader.read_head()
    limit = request.limit
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NetworkError(f"{redact_url(request.url)}: the response is compressed, which was not requested")
    declared = headers.get("Content-Length").lstrip("0") or "0"  # a number below 2**64, as llhttp has checked
    if request.method != "HEAD" and int(declared) > limit:
        raise NetworkError(
            f"{redact_url(request.url)}: the response has {declared} bytes, more than the limit of {limit}"
        )
    sink = request.sink if reader.status == _OK else None
    try:
        body = reader.read_body(limit, sink)
    except BodyTooLargeError:
        raise NetworkError(f"{redact_url(request.url)}: the response exceeds the limit of {limit} bytes") from None
    return Response(reader.status, headers, body, request.url, reader.size if sink else 0)
