"""A server for HTTP/1.1 that keeps every request it gets, and leaves to its owner how each is answered."""

import contextlib
import http.client
import http.server
import socket
import socketserver
import ssl
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from email.message import Message
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.registry.certificates import KeyPair

LONGEST_LINE = 65536
HOP_BY_HOP = frozenset(
    ["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding"]
)


class Seen(NamedTuple):
    """A request as it came.

    Attributes:
        method: The method.
        target: What stands between the method and the version: a path with its query, an address or host:port.
        headers: The headers, which are found by their names in any case.
        body: The body.
    """

    method: str
    target: str
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The values of every parameter of the query, decoded."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, list[str]]:
        """The values of every field of a form in the body, decoded."""
        return parse_qs(self.body.decode(), keep_blank_values=True)

    @property
    def authorization(self) -> str | None:
        """The header that must not get to a stranger."""
        return self.headers["Authorization"]


class Reply(NamedTuple):
    """An answer.

    Attributes:
        status: The status code.
        headers: Names and values; Content-Length and Date are not needed.
        body: The body.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str | None) -> "Reply":
        """Return the same answer with one value of a header, or without the header for None."""
        kept = tuple((key, old) for key, old in self.headers if key.lower() != name.lower())
        return self._replace(headers=kept if value is None else (*kept, (name, value)))


class Connection(http.server.BaseHTTPRequestHandler):
    """One connection, whose requests the server's owner answers one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other, and neither is to wait
    server: "_Listener"

    def handle_one_request(self) -> None:
        """Read one request and have it answered."""
        self.raw_requestline = self.rfile.readline(LONGEST_LINE)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        seen = Seen(self.command, self.path, self.headers, self._body())
        self.server.owner.note(seen)
        self.server.owner.answer(seen, self)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(LONGEST_LINE).split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline(LONGEST_LINE)
        return data

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: what was asked is in `seen`."""

    def reply(self, reply: Reply) -> None:
        """Send an answer, with the length of its body unless it has one already or must not have one."""
        length = reply.header("Content-Length")
        if length is None and reply.status not in {204, 304}:
            reply = reply.with_header("Content-Length", str(len(reply.body)))
        self.head(reply)
        if self.command != "HEAD":
            self.part(reply.body)

    def head(self, reply: Reply) -> None:
        """Send the status and the headers of an answer, and nothing else."""
        lines = [f"HTTP/1.1 {reply.status} {http.client.responses.get(reply.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if (reply.header("Connection") or "").lower() == "close":
            self.close_connection = True
        self.part("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def part(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.wfile.write(data)
        self.wfile.flush()

    def cut(self, *, reset: bool = False) -> None:
        """End the connection, by a reset or in order, whatever has been sent."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Accepts connections; each has a thread, and all threads have ended when the server is closed."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, owner: "RecordingServer", context: ssl.SSLContext | None) -> None:
        self.owner = owner
        self._context = context
        self._open: list[socket.socket] = []
        self._closing = False
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Connection)

    def finish_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        with self._kept(request), self._secured(request) as connection, self._kept(connection):
            Connection(connection, client_address, self)

    def _secured(self, connection: socket.socket) -> socket.socket:
        """Do the handshake, in the connection's own thread so that a slow client keeps nobody waiting."""
        if self._context is None:
            return connection
        return self._context.wrap_socket(connection, server_side=True)

    @contextlib.contextmanager
    def _kept(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            if self._closing:
                raise ConnectionAbortedError
            self._open.append(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.remove(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Forget about clients that went away; keep whatever else goes wrong for the end."""
        self.owner.failed()

    def cut_all(self) -> None:
        """End the connections that are open, so that their threads end."""
        with self._lock:
            self._closing = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class RecordingServer:
    """A server on a free port of 127.0.0.1, from entering the context until leaving it.

    Attributes:
        seen: Every request in the order of coming.
    """

    def __init__(self, certificate: KeyPair | None = None) -> None:
        """Choose whether the server speaks TLS."""
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self._scheme = "http" if context is None else "https"
        self._errors: list[BaseException] = []
        self._listener = _Listener(self, context)
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.02})

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Answer one request; connections are served at the same time."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Start to accept connections."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, wait until every connection has ended, and report what went wrong in the server itself."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.cut_all()
        self._listener.server_close()
        if self._errors and error is None:
            raise ExceptionGroup("a server of the tests failed", [e for e in self._errors if isinstance(e, Exception)])

    def note(self, seen: Seen) -> None:
        """Keep a request."""
        with self.lock:
            self.seen.append(seen)

    def failed(self) -> None:
        """Keep the present error, unless it is what a client that goes away looks like."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError | ssl.SSLError | TimeoutError):
            self._errors.append(error)

    @property
    def port(self) -> int:
        """Where the server listens."""
        port: int = self._listener.server_address[1]
        return port

    @property
    def address(self) -> str:
        """The address by number."""
        return f"127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """The address by name."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """The address by number with its scheme."""
        return f"{self._scheme}://{self.address}"


def forward(
    upstream: str, seen: Seen, target: str, extra: Sequence[tuple[str, str]] = (), *, timeout: float = 30.0
) -> Reply:
    """Send a request on to another server and return its answer.

    Args:
        upstream: The other server's host:port, which speaks plain HTTP.
        seen: The request; its Host header stays, so that addresses in answers lead back to where it was sent.
        target: What is asked for.
        extra: Headers that are added.
        timeout: How many seconds the other server may take for each step.
    """
    connection = http.client.HTTPConnection(upstream, timeout=timeout)
    with contextlib.closing(connection):
        connection.putrequest(seen.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in (*seen.headers.items(), *extra):
            if name.lower() not in HOP_BY_HOP | {"content-length", "expect"}:
                connection.putheader(name, value)
        if seen.body or seen.method in {"POST", "PUT", "PATCH"}:
            connection.putheader("Content-Length", str(len(seen.body)))
        connection.endheaders(seen.body or None)
        answer = connection.getresponse()
        headers = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP)
        return Reply(answer.status, headers, answer.read())
