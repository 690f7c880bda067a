"""A proxy that clients are told about by their settings: CONNECT for TLS, and whole addresses for plain HTTP."""

import contextlib
import select
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen, forward
from tests.servers.registry.running import Credentials

PIECE = 65536
SECONDS_TO_CONNECT = 5.0


class ForwardProxy(RecordingServer):
    """Brings requests to their hosts, and to local stand-ins of hosts that do not exist.

    In `seen`, the target of a CONNECT is host:port, and that of any other request a whole address.
    """

    def __init__(
        self, routes: Mapping[str, str] | None = None, credentials: Credentials | None = None, refuse: int | None = None
    ) -> None:
        """Take the settings.

        Args:
            routes: Where hosts really are, both as host:port; a host that is not named is where it says.
            credentials: Who may use the proxy, where not everybody may.
            refuse: The status that all requests get, where the proxy does not work.
        """
        super().__init__()
        self._routes = dict(routes or {})
        self._credentials = credentials
        self._refuse = refuse

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Bring one request to its host, or start a tunnel."""
        if self._credentials is not None and seen.headers["Proxy-Authorization"] != self._credentials.basic:
            connection.reply(Reply(407, (("Proxy-Authenticate", 'Basic realm="proxy"'), ("Connection", "close"))))
        elif self._refuse is not None:
            connection.reply(Reply(self._refuse, (("Connection", "close"),)))
        elif seen.method == "CONNECT":
            self._tunnel(seen, connection)
        else:
            self._pass_on(seen, connection)

    def _pass_on(self, seen: Seen, connection: Connection) -> None:
        whole = urlsplit(seen.target)
        if whole.scheme != "http" or not whole.hostname:
            connection.reply(Reply(400, (("Connection", "close"),), b"a proxy needs the whole address"))
            return
        target = whole._replace(scheme="", netloc="").geturl() or "/"
        try:
            reply = forward(self._place(f"{whole.hostname}:{whole.port or 80}"), seen, target)
        except OSError:
            reply = Reply(502)
        connection.reply(reply)

    def _tunnel(self, seen: Seen, connection: Connection) -> None:
        host, _, port = self._place(seen.target).rpartition(":")
        try:
            far = socket.create_connection((host, int(port)), SECONDS_TO_CONNECT)
        except OSError:
            connection.reply(Reply(502, (("Connection", "close"),)))
            return
        for side in (far, connection.connection):  # small pieces are passed on at once
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with far:
            connection.head(Reply(200))
            connection.cut()
            with contextlib.suppress(OSError):
                _relay(connection.connection, far)

    def _place(self, host: str) -> str:
        return self._routes.get(host, host)


def _relay(near: socket.socket, far: socket.socket) -> None:
    """Copy both ways until either side ends."""
    other = {near: far, far: near}
    while True:
        for ready in select.select([near, far], [], [])[0]:
            data = ready.recv(PIECE)
            if not data:
                return
            other[ready].sendall(data)
