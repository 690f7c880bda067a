"""Where requests may go."""

import socket
import ssl
from typing import Any

import pytest

from notarykit.errors import NetworkError
from notarykit.net.anonymous import anonymous_client
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations, Network, network_of
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.urls import Origin, origin_of
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.forward_proxy import ForwardProxy
from tests.servers.registry.http_server import Reply
from tests.unit.net.conftest import Start

_PLAIN, _OTHER = Origin("http", "localhost", 5000), Origin("http", "localhost", 5001)
_TLS = Origin("https", "registry.test", 443)


@pytest.mark.parametrize(
    ("target", "source", "is_allowed"),
    [
        (_TLS, None, True),
        (_TLS, _PLAIN, True),
        (_PLAIN, None, True),
        (_PLAIN, _PLAIN, True),
        (_PLAIN, _OTHER, True),
        (_PLAIN, _TLS, False),
        (_PLAIN, Origin("https", "localhost", 5000), False),
        (_OTHER, None, False),
        (_OTHER, _PLAIN, False),
        (Origin("http", "127.0.0.1", 5000), _PLAIN, False),
        (Origin("http", "localhost", 80), _PLAIN, False),
    ],
)
def test_plain_http_is_limited_to_permitted_origins(target: Origin, source: Origin | None, is_allowed: bool) -> None:
    """Without TLS is what the user named as that, and never where something with TLS leads."""
    destinations = Destinations(frozenset([_PLAIN]), allow_plain="list it")
    if is_allowed:
        destinations.check(target, source)
        return
    with pytest.raises(
        NetworkError, match=f"{target.netloc} (is not permitted|without TLS, which is refused)$"
    ) as caught:
        destinations.check(target, source)
    assert caught.value.advice


@pytest.mark.parametrize("source", [None, _OTHER, _TLS])
def test_tls_server_never_leads_to_plain_http(source: Origin | None) -> None:
    """Where anybody may be asked without TLS, whoever has it still leads nobody away from it."""
    destinations = Destinations(plain=None)
    if source is not _TLS:
        destinations.check(_PLAIN, source)
        return
    with pytest.raises(
        NetworkError, match=r"^https://registry\.test leads to localhost:5000 without TLS, which is refused$"
    ):
        destinations.check(_PLAIN, source)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("93.184.216.34", Network.PUBLIC),
        ("2606:4700::1111", Network.PUBLIC),
        ("127.0.0.1", Network.LOOPBACK),
        ("127.255.255.254", Network.LOOPBACK),
        ("0.0.0.0", Network.LOOPBACK),
        ("::1", Network.LOOPBACK),
        ("::", Network.LOOPBACK),
        ("::ffff:127.0.0.1", Network.LOOPBACK),
        ("64:ff9b::7f00:1", Network.LOOPBACK),
        ("2002:7f00:1::", Network.LOOPBACK),
        ("169.254.169.254", Network.LINK_LOCAL),
        ("fe80::1", Network.LINK_LOCAL),
        ("fe80::1%eth0", Network.LINK_LOCAL),
        ("::ffff:169.254.169.254", Network.LINK_LOCAL),
        ("10.1.2.3", Network.PRIVATE),
        ("172.16.0.1", Network.PRIVATE),
        ("172.31.255.255", Network.PRIVATE),
        ("172.32.0.1", Network.PUBLIC),
        ("192.168.1.1", Network.PRIVATE),
        ("100.64.0.1", Network.PRIVATE),
        ("100.127.255.255", Network.PRIVATE),
        ("100.128.0.1", Network.PUBLIC),
        ("fd00:ec2::254", Network.PRIVATE),
        ("fc00::1", Network.PRIVATE),
        ("::ffff:10.1.2.3", Network.PRIVATE),
        ("fec0::1", Network.PRIVATE),
        ("64:ff9b:1::a00:1", Network.PRIVATE),
        ("::127.0.0.1", Network.LOOPBACK),
        ("::ffff:0:127.0.0.1", Network.LOOPBACK),
        ("::ffff:0:8.8.8.8", Network.PUBLIC),
        ("64:ff9b:1::7f00:1", Network.PRIVATE),
        ("5f00::1", Network.PRIVATE),
        ("224.0.0.1", Network.PRIVATE),
        ("ff02::1", Network.PRIVATE),
    ],
)
def test_network_of_addresses(address: str, network: Network) -> None:
    """RFC 1122, 1918, 3879, 3927, 4193, 4291, 6598 and 8215; an address that stands for another is as near as that."""
    assert network_of(address) is network


@pytest.mark.parametrize("began", [None, *Network])
@pytest.mark.parametrize("network", Network)
def test_admitted_networks(network: Network, began: Network | None) -> None:
    """Outside to everybody, inside to where the conversation began; what the user or a certificate names is free."""
    wanted = began is None or network in (Network.PUBLIC, began)
    assert Destinations(keeps_outside=True).admits(network, began) is wanted
    assert Destinations().admits(network, began)


