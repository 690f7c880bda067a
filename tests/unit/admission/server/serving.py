"""Servers for tests: certificates, a running server, and a client that sends whatever it is told."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from notarykit_admission.server.http import HTTPServer
from notarykit_admission.server.limits import HTTPLimits, Limit
from notarykit_admission.server.route import Page, Route
from notarykit_admission.server.tls import ServerTLS, TLSFiles
from tests.servers.registry.certificates import KeyPair, RegistryCA

_SECONDS = 60


class Files(NamedTuple):
    """A CA, and the files of a server whose certificate it has made."""

    ca: RegistryCA
    tls: TLSFiles


def make_files(folder: Path, clients: RegistryCA | None = None) -> Files:
    """Writes a new CA and the certificate of a server on this machine; client CAs are given."""
    folder.mkdir(exist_ok=True)
    ca = RegistryCA(str(folder))
    return Files(ca, TLSFiles(*ca.server(), (clients.ca_file,) if clients else ()))


class Reply(NamedTuple):
    """Answer of a server: status, text, and True if the connection is closed with it."""

    status: int
    text: str
    closes: bool


class Client:
    """Connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Sends bytes."""
        self._writer.write(data)

    def post(self, path: str, body: bytes = b"{}", method: str = "POST", **fields: str) -> None:
        """Sends a request."""
        head = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **fields}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        self.send("\r\n".join(lines).encode() + body)

    def pause(self) -> None:
        """Reads nothing more."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def reply(self) -> Reply:
        """Returns the next answer."""
        async with asyncio.timeout(_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            text = await self._reader.readexactly(int(fields["content-length"]))
        return Reply(int(head[0].split()[1]), text.decode(), fields.get("connection") == "close")

    async def ask(self, path: str, body: bytes = b"{}", method: str = "POST", **fields: str) -> Reply:
        """Sends a request, and returns its answer."""
        self.post(path, body, method, **fields)
        return await self.reply()

    async def is_closed(self) -> bool:
        """Waits until the server closes the connection; what it has sent before is dropped."""
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            async with asyncio.timeout(_SECONDS):
                await self._reader.read(-1)
        return True

    @property
    def certificate(self) -> Mapping[str, Any]:
        """The server's certificate."""
        found: Mapping[str, Any] = self._writer.get_extra_info("peercert")
        return found

    def close(self) -> None:
        """Closes the connection."""
        self._writer.close()


class Observed:
    """Remembers what a server tells of itself.

    Attributes:
        answers: Paths and statuses of answers.
        refusals: Limits that refused something.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[str, int]] = []
        self.refusals: list[Limit] = []

    def answered(self, path: str, status: int) -> None:
        """Takes an answer."""
        self.answers.append((path, status))

    def refused(self, limit: Limit) -> None:
        """Takes a refusal."""
        self.refusals.append(limit)


class Running:
    """A server that runs."""

    def __init__(self, server: HTTPServer, observed: Observed, tls: ServerTLS, files: Files, port: int) -> None:
        self.server = server
        self.observed = observed
        self.tls = tls
        self.files = files
        self._port = port
        self._clients: list[Client] = []

    async def connect(
        self,
        certificate: KeyPair | None = None,
        *,
        trusted: RegistryCA | None = None,
        name: str | None = None,
        address: str = "127.0.0.1",
    ) -> Client:
        """Opens a connection with TLS, in which the client may show a certificate, and may name the server.

        Args:
            certificate: Certificate of the client.
            trusted: CA that it trusts; by default the server's.
            name: Name of the server that it asks for.
            address: Its own address.
        """
        context = ssl.create_default_context(cafile=(trusted or self.files.ca).ca_file)
        if certificate is not None:
            context.load_cert_chain(*certificate)
        named = {"server_hostname": name} if name else {}
        return await self._client(ssl=context, local_addr=(address, 0), **named)

    async def connect_plain(self) -> Client:
        """Opens a connection without TLS."""
        return await self._client()

    async def _client(self, **options: Any) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self._port, **options))
        self._clients.append(client)
        return client

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds that there is no event for."""
        async with asyncio.timeout(_SECONDS):
            while not holds():  # noqa: ASYNC110 - as it says
                await asyncio.sleep(0.005)

    def close(self) -> None:
        """Closes all connections of clients."""
        for client in self._clients:
            client.close()


async def echo(body: bytes, seconds: float) -> bytes:
    """Answers with the body and the time that there is."""
    return json.dumps({"body": body.decode(), "seconds": seconds}).encode()


class Gate:
    """Door whose answers wait until it is opened.

    Attributes:
        waiting: Number of requests that wait.
    """

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._changed = asyncio.Condition()
        self.waiting = 0

    def open(self) -> None:
        """Lets all requests go on."""
        self._open.set()

    async def until(self, count: int) -> None:
        """Waits until so many requests wait."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.waiting >= count)

    async def answer(self, body: bytes, seconds: float) -> bytes:
        """Answers when the gate is open."""
        async with self._changed:
            self.waiting += 1
            self._changed.notify_all()
        await self._open.wait()
        return await echo(body, seconds)


@contextlib.asynccontextmanager
async def _running(
    files: Files, routes: Mapping[str, Route] | None, limits: HTTPLimits | None
) -> AsyncIterator[Running]:
    tls = ServerTLS(files.tls)
    pages = {"/healthz": lambda: Page(200, b"ok")}
    observed = Observed()
    server = HTTPServer(routes or {"/echo": Route(echo, 10, str.encode)}, pages, limits or HTTPLimits(), observed)
    listening = socket.create_server(("127.0.0.1", 0))
    server.start(listening, tls)
    running = Running(server, observed, tls, files, listening.getsockname()[1])
    try:
        yield running
    finally:
        running.close()
        await server.stop(1)


def serving(
    files: Files,
    test: Callable[[Running], Awaitable[None]],
    routes: Mapping[str, Route] | None = None,
    limits: HTTPLimits | None = None,
) -> None:
    """Runs a test with a server, in the event loop that the program uses."""

    async def main() -> None:
        async with asyncio.timeout(2 * _SECONDS), _running(files, routes, limits) as running:
            await test(running)

    _run(main())


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
