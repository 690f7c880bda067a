"""Requests through the proxies that the environment names, and connections that are kept."""

import base64
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request, Response
from notarykit.net.pool import ConnectionPool
from notarykit.net.transport_errors import TransportError
from notarykit.net.urls import origin_of
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.forward_proxy import ForwardProxy
from tests.servers.registry.http_server import Reply
from tests.servers.registry.running import Credentials
from tests.unit.net.conftest import Start
from tests.unit.net.server import cut, raw

Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Sets variables."""

    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def _get(url: str, ca: RegistryCA | None = None) -> Response:
    """One request by a client that has just looked at the environment."""
    connections = ConnectionPool(lambda _: ssl.create_default_context(cafile=ca.ca_file if ca else None))
    client = HttpClient(connections, Destinations(plain=None), lambda _: None)
    try:
        return client.send(Request("GET", url, Budget(seconds=10), 1000, {"Authorization": "secret"}))
    finally:
        client.close()


@pytest.fixture
def proxy(request: pytest.FixtureRequest) -> Iterator[ForwardProxy]:
    """A proxy that brings `registry.test` to wherever a test says."""
    with ForwardProxy(**getattr(request, "param", {})) as proxy:
        yield proxy


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_plain_http_through_a_proxy(
    name: str, scheme: str, proxy: ForwardProxy, start: Start, environment: Environment
) -> None:
    """Without TLS the proxy gets whole addresses, whether its own has a scheme or not."""
    server = start(Reply(200, (), b"found"))
    proxy._routes["registry.test:80"] = server.address
    environment(**{name: f"{scheme}{proxy.address}"})
    assert _get("http://registry.test/a?b").body == b"found"
    assert [(seen.method, seen.target) for seen in proxy.seen] == [("GET", "http://registry.test/a?b")]
    assert (server.seen[0].target, server.seen[0].headers["Host"]) == ("/a?b", "registry.test")


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_tls_through_a_proxy(
    name: str, proxy: ForwardProxy, start: Start, environment: Environment, ca: RegistryCA
) -> None:
    """With TLS the proxy gets nothing but the name of the host: neither path nor credentials."""
    server = start(Reply(200, (), b"found"), certificate=ca.server(["registry.test"]))
    proxy._routes["registry.test:443"] = server.address
    environment(**{name: proxy.url})
    assert _get("https://registry.test/a", ca).body == b"found"
    (seen,) = proxy.seen
    assert (seen.method, seen.target, seen.authorization) == ("CONNECT", "registry.test:443", None)
    assert server.seen[0].authorization == "secret"


def test_certificate_is_verified_behind_a_proxy(
    proxy: ForwardProxy, start: Start, environment: Environment, ca: RegistryCA
) -> None:
    """A proxy does not weaken TLS: the certificate must be that of the host that was meant."""
    server = start(certificate=ca.server(["other.test"]))
    proxy._routes["registry.test:443"] = server.address
    environment(https_proxy=proxy.url)
    with pytest.raises(NetworkError, match="its certificate is not trusted: Hostname mismatch"):
        _get("https://registry.test/", ca)


@pytest.mark.parametrize("proxy", [{"credentials": Credentials("me@work", "pass word:%")}], indirect=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_credentials_are_sent_to_the_proxy_only(
    scheme: str, proxy: ForwardProxy, start: Start, environment: Environment, ca: RegistryCA
) -> None:
    """The name and the password of the proxy's address go to the proxy and no further."""
    server = start(Reply(200, (), b"found"), certificate=ca.server(["registry.test"]) if scheme == "https" else None)
    proxy._routes[f"registry.test:{443 if scheme == 'https' else 80}"] = server.address
    environment(**{f"{scheme}_proxy": f"http://me%40work:pass%20word%3A%25@{proxy.address}"})
    assert _get(f"{scheme}://registry.test/", ca).body == b"found"
    wanted = f"Basic {base64.b64encode(b'me@work:pass word:%').decode()}"
    assert [seen.headers["Proxy-Authorization"] for seen in proxy.seen] == [wanted]
    assert server.seen[0].headers["Proxy-Authorization"] is None


@pytest.mark.parametrize(
    ("proxy", "status", "requests", "advice"),
    [
        ({"refuse": 403}, 403, 1, "check $https_proxy, or except the host with NO_PROXY"),
        ({"refuse": 503}, 503, 5, "check $https_proxy, or except the host with NO_PROXY"),
        (
            {"credentials": Credentials("me", "secret")},
            407,
            1,
            "it requires authentication: set $https_proxy to http://name:password@host:port",
        ),
    ],
    indirect=["proxy"],
)
def test_refused_tunnel_is_an_error(
    status: int, requests: int, advice: str, proxy: ForwardProxy, environment: Environment
) -> None:
    """A tunnel that is refused is told by its status; the proxy is asked again only where that may help."""
    environment(https_proxy=f"http://me:wrong@{proxy.address}")
    with pytest.raises(NetworkError) as caught:
        _get("https://registry.test/?secret")
    wanted = f"GET https://registry.test/: the proxy http://{proxy.address} refuses it with status {status}"
    assert (caught.value.message, caught.value.advice) == (wanted, advice)
    assert len(proxy.seen) == requests


