"""Connections that are kept for the next request, directly or through the proxy that the environment names."""

import base64
import http.client
import os
import ssl
import threading
from collections.abc import Callable
from urllib.parse import unquote_to_bytes, urlsplit

from notarykit.errors import ConfigurationError
from notarykit.net.addresses import Origin

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
        self._idle: dict[Origin, list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()
        self._proxies = _environment_proxies()

    def take(self, origin: Origin) -> tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it has been used before and may have been closed by the other side."""
        with self._lock:
            idle = self._idle.get(origin)
            if idle:
                return idle.pop(), True
        return self._open(origin), False

    def give_back(self, origin: Origin, connection: http.client.HTTPConnection) -> None:
        """Keeps a connection whose last answer was read whole."""
        with self._lock:
            idle = self._idle.setdefault(origin, [])
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

    def is_proxied(self, origin: Origin) -> bool:
        """Whether a request to an origin goes through a proxy as an absolute URI."""
        return origin.scheme == "http" and self._proxy(origin) is not None

    def proxy_headers(self, origin: Origin) -> dict[str, str]:
        """What a proxy without a tunnel has to be told besides the request."""
        proxy = self._proxy(origin)
        return _authorization(proxy) if proxy and origin.scheme == "http" else {}

    def _proxy(self, origin: Origin) -> str | None:
        proxy = self._proxies.get(origin.scheme) or self._proxies.get("all")
        if not proxy or _is_excepted(origin, self._proxies.get("no", "")):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def _open(self, origin: Origin) -> http.client.HTTPConnection:
        proxy = self._proxy(origin)
        if proxy is None:
            return self._connection(origin)
        parts = urlsplit(proxy)
        if parts.scheme != "http" or not parts.hostname:
            raise ConfigurationError(
                f"proxy of the kind {parts.scheme}:// is not supported", advice="set it to http://host:port"
            )
        if origin.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port or 80)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port or 80, context=self._context(origin))
        connection.set_tunnel(origin.host, origin.port, headers=_authorization(proxy))
        return connection

    def _connection(self, origin: Origin) -> http.client.HTTPConnection:
        if origin.scheme == "http":
            return http.client.HTTPConnection(origin.host, origin.port)
        return http.client.HTTPSConnection(origin.host, origin.port, context=self._context(origin))

    def _context(self, origin: Origin) -> ssl.SSLContext:
        with self._lock:
            if origin.netloc not in self._contexts:
                self._contexts[origin.netloc] = self._context_for(origin.netloc)
            return self._contexts[origin.netloc]


def _environment_proxies() -> dict[str, str]:
    """The proxies that the environment names, by scheme; a name in lower case counts before the same in upper case."""
    found = {
        name.lower().removesuffix("_proxy"): value
        for name, value in sorted(os.environ.items())  # upper case comes first, and is overwritten
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") and value
    }
    if "REQUEST_METHOD" in os.environ and "http_proxy" not in os.environ:
        found.pop("http", None)  # under CGI, $HTTP_PROXY is a header that a stranger sent
    return found


def _is_excepted(origin: Origin, no_proxy: str) -> bool:
    """Whether `no_proxy` names a host: itself, a domain above it, or `*`; with a port, that port alone."""
    for entry in no_proxy.split(","):
        name = entry.strip().lower().lstrip(".")
        if name == "*":
            return True
        host, _, port = name.rpartition(":") if name.count(":") == 1 else (name, "", "")
        host = host or name
        if port and port != str(origin.port):
            continue
        if host and (origin.host.lower() == host or origin.host.lower().endswith(f".{host}")):
            return True
    return False


def _authorization(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    name, password = (unquote_to_bytes(os.fsencode(each or "")) for each in (parts.username, parts.password))
    return {"Proxy-Authorization": f"Basic {base64.b64encode(name + b':' + password).decode('ascii')}"}