class _Names:
    """A name service of the test's, and where the addresses that it gives really lead."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, addresses: dict[str, list[str]], places: dict[str, int]
    ) -> None:
        self.connected: list[str] = []
        connect = socket.create_connection

        def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses.get(host, [host])]

        def connect_to(address: tuple[str, int], *rest: Any) -> socket.socket:
            self.connected.append(address[0])
            return connect(("127.0.0.1", places.get(address[0], address[1])), *rest)

        monkeypatch.setattr("notarykit.net.dialing.socket.getaddrinfo", resolve)
        monkeypatch.setattr("notarykit.net.dialing.socket.create_connection", connect_to)


@pytest.mark.parametrize(
    ("where", "addresses"),
    [
        ("http://inside.test/", {"inside.test": ["127.0.0.1"]}),
        ("http://inside.test/", {"inside.test": ["169.254.169.254"]}),
        ("http://inside.test/", {"inside.test": ["10.0.0.1", "192.168.0.1", "::ffff:10.0.0.1"]}),
        ("http://169.254.169.254/latest/meta-data", {}),
        ("http://[::ffff:127.0.0.1]/", {}),
    ],
)
def test_redirect_into_a_private_network_is_refused(
    where: str, addresses: dict[str, list[str]], start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that would be connected to counts, whatever it is called, and nothing is connected to."""
    server = start(Reply(302, (("Location", where),)))
    outside = {"outside.test": ["93.184.216.34"]}
    names = _Names(monkeypatch, outside | addresses, {"93.184.216.34": server.port})
    with pytest.raises(NetworkError, match=r"has a (loopback|link-local|private) address, to which a redirect from"):
        anonymous_client().send(Request("GET", "http://outside.test/", Budget(), 1000))
    assert names.connected == ["93.184.216.34"]


def test_private_address_of_a_public_host_is_skipped(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses those outside are taken."""
    server = start(Reply(302, (("Location", "http://both.test/"),)), Reply(200, (), b"found"))
    addresses = {"outside.test": ["93.184.216.34"], "both.test": ["127.0.0.1", "93.184.216.35"]}
    names = _Names(monkeypatch, addresses, dict.fromkeys(("93.184.216.34", "93.184.216.35"), server.port))
    assert anonymous_client().send(Request("GET", "http://outside.test/", Budget(), 1000)).body == b"found"
    assert names.connected == ["93.184.216.34", "93.184.216.35"]


@pytest.mark.parametrize(
    ("start_at", "is_followed"),
    [("10.0.0.1", True), ("192.168.9.9", True), ("127.0.0.1", False), ("169.254.1.1", False)],
)
def test_redirect_within_a_private_network_is_followed(
    start_at: str, is_followed: bool, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's own responder may lead to another of its own, and not to this machine or its neighbours."""
    server = start(Reply(302, (("Location", "http://second.test/"),)), Reply(200, (), b"found"))
    addresses = {"first.test": ["10.0.0.7"], "second.test": [start_at]}
    _Names(monkeypatch, addresses, dict.fromkeys(("10.0.0.7", start_at), server.port))
    if is_followed:
        assert anonymous_client().send(Request("GET", "http://first.test/", Budget(), 1000)).body == b"found"
        return
    with pytest.raises(NetworkError, match="to which a redirect from another network is refused"):
        anonymous_client().send(Request("GET", "http://first.test/", Budget(), 1000))


@pytest.mark.parametrize(
    "where",
    [
        *("http://10.0.0.1/", "http://169.254.169.254/", "http://[fd00::1]/"),
        *("http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://10.1/", "http://0/"),
        *("http://localhost./", "http://it.localhost/"),
    ],
)
def test_private_redirect_behind_a_proxy_is_refused(where: str, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a proxy connects to nobody sees here, and so an address alone is judged, before the proxy is asked."""
    server = start(Reply(302, (("Location", where),)))
    with ForwardProxy({"outside.test:80": server.address}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with pytest.raises(NetworkError, match="to which a redirect from another network is refused"):
            anonymous_client().send(Request("GET", "http://outside.test/", Budget(), 1000))
        assert len(proxy.seen) == 1


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_redirect_from_tls_to_plain_http_is_refused(method: str, status: int, start: Start, ca: RegistryCA) -> None:
    """A server with TLS leads nobody to a place without, not even to one that the user allows to be without."""
    plain = start()
    secure = start(Reply(status, (("Location", plain.url),)), certificate=ca.server())
    connections = ConnectionPool(lambda _: ssl.create_default_context(cafile=ca.ca_file))
    client = HttpClient(connections, Destinations(frozenset([origin_of(plain.url)])))
    with pytest.raises(NetworkError, match="without TLS, which is refused"):
        client.send(Request(method, secure.url, Budget(), 1000, body=b"content" if method[0] == "P" else None))
    client.close()
    assert plain.seen == []
