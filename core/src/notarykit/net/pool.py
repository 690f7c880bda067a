"""Connection pool, by origin, direct or through the proxies of the environment."""

import ssl
import threading
from collections.abc import Callable

from notarykit.net.budget import Budget
from notarykit.net.destinations import Network
from notarykit.net.dialing import Connection, dial
from notarykit.net.proxies import Proxies
from notarykit.net.urls import Origin

_MAX_IDLE = 8


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
        """Takes an idle connection, which the server may have closed meanwhile; None if there is none."""
        with self._lock:
            idle = self._idle.get(origin)
            return idle.pop() if idle else None

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
        with self._lock:
            idle = self._idle.setdefault(connection.origin, [])
            if len(idle) < self._max_idle:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Closes all idle connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def _context(self, origin: Origin) -> ssl.SSLContext:
        with self._lock:
            if origin.netloc not in self._contexts:
                self._contexts[origin.netloc] = self._context_for(origin.netloc)
            return self._contexts[origin.netloc]
