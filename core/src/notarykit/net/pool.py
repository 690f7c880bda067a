"""Connection pool, by origin, direct or through the proxies of the environment."""

import ssl
import threading
from collections.abc import Callable

from notarykit.net import trace
from notarykit.net.budget import Budget
from notarykit.net.destinations import Network
from notarykit.net.dialing import Connection, dial
from notarykit.net.proxies import Proxies
from notarykit.net.urls import Origin

_MAX_IDLE = 8
# A server chooses how many hosts it redirects to: each costs a socket, and with TLS a context of a megabyte.
_MAX_IDLE_IN_ALL = 64
_MAX_CONTEXTS = 64


class ConnectionPool:
    """Pool of connections; each is used by one thread at a time and released when its response was read to the end.

    Args:
        context_for: Returns the TLS context for a host, `name[:port]`.
        max_idle: Number of idle connections that are kept for each origin.
    """

    def __init__(self, context_for: Callable[[str], ssl.SSLContext], max_idle: int = _MAX_IDLE) -> None:
        self._context_for = context_for
        self._max_idle = max_idle
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._idle: dict[Origin, list[Connection]] = {}
        self._lock = threading.Lock()
        self._proxies = Proxies()

    def take_idle(self, origin: Origin) -> Connection | None:
        """Takes an idle connection, which the server may close at any time; None if there is none.

        Bytes that have arrived since its last response are no response to the next request: such a connection is
        closed, and so is one that the server has closed already.
        """
        while True:
            with self._lock:
                connection = self._taken(origin, -1) if origin in self._idle else None
            if connection is None or connection.is_silent():
                return connection
            trace.note(f"{origin.netloc} ended the idle connection, or sent what was not requested: it is dropped")
            connection.close()

    def _taken(self, origin: Origin, position: int) -> Connection:
        connection = self._idle[origin].pop(position)
        if not self._idle[origin]:
            del self._idle[origin]
        return connection

    def open(self, origin: Origin, budget: Budget, admits: Callable[[Network], bool] = lambda _: True) -> Connection:
        """Opens a connection.

        Args:
            origin: The origin.
            budget: Limits of bytes and seconds.
            admits: Returns False for networks that are not to be reached.

        Raises:
            TransportError: It cannot be opened.
            ConfigurationError: A proxy variable of the environment is malformed, or a certificate cannot be read.
        """
        context = self._context(origin) if origin.scheme == "https" else None
        return dial(origin, self._proxies.for_origin(origin), context, budget, admits)

    def release(self, connection: Connection) -> None:
        """Returns a connection whose last response was read to the end."""
        connection.is_used = True
        dropped: Connection | None = None
        with self._lock:
            idle = [*self._idle.pop(connection.origin, ()), connection]
            self._idle[connection.origin] = idle  # behind the other origins, since it is the last that was used
            if len(idle) > self._max_idle:
                dropped = self._taken(connection.origin, 0)
            elif sum(map(len, self._idle.values())) > _MAX_IDLE_IN_ALL:
                dropped = self._taken(next(iter(self._idle)), 0)
        if dropped is not None:
            dropped.close()

    def close(self) -> None:
        """Closes all idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def _context(self, origin: Origin) -> ssl.SSLContext:
        with self._lock:
            context = self._contexts.pop(origin.netloc, None) or self._context_for(origin.netloc)
            self._contexts[origin.netloc] = context
            if len(self._contexts) > _MAX_CONTEXTS:
                del self._contexts[next(iter(self._contexts))]
            return context
