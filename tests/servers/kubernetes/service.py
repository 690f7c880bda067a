"""Stands for a Service of Kubernetes: one port, behind which replicas come and go."""

import contextlib
import itertools
import selectors
import socket
import threading
from types import TracebackType
from typing import Self

_PIECE = 65536


class Service:
    """Passes each connection on to one of its endpoints, in turn; one that refuses it has no part.

    Attributes:
        endpoints: Ports of the replicas on 127.0.0.1, which tests exchange at any time.
        port: Port of its own.
    """

    def __init__(self, *endpoints: int) -> None:
        self.endpoints = endpoints
        self._turns = itertools.count()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, name="service")]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        """Begins to accept connections."""
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends all connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.retire()
        for thread in self._threads[1:]:
            thread.join()
        self._listener.close()

    def retire(self) -> None:
        """Ends all connections, and leaves nobody to ask."""
        self.endpoints = ()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:  # it is shut down
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="connection of a service")
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, self._connected() as replica:
            self._open += [client, replica]
            _pass_on(client, replica)

    def _connected(self) -> socket.socket:
        """Connects to the first endpoint, from the next one on, that accepts; without any, the client is cut off."""
        endpoints = self.endpoints
        for _ in endpoints:
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", endpoints[next(self._turns) % len(endpoints)]))
        return socket.socket()


def _pass_on(client: socket.socket, replica: socket.socket) -> None:
    """Passes bytes on in both directions until one side is closed."""
    with selectors.DefaultSelector() as selector, contextlib.suppress(OSError):
        selector.register(client, selectors.EVENT_READ, replica)
        selector.register(replica, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                piece = key.fileobj.recv(_PIECE)
                if not piece:
                    return
                key.data.sendall(piece)
