"""A connection to an origin: the way there, a proxy's tunnel, and TLS, each with an error that says whose it is."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable

from notarykit.net import trace
from notarykit.net.bounded_reader import answer_on
from notarykit.net.budget import Budget
from notarykit.net.destinations import Network, network_of
from notarykit.net.proxies import Proxy
from notarykit.net.retry import BrokenError, broken, refused_by
from notarykit.net.urls import Origin

CONNECT_SECONDS = 15.0
READ_SECONDS = 30.0

Admits = Callable[[Network], bool]


class Connection(http.client.HTTPConnection):
    """A connection that is there; http.client opens none, and a closed one not again.

    Attributes:
        origin: Where it leads.
        proxy: Through which proxy, or None.
        network: How near the other end is; behind a proxy, nobody knows, unless the origin itself says it.
        is_used: Whether it was used before, so that the other side may have closed it.
        has_answered: Whether an answer to the present request has begun.
        began: When the present request began, the opening of the connection included.
    """

    auto_open = 0

    def __init__(self, origin: Origin, connected: socket.socket, proxy: Proxy | None, network: Network) -> None:
        super().__init__(origin.host, origin.port)
        self.sock = connected
        self.origin = origin
        self.proxy = proxy
        self.network = network
        self.is_used = False
        self.has_answered = False
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the present request has taken."""
        return time.monotonic() - self.began


def dial(
    origin: Origin, proxy: Proxy | None, context: ssl.SSLContext | None, budget: Budget, admits: Admits
) -> Connection:
    """Opens a connection.

    Args:
        origin: Where to.
        proxy: Through which proxy.
        context: The TLS context for the origin, or None where it is without TLS.
        budget: What may be spent.
        admits: Whether an address may be connected to.

    Raises:
        BrokenError: It cannot be opened.
        NetworkError: The budget is spent.
    """
    try:
        if proxy is None:
            connected, network = _connected(origin.host, origin.port, budget, admits)
        else:
            connected, network = _connected_to_proxy(origin, proxy, budget, admits)
        try:
            if context is not None:
                connected.settimeout(budget.seconds(CONNECT_SECONDS))
                connected = context.wrap_socket(connected, server_hostname=origin.host)
        except BaseException:
            connected.close()
            raise
    except OSError as error:
        raise broken(error).through(proxy) from None
    return Connection(origin, connected, proxy, network)


def _connected_to_proxy(origin: Origin, proxy: Proxy, budget: Budget, admits: Admits) -> tuple[socket.socket, Network]:
    network = _literal(origin.host)
    if not admits(network):
        raise _inside(origin.host, network)
    try:
        connected, _ = _connected(proxy.host, proxy.port, budget, lambda _: True)
        try:
            if origin.scheme == "https":
                _tunnel(connected, origin, proxy, budget)
        except BaseException:
            connected.close()
            raise
    except (OSError, http.client.HTTPException) as error:
        raise broken(error).at(proxy) from None
    return connected, network


def _connected(host: str, port: int, budget: Budget, admits: Admits) -> tuple[socket.socket, Network]:
    """Connects to the first of a host's addresses that answers; one that is not admitted is not even tried."""
    problem: Exception = OSError("it has no address")
    for *_, found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(found[0])
        network = network_of(address)
        if not admits(network):
            problem = _inside(host, network)
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
    """CONNECT (RFC 9110, section 9.3.6): the proxy hears the name of the host and nothing else."""
    target = f"{f'[{origin.host}]' if ':' in origin.host else origin.host}:{origin.port}"
    fields = {"Host": target, **proxy.headers}
    lines = [f"CONNECT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    connected.sendall("\r\n".join(lines).encode("latin-1"))
    with answer_on(connected, budget, READ_SECONDS, method="CONNECT") as answer:
        answer.begin()
        trace.note(f"CONNECT {target} through the proxy {proxy}: {answer.status}")
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            raise refused_by(proxy, answer.status)


def _literal(host: str) -> Network:
    """How near a host is by its name alone, in any form that a resolver takes for an address, such as `2130706433`."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return Network.LOOPBACK
    try:
        (*_, found), *_ = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        return Network.PUBLIC
    return network_of(str(found[0]))


def _inside(host: str, network: Network) -> BrokenError:
    return BrokenError(
        f"{host} has a {network.value} address, to which an answer from elsewhere may not lead",
        passes=False,
        advice="have the address itself named, without a redirect",
    )
