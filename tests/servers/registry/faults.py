"""Faults of the fault proxy, and conditions of the requests that they meet."""

import contextlib
import functools
import gzip
import json
import re
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from tests.servers.registry.fault_proxy import Condition, Exchange, Fault, Gate
from tests.servers.registry.http_server import Reply, Seen

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SIGNATURE_TYPE = "application/vnd.cncf.notary.signature"
ENDLESS_PIECE = bytes(65536)


def at(path: str = "", *methods: str) -> Condition:
    """Take requests whose path has a match of a regular expression, and whose method is one of these if any is."""
    return lambda seen: re.search(path, seen.path) is not None and (not methods or seen.method in methods)


def has_query(**values: str) -> Condition:
    """Take requests whose query has each of these parameters with this value."""
    return lambda seen: all(seen.query.get(name) == [value] for name, value in values.items())


def is_single_post(seen: Seen) -> bool:
    """Take requests that upload a blob by a single POST."""
    return seen.method == "POST" and seen.path.endswith("/blobs/uploads/") and "digest" in seen.query


def sessions_only() -> Fault:
    """Begin a session in answer to a single POST, as a registry does that takes blobs in sessions alone."""
    return lambda exchange: exchange.reply(
        exchange.proxy.forwarded(exchange.seen._replace(body=b""), exchange.seen.path)
    )


def status(code: int, body: bytes = b'{"errors":[]}', **headers: str) -> Fault:
    """Answer with a status, without asking the registry; `_` stands for `-` in the names of headers."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    reply = Reply(code, named, body)
    if reply.header("Content-Type") is None:
        reply = reply.with_header("Content-Type", "application/json")
    return lambda exchange: exchange.reply(reply)


def too_many_requests(retry_after: str | None = None) -> Fault:
    """Answer 429, which may say how long to wait, in seconds or as a date."""
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'
    return status(429, body) if retry_after is None else status(429, body, Retry_After=retry_after)


def unavailable(retry_after: str | None = None) -> Fault:
    """Answer 503 with a page for people, as a balancer does."""
    body, kind = b"<html><h1>503 Service Unavailable</h1></html>", "text/html"
    if retry_after is None:
        return status(503, body, Content_Type=kind)
    return status(503, body, Content_Type=kind, Retry_After=retry_after)


def cut_before_headers(*, reset: bool = False) -> Fault:
    """End the connection without an answer; the registry has not been asked."""
    return lambda exchange: exchange.connection.cut(reset=reset)


def cut_after_acting(*, reset: bool = False) -> Fault:
    """Have the registry do what is asked, and end the connection without an answer."""

    def fault(exchange: Exchange) -> None:
        exchange.forwarded()
        exchange.connection.cut(reset=reset)

    return fault


def cut_in_headers() -> Fault:
    """End the connection in the middle of a header."""

    def fault(exchange: Exchange) -> None:
        exchange.connection.part(b"HTTP/1.1 200 OK\r\nContent-Type: appli")
        exchange.connection.cut()

    return fault


def cut_in_body(after: int = 0, *, reset: bool = False) -> Fault:
    """End the connection after the headers and some bytes of the body; with 0, right after the headers."""

    def fault(exchange: Exchange) -> None:
        reply = exchange.forwarded()
        _head_of(exchange, reply)
        exchange.connection.part(reply.body[:after])
        exchange.connection.cut(reset=reset)

    return fault


def changed(change: Callable[[Reply], Reply]) -> Fault:
    """Change the registry's answer in any way; its length is put right afterwards."""

    def fault(exchange: Exchange) -> None:
        reply, is_head = exchange.forwarded(), exchange.seen.method == "HEAD"
        after = change(reply)
        exchange.reply(after if is_head or after.body == reply.body else after.with_header("Content-Length", None))

    return fault


def corrupted() -> Fault:
    """Flip the lowest bit of the last byte of the body, whose length stays."""
    return changed(lambda reply: reply._replace(body=reply.body[:-1] + bytes([reply.body[-1] ^ 1])))


def shortened(by: int = 1) -> Fault:
    """Leave out the end of the body, with a length that says so."""
    return changed(lambda reply: reply._replace(body=reply.body[:-by]))


def lengthened(by: int = 1) -> Fault:
    """Add bytes to the end of the body, with a length that says so."""
    return changed(lambda reply: reply._replace(body=reply.body + b" " * by))


def endless() -> Fault:
    """Send a body without a length that goes on until the client goes away."""

    def fault(exchange: Exchange) -> None:
        reply = exchange.forwarded().with_header("Content-Length", None).with_header("Connection", "close")
        exchange.connection.head(reply)
        with contextlib.suppress(OSError):
            while True:
                exchange.connection.part(ENDLESS_PIECE)

    return fault


def claimed_length(length: int) -> Fault:
    """Promise a body of any length, send the registry's own body and end the connection."""

    def fault(exchange: Exchange) -> None:
        reply = exchange.forwarded().with_header("Content-Length", str(length))
        exchange.connection.head(reply)
        exchange.connection.part(reply.body[:length])
        exchange.connection.cut()

    return fault


