"""A port of 127.0.0.1 that leads to a Unix socket, for clients of a server that no port leads to."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

_PART = 65536


class Relay:
    """Passes on what comes, both ways, while the context is entered.

    Attributes:
        port: Where it listens, on 127.0.0.1 only.
    """

    port: int

    def __init__(self, path: str) -> None:
        """Name the Unix socket."""
        self._path = path
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="relay")

    def __enter__(self) -> Self:
        """Start to accept connections."""
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut every connection, and wait until that is done."""
        with self._lock:
            self._closing = True
        # This wakes the thread that waits for a connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="connection of a relay")
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(ConnectionError):
            server.connect(self._path)
            with self._lock:
                if self._closing:
                    return
                self._open |= {client, server}
            back = threading.Thread(target=_pass_on, args=(server, client), name="answers of a relay")
            back.start()
            _pass_on(client, server)
            back.join()
            with self._lock:
                self._open -= {client, server}


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_PART):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
