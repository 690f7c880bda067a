"""A server for OCSP answers and CRLs that a test gives, and for everything that can go wrong with them."""

import base64
import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import unquote

from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen

OCSP_TYPE = "application/ocsp-response"
CRL_TYPE = "application/pkix-crl"
ENDLESS_SIZE = 10 << 30
SECONDS_TO_BE_ASKED = 30.0
_PIECE = b"\0" * 65536
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

Answer = Callable[[Seen, Connection], None]
Body = bytes | Callable[[], bytes]


class _Server(RecordingServer):
    def __init__(self, owner: "Responder") -> None:
        super().__init__()
        self._owner = owner

    def answer(self, seen: Seen, connection: Connection) -> None:
        self._owner.answer(seen, connection)


class Responder:
    """A server for HTTP on a free port of 127.0.0.1, from entering the context until leaving it.

    What is told about a path replaces what was told about it before, and holds for what is below the path too, as the
    address of an OCSP request is; whatever is told more closely, or with its query, has precedence.

    Attributes:
        asked: How often each path was asked for; an OCSP request in an address counts for the responder's path.
        stopping: Set when the server stops.
    """

    def __init__(self) -> None:
        """Make a server that has nothing yet."""
        self.asked: Counter[str] = Counter()
        self.stopping = threading.Event()
        self._server = _Server(self)
        self._answers: dict[str, Answer] = {}
        self._counted = threading.Condition(self._server.lock)
        self._closed = socket.socket()

    def __enter__(self) -> Self:
        """Start to accept connections."""
        # A port that is taken and not listened at refuses connections, and nobody else gets it meanwhile.
        self._closed.bind(("127.0.0.1", 0))
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, whatever is being answered."""
        self.stopping.set()
        self._closed.close()
        self._server.__exit__(kind, error, trace)

    @property
    def seen(self) -> list[Seen]:
        """Every request in the order of coming."""
        return self._server.seen

    @property
    def port(self) -> int:
        """Where the server listens."""
        return self._server.port

    def url(self, path: str = "") -> str:
        """The address of a path."""
        return f"{self._server.url}{path}"

    def refusing_url(self, path: str = "") -> str:
        """The address of a path at a port where connections are refused."""
        return f"http://127.0.0.1:{self._closed.getsockname()[1]}{path}"

    def put(
        self,
        path: str,
        body: Body,
        content_type: str | None = CRL_TYPE,
        status: int = 200,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> str:
        """Answer with a body, or with what is called for it each time; return the address.

        Args:
            path: The path, which may have a query.
            body: The body.
            content_type: Its media type, or None to leave that out.
            status: The status.
            headers: More headers.
        """
        named = tuple(headers.items()) if content_type is None else (("Content-Type", content_type), *headers.items())
        return self.answering(path, lambda _, to: to.reply(Reply(status, named, _bytes(body))))

    def ocsp(self, path: str, answer: Callable[[bytes, str], bytes], content_type: str = OCSP_TYPE) -> str:
        """Answer OCSP requests, in the body of a POST or in the address of a GET; return the address.

        Args:
            path: The responder's path.
            answer: Takes a request in DER and its method, and returns the answer in DER.
            content_type: The answer's media type.
        """

        def reply(seen: Seen, to: Connection) -> None:
            request = seen.body if seen.method == "POST" else _request_in(seen.path, path)
            if request is None:
                to.reply(Reply(400))
            else:
                to.reply(Reply(200, (("Content-Type", content_type),), answer(request, seen.method)))

        return self.answering(path, reply)

    def fail(self, path: str, status: int = 500) -> str:
        """Answer with a status and a page for people; return the address."""
        return self.put(path, f"<html><h1>{status}</h1></html>".encode(), "text/html", status)

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        """Send the client to another address, or path of this server; return the address."""
        return self.put(path, b"", None, status, {"Location": self.url(to) if to.startswith("/") else to})

    def redirect_in_a_circle(self, path: str, length: int = 2, status: int = 302) -> str:
        """Send the client from path to path and back to the first; return the address."""
        paths = [path, *(f"{path}/again{number}" for number in range(1, length))]
        for here, there in zip(paths, [*paths[1:], path], strict=True):
            self.redirect(here, there, status)
        return self.url(path)

    def hang(self, path: str, reply: Reply | None = None) -> str:
        """Wait until the server stops, before or after a head without its body; return the address."""

        def wait(_: Seen, to: Connection) -> None:
            if reply is not None:
                to.head(reply)
            self.stopping.wait()
            to.close_connection = True

        return self.answering(path, wait)

    def drip(self, path: str, body: Body, seconds: float = 0.05, content_type: str = CRL_TYPE) -> str:
        """Send a body byte by byte, with a pause before each; return the address."""

        def drop(_: Seen, to: Connection) -> None:
            content = _bytes(body)
            to.head(Reply(200, (("Content-Type", content_type), ("Content-Length", str(len(content))))))
            for byte in content:
                if self.stopping.wait(seconds):
                    to.close_connection = True
                    return
                to.part(bytes([byte]))

        return self.answering(path, drop)

    def pour(
        self,
        path: str,
        size: int = ENDLESS_SIZE,
        *,
        start: bytes = b"",
        told: bool = False,
        content_type: str = CRL_TYPE,
    ) -> str:
        """Send a body that is far too large, until the client goes away; return the address.

        Args:
            path: The path.
            size: How many bytes follow the start.
            start: What the body begins with.
            told: Whether the head tells the length.
            content_type: The body's media type.
        """

        def flow(_: Seen, to: Connection) -> None:
            length = ("Content-Length", str(len(start) + size)) if told else ("Connection", "close")
            to.close_connection = True
            to.head(Reply(200, (("Content-Type", content_type), length)))
            to.part(start)
            left = size
            while left > 0 and not self.stopping.is_set():
                to.part(_PIECE[:left])
                left -= len(_PIECE)

        return self.answering(path, flow)

    def cut(self, path: str, body: Body, after: int, *, reset: bool = False, content_type: str = CRL_TYPE) -> str:
        """End the connection after some bytes of a body with its full Content-Length; return the URL.

        Args:
            path: The path.
            body: The body.
            after: How many bytes of it are sent.
            reset: Whether the connection ends by a reset.
            content_type: The body's media type.
        """

        def end(_: Seen, to: Connection) -> None:
            content = _bytes(body)
            to.head(Reply(200, (("Content-Type", content_type), ("Content-Length", str(len(content))))))
            to.part(content[:after])
            to.cut(reset=reset)

        return self.answering(path, end)

    def answering(self, path: str, answer: Answer) -> str:
        """Have requests for a path answered in any way; return the address."""
        with self._server.lock:
            self._answers[path] = answer
        return self.url(path)

    def wait_until_asked(self, path: str, times: int = 1) -> None:
        """Wait until a path has been asked for so often."""
        with self._counted:
            if not self._counted.wait_for(lambda: self.asked[path] >= times, SECONDS_TO_BE_ASKED):
                raise TimeoutError(f"{path} was asked for {self.asked[path]} times")

    def forget(self) -> None:
        """Forget how often was asked for what."""
        with self._server.lock:
            self.asked.clear()
            self._server.seen.clear()

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Count a request and answer it, with 404 for an unknown path."""
        with self._server.lock:
            path = self._path_of(seen)
            self.asked[path] += 1
            self._counted.notify_all()
            answer = self._answers.get(path)
        if answer is None:
            connection.reply(Reply(404))
        else:
            answer(seen, connection)

    def _path_of(self, seen: Seen) -> str:
        for each in (seen.target, seen.path):
            if each in self._answers:
                return each
        above = [path for path in self._answers if seen.path.startswith(f"{path.rstrip('/')}/")]
        return max(above, key=len, default=seen.path)


def _bytes(body: Body) -> bytes:
    return body if isinstance(body, bytes) else body()


def _request_in(path: str, responder: str) -> bytes | None:
    encoded = unquote(path[len(responder.rstrip("/")) + 1 :])
    with contextlib.suppress(ValueError):
        return base64.b64decode(encoded, validate=True) or None
    return None