@pytest.mark.parametrize("proxy", [{"credentials": Credentials("me", "secret")}], indirect=True)
def test_proxy_authentication_is_demanded_without_a_tunnel(proxy: ForwardProxy, environment: Environment) -> None:
    """What a proxy wants for itself is not taken for the registry's answer."""
    environment(HTTP_PROXY=f"http://me:wrong@{proxy.address}")
    with pytest.raises(NetworkError) as caught:
        _get("http://registry.test/")
    assert caught.value.message.endswith(f"the proxy http://{proxy.address} refuses it with status 407")
    assert "$HTTP_PROXY" in caught.value.advice
    assert "wrong" not in caught.value.one_line()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_unreachable_proxy_is_an_error(scheme: str, environment: Environment) -> None:
    """Where it is the proxy that does not answer, the message says so, with the variable and without the password."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    environment(**{f"{scheme}_proxy": f"http://me:secret@127.0.0.1:{port}"})
    with pytest.raises(NetworkError) as caught:
        _get(f"{scheme}://registry.test/")
    wanted = f"GET {scheme}://registry.test/: the proxy http://127.0.0.1:{port}: connection refused"
    assert caught.value.message == wanted
    assert caught.value.advice == f"check ${scheme}_proxy, or except the host with NO_PROXY"


def test_unknown_proxy_host_is_an_error(environment: Environment) -> None:
    """A proxy's name that leads nowhere is not taken for the registry's."""
    environment(https_proxy="proxy.invalid")
    with pytest.raises(NetworkError, match=r"the proxy http://proxy\.invalid:80: its name cannot be resolved"):
        _get("https://registry.test/")


def test_proxy_that_speaks_tls_is_an_error(start: Start, environment: Environment) -> None:
    """A proxy that wants TLS for itself is named, and the advice is about the proxy."""
    server = start(raw(b"\x15\x03\x03\x00\x02\x02\x0a"))
    environment(https_proxy=server.url)
    with pytest.raises(NetworkError, match=f"the proxy {server.url}: it speaks TLS, not plain HTTP") as caught:
        _get("https://registry.test/")
    assert caught.value.advice == "check $https_proxy, or except the host with NO_PROXY"


def test_error_behind_a_proxy_names_the_proxy(
    proxy: ForwardProxy, start: Start, environment: Environment, ca: RegistryCA
) -> None:
    """What goes wrong behind a proxy is said of the registry, and through which proxy it was asked."""
    server = start(cut, certificate=ca.server(["registry.test"]))
    proxy._routes["registry.test:443"] = server.address
    environment(https_proxy=proxy.url)
    for authority, reason in (
        (ca, "the connection was closed before the response was complete"),
        (None, "is not trusted: "),
    ):
        with pytest.raises(NetworkError, match=rf"{reason}.*\(through the proxy {proxy.url}\)$"):
            _get("https://registry.test/", authority)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, b"HTTP/1.1 100 Continue\r\n\r\n" * 5000]
)
def test_proxy_response_is_bounded(head: bytes, start: Start, environment: Environment) -> None:
    """What a proxy answers to CONNECT is bounded like any other head."""
    server = start(raw(head))
    environment(https_proxy=server.url)
    with pytest.raises(NetworkError, match=rf"the proxy {server.url}: "):
        _get("https://registry.test/")
    assert len(server.seen) == 1


def test_proxy_variables_are_read_once(start: Start, environment: Environment) -> None:
    """A proxy that appears later changes nothing."""
    server = start(Reply(200, (), b"found"))
    connections = ConnectionPool(lambda _: ssl.create_default_context())
    environment(http_proxy="proxy.invalid")
    with contextlib.closing(connections.open(origin_of(server.url), Budget())) as connection:
        assert connection.proxy is None


def test_idle_connections_are_limited(start: Start) -> None:
    """Of many connections that come back, eight are kept."""
    server = start()
    origin = origin_of(server.url)
    with contextlib.closing(ConnectionPool(lambda _: ssl.create_default_context())) as connections:
        for connection in [connections.open(origin, Budget()) for _ in range(10)]:
            connections.release(connection)
        kept = [connections.take_idle(origin) for _ in range(10)]
    assert [each is not None and each.is_used for each in kept] == [True] * 8 + [False] * 2
    for each in kept:
        if each is not None:
            each.close()


def test_idle_connections_are_limited_over_all_origins(start: Start) -> None:
    """A server that redirects to ever more hosts does not make sockets pile up: those of the first origins go."""
    server = start()
    origins = [origin_of(f"http://127.0.0.{number}:{server.url.rpartition(':')[2]}") for number in range(1, 71)]
    with contextlib.closing(ConnectionPool(lambda _: ssl.create_default_context())) as connections:
        opened = [connections.open(origin_of(server.url), Budget()) for _ in origins]
        for origin, connection in zip(origins, opened, strict=True):
            connection.origin = origin
            connections.release(connection)
        kept = [connections.take_idle(origin) for origin in origins]
    assert [connection is not None for connection in kept] == [False] * 6 + [True] * 64
    assert [connection.socket.fileno() for connection in opened[:6]] == [-1] * 6
    for connection in opened:
        connection.close()


def test_tls_contexts_are_limited() -> None:
    """A context takes a megabyte, so those of the hosts that were not used for the longest time are dropped."""
    made: list[str] = []

    def context_for(host: str) -> ssl.SSLContext:
        made.append(host)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    pool = ConnectionPool(context_for)
    first, *others = [origin_of(f"https://{number}.invalid") for number in range(65)]
    for origin in (first, *others[:-1], first, others[-1], first, others[0]):
        with pytest.raises(TransportError):
            pool.open(origin, Budget())
    assert made == [origin.netloc for origin in (first, *others, others[0])]
