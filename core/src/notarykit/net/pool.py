"""Connections that are kept for the next request, directly or through the proxy that the environment names."""

import ssl
import threading
from collections.abc import Callable

from notarykit.net.budget import Budget
from notarykit.net.destinations import Network
from notarykit.net.dialing import Connection, dial
from notarykit.net.proxies import Proxies
from notarykit.net.urls import Origin

_MOST_IDLE = 8


class Connections:
    """A pool of connections; each is used by one thread at a time and returns when its answer was read whole.

    Args:
        context_for: The TLS context for a host, `name[:port]`.
        most_idle: How many are kept for each origin.
    """

    def __init__(self, context_for: Callable[[str], ssl.SSLContext], most_idle: int = _MOST_IDLE) -> None:
        self._context_for = context_for
        self._most_idle = most_idle
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._idle: dict[Origin, list[Connection]] = {}
        self._lock = threading.Lock()
        self._proxies = Proxies()

    def kept(self, origin: Origin) -> Connection | None:
        """A connection that was used before and may have been closed by the other side, or None."""
        with self._lock:
            idle = self._idle.get(origin)
            return idle.pop() if idle else None

    def open(self, origin: Origin, budget: Budget, admits: Callable[[Network], bool] = lambda _: True) -> Connection:
        """A new connection.

        Args:
            origin: Where to.
            budget: What may be spent.
            admits: Whether an address may be connected to.

        Raises:
            BrokenError: It cannot be opened.
            ConfigurationError: The proxy that the environment names is none, or a certificate cannot be read.
        """
        context = self._context(origin) if origin.scheme == "https" else None
        return dial(origin, self._proxies.for_origin(origin), context, budget, admits)

    def give_back(self, connection: Connection) -> None:
        """Keeps a connection whose last answer was read whole."""
        connection.is_used = True
        with self._lock:
            idle = self._idle.setdefault(connection.origin, [])
            if len(idle) < self._most_idle:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Closes all connections that are kept."""
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
