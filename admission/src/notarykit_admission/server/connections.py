"""Connections: their number is bounded, and so is the time in which each begins, and sends the head of a request.

Room for one more is made by closing another: first the one that has been open longest without a single whole request,
then the one that has waited longest for its next. Those on which a request is answered stay, and if all are, the new
one is closed.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from typing import Any

from notarykit_admission.server.limits import HTTPLimits, Limit
from notarykit_admission.server.throttled_log import ThrottledLog

_log = logging.getLogger(__name__)
_MOST_AT_A_TIME = 64
_LOOKS_PER_HEAD = 5
_SECONDS_WITHOUT_DESCRIPTORS = 0.2
_NEARLY_ALL = 0.9  # of a time: the event loop's timers may come a little early


class Connection(asyncio.Protocol):
    """Connection from its acceptance to its end; what comes goes through to the protocol behind it.

    Args:
        accepted: Its socket.
        behind: The protocol.
        forget: Called when it ends.
    """

    def __init__(
        self, accepted: socket.socket, behind: asyncio.Protocol, forget: Callable[[asyncio.Protocol], None]
    ) -> None:
        self._accepted = accepted
        self._behind = behind
        self._forget = forget
        self._transport: asyncio.BaseTransport | None = None
        self.since = time.monotonic()
        self.head_since = 0.0
        self.has_asked = self.is_busy = False

    @property
    def is_shaking_hands(self) -> bool:
        """True until TLS is there."""
        return self._transport is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called when TLS is there."""
        self._transport = transport
        self._behind.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the connection has ended."""
        self._forget(self._behind)
        self._behind.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called with what has come."""
        if not self.is_busy and not self.head_since:
            self.head_since = time.monotonic()
        self._behind.data_received(data)

    def eof_received(self) -> bool | None:
        """Called when nothing more comes."""
        return self._behind.eof_received()

    def pause_writing(self) -> None:
        """Called when the client is slow to read."""
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        """Called when it has read."""
        self._behind.resume_writing()

    def begin(self) -> None:
        """Notes that the head of a request has come, which is answered now."""
        self.is_busy = self.has_asked = True
        self.head_since = 0.0

    def end(self) -> None:
        """Notes that the request is answered."""
        self.is_busy, self.since = False, time.monotonic()

    def abort(self) -> None:
        """Closes the connection at once."""
        self._forget(self._behind)
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()
        else:
            with contextlib.suppress(OSError):  # the handshake finds out
                self._accepted.shutdown(socket.SHUT_RDWR)


class Connections:
    """Connections of a listening socket. For one event loop.

    Args:
        make: Function that makes the protocol behind a connection.
        limits: Limits of connections.
        refused: Called with the limit by which a connection was refused or closed.
    """

    def __init__(
        self, make: Callable[[], asyncio.Protocol], limits: HTTPLimits, refused: Callable[[Limit], None]
    ) -> None:
        self._make = make
        self._limits = limits
        self._refused = refused
        self._open: dict[asyncio.Protocol, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: socket.socket | None = None
        self._context: ssl.SSLContext | None = None
        self._complaints = ThrottledLog(_log)

    def __len__(self) -> int:
        return len(self._open)

    def start(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        """Accepts connections from now on."""
        listening.setblocking(False)
        self._listening, self._context = listening, context
        self._watch()
        self._begin(self._look())

    def stop_listening(self) -> None:
        """Accepts none any more; those that are open stay, but for those that have not begun."""
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        for connection in [each for each in self._open.values() if each.is_shaking_hands]:
            connection.abort()

    async def close(self) -> None:
        """Closes all connections."""
        for connection in list(self._open.values()):
            connection.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def begin(self, behind: asyncio.Protocol) -> Connection | None:
        """Returns the connection in front of a protocol, on which a request is answered now; None if it is closed."""
        connection = self._open.get(behind)
        if connection is not None:
            connection.begin()
        return connection

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _watch(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        """Accepts those that wait."""
        assert self._listening is not None
        for _ in range(_MOST_AT_A_TIME):
            try:
                accepted, _ = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # such as too many open files
                self._complaints.warn("a connection cannot be accepted", str(error.strerror))
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._listening)
                loop.call_later(_SECONDS_WITHOUT_DESCRIPTORS, self._watch)
                return
            if self._has_room():
                accepted.setblocking(False)
                behind = self._make()
                connection = self._open[behind] = Connection(accepted, behind, self._forget)
                self._begin(self._shake_hands(connection, accepted))
            else:
                accepted.close()

    async def _shake_hands(self, connection: Connection, accepted: socket.socket) -> None:
        begun = time.monotonic()
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.handshake_seconds,
            )
        except OSError:  # it was closed, took too long, or what came was no TLS
            if time.monotonic() - begun >= _NEARLY_ALL * self._limits.handshake_seconds:
                self._refused(Limit.HANDSHAKE_SECONDS)
        finally:
            if connection.is_shaking_hands:
                connection.abort()

    def _forget(self, behind: asyncio.Protocol) -> None:
        self._open.pop(behind, None)

    def _has_room(self) -> bool:
        """Closes a connection if there are too many, and returns False if none can be."""
        if len(self._open) < self._limits.connections:
            return True
        self._refused(Limit.CONNECTIONS)
        waiting = [connection for connection in self._open.values() if not connection.is_busy]
        if not waiting:
            return False
        min(waiting, key=lambda each: (each.has_asked, each.since)).abort()
        return True

    async def _look(self) -> None:
        """Closes connections that take too long, again and again."""
        limits = self._limits
        while True:
            await asyncio.sleep(limits.head_seconds / _LOOKS_PER_HEAD)
            now = time.monotonic()
            for connection in [each for each in self._open.values() if not each.is_busy]:
                if connection.head_since and now - connection.head_since > limits.head_seconds:
                    self._refused(Limit.HEAD_SECONDS)
                    connection.abort()
                elif now - connection.since > limits.idle_seconds + limits.head_seconds:
                    connection.abort()  # its client does not read the answer
