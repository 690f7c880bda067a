"""One request and its answer on a connection: what is written, what is read, and where an answer leads."""

import http.client
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit._internal.version import signing_agent
from notarykit.errors import NetworkError
from notarykit.net import trace
from notarykit.net.bounded_reader import meter
from notarykit.net.budget import Budget
from notarykit.net.dialing import READ_SECONDS, Connection
from notarykit.net.proxies import Proxy
from notarykit.net.retry import PASSING
from notarykit.net.urls import Origin, joined, shown

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


class Request(NamedTuple):
    """A request to one origin, the how manieth try it may be."""

    method: str
    url: str
    origin: Origin
    headers: Mapping[str, str]
    body: bytes | None
    budget: Budget
    limit: int
    attempt: int = 1


def _fields(request: Request, proxy: Proxy | None) -> dict[str, str]:
    fixed = {"Host": request.origin.netloc, "User-Agent": signing_agent(), "Accept-Encoding": "identity"}
    if proxy is not None and request.origin.scheme == "http":
        fixed |= proxy.headers
    return {**fixed, **request.headers}


def tell(
    request: Request,
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


def write(connection: Connection, request: Request) -> None:
    """Writes a request to a connection whose answer is to be read next."""
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


def following(method: str, response: Response) -> str:
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


def read(answer: http.client.HTTPResponse, method: str, limit: int, url: str) -> bytes:
    """Reads an answer's content whole.

    Raises:
        NetworkError: It is compressed, or longer than the limit.
    """
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