def gzip_bomb(size: int = 1 << 30) -> Fault:
    """Send spaces that gzip has made a thousand times smaller, whatever encodings the client accepts."""
    return changed(lambda reply: reply.with_header("Content-Encoding", "gzip")._replace(body=_bomb(size)))


@functools.lru_cache(maxsize=4)
def _bomb(size: int) -> bytes:
    # Members of a gzip file may follow each other, so that one piece is enough to make any size of.
    piece = min(size, 1 << 24)
    return gzip.compress(b" " * piece, 9) * (size // piece)


def gzipped() -> Fault:
    """Send the registry's own body compressed, whatever encodings the client accepts."""
    return changed(lambda reply: reply.with_header("Content-Encoding", "gzip")._replace(body=gzip.compress(reply.body)))


def header(name: str, value: str | None) -> Fault:
    """Give a header of the answer another value, or leave it out."""
    return changed(lambda reply: reply.with_header(name, value))


def content_type(value: str | None) -> Fault:
    """Give the answer another media type, or none."""
    return header("Content-Type", value)


def without_digest() -> Fault:
    """Leave out Docker-Content-Digest."""
    return header("Docker-Content-Digest", None)


def pages(size: int, member: str = "manifests", *, absolute: bool = False) -> Fault:
    """Cut the registry's list into pages of a size, as a registry with many entries does.

    Args:
        size: How many entries a page has.
        member: The list's name.
        absolute: Whether the links have the host.
    """

    def fault(exchange: Exchange) -> None:
        query = {name: values[0] for name, values in exchange.seen.query.items()}
        start = int(query.pop("start", "0"))
        reply = exchange.forwarded(_target(exchange.seen.path, query))
        content = json.loads(reply.body)
        entries = content.get(member) or []
        if start + size < len(entries):
            reply = reply.with_header("Link", _next(exchange, {**query, "start": str(start + size)}, absolute=absolute))
        page = json.dumps(content | {member: entries[start : start + size]}).encode()
        exchange.reply(reply.with_header("Content-Length", None)._replace(body=page))

    return fault


def looping_pages(length: int = 2) -> Fault:
    """Link each answer to the next of some pages, and the last of them to the first again."""

    def fault(exchange: Exchange) -> None:
        query = {name: values[0] for name, values in exchange.seen.query.items()}
        page = int(query.pop("page", "0"))
        reply = exchange.forwarded(_target(exchange.seen.path, query))
        exchange.reply(reply.with_header("Link", _next(exchange, {**query, "page": str((page + 1) % length)})))

    return fault


def endless_pages() -> Fault:
    """Answer with an index of one descriptor that differs from page to page; each page has a next one."""

    def fault(exchange: Exchange) -> None:
        query = {name: values[0] for name, values in exchange.seen.query.items()}
        page = int(query.get("page", "0"))
        descriptor = {
            "mediaType": OCI_MANIFEST,
            "digest": f"sha256:{page:064x}",
            "size": 2,
            "artifactType": SIGNATURE_TYPE,
        }
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor]}
        headers = (("Content-Type", OCI_INDEX), ("Link", _next(exchange, {**query, "page": str(page + 1)})))
        exchange.reply(Reply(200, headers, json.dumps(index).encode()))

    return fault


def redirected(code: int = 307, *, by_name: bool = False) -> Fault:
    """Put the registry's answer on another host and send the client there.

    Args:
        code: The status.
        by_name: Whether the other host is called `localhost`, and not by its number.
    """

    def fault(exchange: Exchange) -> None:
        target = f"/elsewhere{exchange.seen.target}"
        other = exchange.proxy.elsewhere
        other.keep(target, exchange.forwarded())
        location = f"http://{other.host if by_name else other.address}{target}"
        exchange.reply(Reply(code, (("Location", location),)))

    return fault


def redirected_to(location: str, code: int = 307) -> Fault:
    """Send the client to an address, whatever is there; `{target}` stands for what it asked for."""
    return lambda exchange: exchange.reply(
        Reply(code, (("Location", location.replace("{target}", exchange.seen.target)),))
    )


def held(gate: Gate) -> Fault:
    """Wait at a gate before anything is sent."""

    def fault(exchange: Exchange) -> None:
        reply = exchange.forwarded()
        gate.pass_through()
        exchange.reply(reply)

    return fault


def slow(gate: Gate, after: int = 1) -> Fault:
    """Wait at a gate after the headers and some bytes of the body."""

    def fault(exchange: Exchange) -> None:
        reply = exchange.forwarded()
        _head_of(exchange, reply)
        exchange.connection.part(reply.body[:after])
        gate.pass_through()
        exchange.connection.part(reply.body[after:])

    return fault


def _head_of(exchange: Exchange, reply: Reply) -> None:
    exchange.connection.head(reply.with_header("Content-Length", str(len(reply.body))))


def _target(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _next(exchange: Exchange, query: dict[str, str], *, absolute: bool = False) -> str:
    host = f"{urlsplit(exchange.proxy.url).scheme}://{exchange.seen.headers['Host']}" if absolute else ""
    return f'<{host}{_target(exchange.seen.path, query)}>; rel="next"'
