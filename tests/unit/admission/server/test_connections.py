"""Connections: their number is bounded, and so is the time that each may take for nothing."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import uvloop

from notarykit_admission.server.connections import Connections
from notarykit_admission.server.limits import HTTPLimits, Limit
from notarykit_admission.server.route import Route
from notarykit_admission.server.tls import ServerTLS
from tests.unit.admission.server.serving import Client, Files, Gate, Running, make_files, serving

_THREE = HTTPLimits(connections=3)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Files of a server."""
    return make_files(Path(tmp_path_factory.mktemp("server")))


async def _works(client: Client) -> bool:
    return (await client.ask("/healthz", method="GET")).status == 200


def test_head_that_drips(files: Files) -> None:
    """A client that sends the head of a request byte by byte loses its connection, however alive it seems."""

    async def test(running: Running) -> None:
        client = await running.connect()
        closed = asyncio.create_task(client.is_closed())
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nX: ")
        while not closed.done():
            client.send(b"a")
            await asyncio.sleep(0.01)
        assert running.observed.refusals == [Limit.HEAD_SECONDS]
        assert await _works(await running.connect())

    serving(files, test, limits=HTTPLimits(head_seconds=0.2, idle_seconds=60))


def test_second_head_that_drips(files: Files) -> None:
    """The time for a head begins anew with each request of a connection, and not before its first byte."""

    async def test(running: Running) -> None:
        client = await running.connect()
        assert await _works(client)
        await asyncio.sleep(0.3)
        assert await _works(client)
        client.send(b"POST /echo")
        assert await client.is_closed()
        assert running.observed.refusals == [Limit.HEAD_SECONDS]

    serving(files, test, limits=HTTPLimits(head_seconds=0.2, idle_seconds=60))


def test_work_is_no_dripping(files: Files) -> None:
    """A request that is answered slowly, and one whose body comes slowly, keep their connections."""

    async def test(running: Running) -> None:
        slow, late = await running.connect(), await running.connect()
        slow.post("/gate")
        late.send(b"POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
        await gate.until(1)
        await asyncio.sleep(0.3)
        late.send(b"}")
        gate.open()
        assert (await slow.reply()).status == 200
        assert (await late.reply()).status == 200

    gate = Gate()
    serving(files, test, {"/gate": Route(gate.answer, 10, str.encode)}, HTTPLimits(head_seconds=0.1))


def test_stranger_makes_room(files: Files) -> None:
    """Beyond the limit a new connection is served, and the oldest that has asked nothing yet is closed for it."""

    async def test(running: Running) -> None:
        known = await running.connect()
        assert await _works(known)
        strangers = [await running.connect() for _ in range(2)]
        assert running.server.connections == 3
        assert await _works(await running.connect())
        assert await strangers[0].is_closed()
        assert await _works(known)
        assert await _works(strangers[1])
        assert running.observed.refusals == [Limit.CONNECTIONS]
        assert running.server.connections == 3

    serving(files, test, limits=_THREE)


def test_longest_idle_makes_room(files: Files) -> None:
    """Where all have asked before, the one that has waited longest for its next request is closed."""

    async def test(running: Running) -> None:
        clients = [await running.connect() for _ in range(3)]
        for client in (clients[1], clients[0], clients[2]):
            assert await _works(client)
        assert await _works(await running.connect())
        assert await clients[1].is_closed()
        assert await _works(clients[0])
        assert await _works(clients[2])

    serving(files, test, limits=_THREE)


def test_silent_handshakes_make_room(files: Files) -> None:
    """Clients that open connections and say nothing, not even in TLS, keep nobody out."""

    async def test(running: Running) -> None:
        silent = [await running.connect_plain() for _ in range(10)]
        await running.until(lambda: running.observed.refusals == [Limit.CONNECTIONS] * 7)
        assert await _works(await running.connect())
        assert running.server.connections == 3
        for client in silent[:8]:
            assert await client.is_closed()

    serving(files, test, limits=_THREE._replace(handshake_seconds=60))


def test_work_makes_no_room(files: Files) -> None:
    """Where requests are answered on all connections, one more is closed at once, and they are answered."""

    async def test(running: Running) -> None:
        clients = [await running.connect() for _ in range(3)]
        for client in clients:
            client.post("/gate")
        await gate.until(3)
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await running.connect()
        gate.open()
        for client in clients:
            assert (await client.reply()).status == 200
        assert await _works(await running.connect())

    gate = Gate()
    serving(files, test, {"/gate": Route(gate.answer, 10, str.encode)}, _THREE)


def test_handshake_that_takes_too_long(files: Files) -> None:
    """A handshake that is not done in time ends, and is counted; one that breaks off is only forgotten."""

    async def test(running: Running) -> None:
        other = await running.connect_plain()
        other.send(b"GET / HTTP/1.1\r\n\r\n")
        assert await other.is_closed()
        assert running.observed.refusals == []
        assert await (await running.connect_plain()).is_closed()
        assert running.observed.refusals == [Limit.HANDSHAKE_SECONDS]
        await running.until(lambda: running.server.connections == 0)

    serving(files, test, limits=HTTPLimits(handshake_seconds=1))


def test_client_that_does_not_read(files: Files) -> None:
    """A client that does not read its answer loses its connection."""

    async def large(body: bytes, seconds: float) -> bytes:
        return b"x" * 30_000_000

    async def test(running: Running) -> None:
        client = await running.connect()
        client.pause()
        client.post("/large")
        await running.until(lambda: running.observed.answers != [])
        async with asyncio.timeout(15):  # TLS would wait for twice as long for the client's farewell
            await running.until(lambda: running.server.connections == 0)

    serving(files, test, {"/large": Route(large, 10, str.encode)}, HTTPLimits(head_seconds=0.1, idle_seconds=0.2))


def test_lost_connections_are_forgotten(files: Files) -> None:
    """A client that goes away at any point leaves room."""

    async def test(running: Running) -> None:
        for begin in (b"", b"POST /echo", b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"):
            client = await running.connect()
            client.send(begin)
            client.close()
        await running.until(lambda: running.server.connections == 0)

    serving(files, test)


def test_too_many_open_files(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """Where a connection cannot be accepted for want of file descriptors, it is said, and tried again soon."""

    class Listening(socket.socket):
        failures = [OSError(errno.EMFILE, os.strerror(errno.EMFILE))]

        def accept(self) -> Any:
            if self.failures:
                raise self.failures.pop()
            return super().accept()

    async def test() -> None:
        accepted = asyncio.Event()

        class Protocol(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                accepted.set()

        with Listening() as listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            connections = Connections(Protocol, HTTPLimits(), lambda _: None)
            connections.start(listening, ServerTLS(files.tls).context)
            async with asyncio.timeout(60):
                context = ssl.create_default_context(cafile=files.ca.ca_file)
                _, writer = await asyncio.open_connection(*listening.getsockname(), ssl=context)
                await accepted.wait()
            connections.stop_listening()
            await connections.close()
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    uvloop.run(test())
    assert "a connection cannot be accepted: Too many open files" in caplog.text
