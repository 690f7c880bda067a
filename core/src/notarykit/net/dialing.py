"""Opening of connections: name resolution, a proxy's tunnel, TLS."""

import select
import socket
import ssl
import time
from collections.abc import Callable

from notarykit.net import trace
from notarykit.net.budget import Budget
from notarykit.net.destinations import Network, network_of
from notarykit.net.proxies import Proxy
from notarykit.net.response_reader import ResponseReader
from notarykit.net.transport_errors import EXCHANGE_ERRORS, TransportError, refused_by_proxy, transport_error
from notarykit.net.urls import Origin

CONNECT_SECONDS = 15.0
READ_SECONDS = 30.0

Admits = Callable[[Network], bool]


class Connection:
    """Open connection, for one request at a time.

    Attributes:
        origin: The origin.
        socket: The socket, TLS included.
        reader: Reads the responses.
        proxy: The proxy, or None.
        network: The scope of the server's address; behind a proxy that of the origin's name, where it is a literal.
        is_used: True after the first exchange: the server may have closed the connection since.
        began: Start of the current request, the opening of the connection included.
    """

    def __init__(self, origin: Origin, connected: socket.socket, proxy: Proxy | None, network: Network) -> None:
        self.origin = origin
        self.socket = connected
        self.reader = ResponseReader(connected)
        self.proxy = proxy
        self.network = network
        self.is_used = False
        self.began = time.monotonic()

    def close(self) -> None:
        """Closes the socket."""
        self.socket.close()

    def is_silent(self) -> bool:
        """Returns True if neither bytes nor the end of the connection have arrived since the last response."""
        if isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
            return False
        return not _has_arrived(self.socket)

    @property
    def seconds(self) -> float:
        """Seconds since the current request began."""
        return time.monotonic() - self.began


def _has_arrived(connected: socket.socket) -> bool:
    if not hasattr(select, "poll"):
        return bool(select.select([connected], [], [], 0)[0])
    poll = select.poll()  # unlike `select`, it takes any number of a file
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


def dial(
    origin: Origin, proxy: Proxy | None, context: ssl.SSLContext | None, budget: Budget, admits: Admits
) -> Connection:
    """Opens a connection.

    Args:
        origin: The origin.
        proxy: The proxy, or None.
        context: The TLS context for the origin, or None without TLS.
        budget: Limits of bytes and seconds.
        admits: Returns False for networks that are not to be reached.

    Raises:
        TransportError: It cannot be opened.
        NetworkError: The budget is spent.
    """
    try:
        if proxy is None:
            connected, network = _connect(origin.host, origin.port, budget, admits)
        else:
            connected, network = _connect_to_proxy(origin, proxy, budget, admits)
        try:
            if context is not None:
                connected.settimeout(budget.seconds(CONNECT_SECONDS))
                connected = context.wrap_socket(connected, server_hostname=origin.host)
        except BaseException:
            connected.close()
            raise
    except OSError as error:
        raise transport_error(error).through(proxy) from None
    return Connection(origin, connected, proxy, network)


def _connect_to_proxy(origin: Origin, proxy: Proxy, budget: Budget, admits: Admits) -> tuple[socket.socket, Network]:
    network = _network_of_name(origin.host)
    if not admits(network):
        raise _not_admitted(origin.host, network)
    try:
        connected, _ = _connect(proxy.host, proxy.port, budget, lambda _: True)
        try:
            if origin.scheme == "https":
                _tunnel(connected, origin, proxy, budget)
        except BaseException:
            connected.close()
            raise
    except EXCHANGE_ERRORS as error:
        raise transport_error(error).of_proxy(proxy) from None
    return connected, network


def _connect(host: str, port: int, budget: Budget, admits: Admits) -> tuple[socket.socket, Network]:
    """Connects to the first of a host's admitted addresses that accepts."""
    problem: Exception = OSError("its name has no address")
    for *_, sockaddr in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(sockaddr[0])
        network = network_of(address)
        if not admits(network):
            problem = _not_admitted(host, network)
            continue
        try:
            connected = socket.create_connection((address, port), budget.seconds(CONNECT_SECONDS))
        except OSError as error:
            problem = error
            continue
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected, network
    raise problem


def _tunnel(connected: socket.socket, origin: Origin, proxy: Proxy, budget: Budget) -> None:
    """Opens a tunnel with CONNECT (RFC 9110, section 9.3.6); the proxy sees the host's name and nothing else."""
    target = f"{f'[{origin.host}]' if ':' in origin.host else origin.host}:{origin.port}"
    fields = {"Host": target, **proxy.headers}
    lines = [f"CONNECT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    connected.sendall("\r\n".join(lines).encode("latin-1"))
    response = ResponseReader(connected)
    response.begin("CONNECT", budget, READ_SECONDS)
    response.read_head()
    trace.note(f"CONNECT {target} through the proxy {proxy}: {response.status}")
    if not 200 <= response.status < 300:  # noqa: PLR2004
        raise refused_by_proxy(proxy, response.status)


def _network_of_name(host: str) -> Network:
    """Returns the scope of an address in any form that resolvers read, such as `2130706433`; names are public."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return Network.LOOPBACK
    try:
        (*_, sockaddr), *_ = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        return Network.PUBLIC
    return network_of(str(sockaddr[0]))


def _not_admitted(host: str, network: Network) -> TransportError:
    return TransportError(
        f"{host} has a {network.value} address, to which a redirect from another network is refused",
        is_transient=False,
        advice="use the address itself, without the redirect",
    )
