"""Proxies that the environment names, and the exceptions from them."""

import base64
import contextlib
import ssl
from collections.abc import Callable, Iterator

import pytest

from notarykit.errors import ConfigurationError, NetworkError
from notarykit.net.addresses import Origin
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient, Response
from notarykit.net.connections import Connections
from servers.registry.certificates import RegistryCA
from servers.registry.forward_proxy import ForwardProxy
from servers.registry.http_server import Reply
from servers.registry.running import Credentials
from unit.net.conftest import Start

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
    connections = Connections(lambda _: ssl.create_default_context(cafile=ca.ca_file if ca else None))
    client = HttpClient(connections, lambda _: True, lambda _: None)
    try:
        return client.send("GET", url, budget=Budget(seconds=10), limit=1000, headers={"Authorization": "secret"})
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


def test_the_certificate_behind_a_proxy(
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
def test_a_proxy_that_wants_credentials(
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
    ("proxy", "status", "requests"),
    [
        ({"refuse": 403}, 403, 1),
        ({"refuse": 503}, 503, 5),
        ({"credentials": Credentials("me", "secret")}, 407, 1),
    ],
    indirect=["proxy"],
)
def test_a_proxy_that_refuses(status: int, requests: int, proxy: ForwardProxy, environment: Environment) -> None:
    """A tunnel that is refused is told by its status; the proxy is asked again only where that may help."""
    environment(https_proxy=f"http://me:wrong@{proxy.address}")
    with pytest.raises(NetworkError) as caught:
        _get("https://registry.test/?secret")
    assert caught.value.message == f"GET https://registry.test/: the proxy refuses it with status {status}"
    assert caught.value.advice == "check the proxy's settings"
    assert len(proxy.seen) == requests


@pytest.mark.parametrize("address", ["https://proxy.test:1", "socks5://proxy.test", "http://", "ftp://me:secret@x"])
def test_a_proxy_of_another_kind(address: str, environment: Environment) -> None:
    """A proxy that cannot be used is not gone around; its password is not repeated."""
    environment(https_proxy=address, http_proxy=address)
    for url in ("https://registry.test/", "http://registry.test/"):
        with pytest.raises(ConfigurationError, match=r"proxy of the kind \w+:// is not supported") as caught:
            _get(url)
        assert "secret" not in caught.value.one_line()


def _is_proxied(origin: Origin) -> bool:
    connections = Connections(lambda _: ssl.create_default_context())
    with contextlib.closing(connections):
        connection, _ = connections.take(origin)
        return connection.host == "proxy.test"


@pytest.mark.parametrize(
    ("exceptions", "is_proxied"),
    [
        ("", True),
        ("*", False),
        ("other.test", True),
        ("registry.example.com", False),
        ("REGISTRY.Example.COM", False),
        ("example.com", False),
        (".example.com", False),
        ("com", False),
        ("ample.com", True),
        ("registry.example.co", True),
        ("a, registry.example.com ,b", False),
        (",,", True),
        ("registry.example.com:443", False),
        ("registry.example.com:444", True),
        ("example.com:443", False),
        ("a.registry.example.com", True),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_exceptions(name: str, exceptions: str, is_proxied: bool, environment: Environment) -> None:
    """A host is excepted by its name, by a domain above it, or by `*`; with a port, for that port alone."""
    environment(https_proxy="proxy.test:1", **{name: exceptions})
    assert _is_proxied(Origin("https", "registry.example.com", 443)) is is_proxied


def test_exceptions_of_addresses(environment: Environment) -> None:
    """An address is excepted by itself."""
    environment(http_proxy="proxy.test:1", no_proxy="127.0.0.1,::1")
    assert not _is_proxied(Origin("http", "127.0.0.1", 5000))
    assert not _is_proxied(Origin("http", "::1", 5000))
    assert _is_proxied(Origin("http", "127.0.0.2", 5000))


@pytest.mark.parametrize(
    ("variables", "scheme", "is_proxied"),
    [
        ({"http_proxy": "proxy.test"}, "https", False),
        ({"https_proxy": "proxy.test"}, "http", False),
        ({"https_proxy": "", "all_proxy": "proxy.test"}, "https", True),
        ({"https_proxy": "proxy.test", "HTTPS_PROXY": "other.test"}, "https", True),
        ({"https_proxy": "other.test", "HTTPS_PROXY": "proxy.test"}, "https", False),
        ({"https_proxy": "proxy.test", "all_proxy": "other.test"}, "https", True),
        ({"HTTP_PROXY": "proxy.test", "REQUEST_METHOD": "GET"}, "http", False),
        ({"http_proxy": "proxy.test", "REQUEST_METHOD": "GET"}, "http", True),
    ],
)
def test_which_variable_counts(
    variables: dict[str, str], scheme: str, is_proxied: bool, environment: Environment
) -> None:
    """The variable of the scheme comes first, lower case before upper; under CGI `HTTP_PROXY` is a stranger's word."""
    environment(**variables)
    assert _is_proxied(Origin(scheme, "registry.test", 1)) is is_proxied


def test_the_environment_is_read_once(environment: Environment) -> None:
    """A proxy that appears later changes nothing."""
    connections = Connections(lambda _: ssl.create_default_context())
    environment(https_proxy="proxy.test")
    connection, is_used = connections.take(Origin("https", "registry.test", 443))
    assert (connection.host, is_used) == ("registry.test", False)


def test_a_bounded_number_is_kept() -> None:
    """Of many connections that come back, eight are kept."""
    connections = Connections(lambda _: ssl.create_default_context())
    origin = Origin("http", "registry.test", 80)
    taken = [connections.take(origin)[0] for _ in range(10)]
    for connection in taken:
        connections.give_back(origin, connection)
    again = [connections.take(origin)[1] for _ in range(10)]
    assert again == [True] * 8 + [False] * 2
