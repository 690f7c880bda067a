"""API server for tests that says what it is told, over TLS: for what a real one does on bad days alone."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import uvloop

from notarykit_admission.cluster.api_server import APIServer
from notarykit_admission.cluster.config import ClusterConfig
from tests.servers.registry.certificates import KeyPair, RegistryCA


class Asked(NamedTuple):
    """Request that came.

    Attributes:
        line: Its first line.
        fields: Its header fields, by names in lower case.
        client: Common name of the client's certificate, or an empty string.
    """

    line: str
    fields: dict[str, str]
    client: str


class Double:
    """API server that gives the answers that it is told, one after the other, and the last one again and again.

    Attributes:
        answers: Answers: status and body; None for a server that is silent.
        asked: Requests that came.
        connections: Number of connections that were opened.
        port: Its port.
    """

    def __init__(self, *answers: tuple[int, bytes] | None) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self._over = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        subject = dict(part[0] for part in (writer.get_extra_info("peercert") or {}).get("subject", ()))
        fields = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
        self.asked.append(Asked(line, fields, subject.get("commonName", "")))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            await self._over.wait()
            raise ConnectionError
        status, body = answer
        location = "Location: /elsewhere\r\n" if status in {301, 307} else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{location}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    @contextlib.asynccontextmanager
    async def running(self, ca: RegistryCA, pair: KeyPair) -> AsyncIterator[None]:
        """Serves while the context is active; clients may show certificates of the same CA."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        context.load_verify_locations(ca.ca_file)
        context.verify_mode = ssl.CERT_OPTIONAL
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            self._over.set()
            server.close()


def asking(
    double: Callable[[], Double],
    ca: RegistryCA,
    cluster: Callable[[int], ClusterConfig],
    test: Callable[[APIServer, Double], Awaitable[None]],
    seconds: float = 60.0,
) -> None:
    """Runs a test with a client of an API server, in the event loop that the program uses.

    Args:
        double: Makes the server.
        ca: CA of its certificate.
        cluster: Returns how it is reached at a port.
        test: The test.
        seconds: Time for one request.
    """

    async def main() -> None:
        made = double()
        async with asyncio.timeout(120), made.running(ca, ca.server()):
            server = APIServer(cluster(made.port), seconds)
            try:
                await test(server, made)
            finally:
                await server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
