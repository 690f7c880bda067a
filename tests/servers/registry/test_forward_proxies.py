"""Forward proxies between a user's command line and a registry, each in processes of their own."""

import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.commands import FAR, NOT_TRUSTED, pushed, refused, signs_and_verifies
from tests.servers.registry.factories import ForwardProxies
from tests.servers.registry.forward_proxy import ForwardProxy
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import NAME
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home, complete_home


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """Return the signer's chain."""
    return make_chain()


@pytest.fixture
def home(tmp_path: Path, chain: TestChain) -> Home:
    """Return a user's settings: a key, whose chain is trusted."""
    return complete_home(tmp_path / "home", chain)


@pytest.fixture
def registry(plain_registry: GoRegistries) -> Registry:
    """Return a registry that speaks TLS."""
    return plain_registry(tls=True)


class TestForwardProxies:
    """Proxies that the environment names."""

    def _seen(self, proxy: ForwardProxy) -> set[tuple[str, str]]:
        with proxy.lock:
            return {(seen.method, seen.target) for seen in proxy.seen}

    def test_with_tls(
        self, plain_registry: GoRegistries, registry_ca: RegistryCA, forward_proxy: ForwardProxies, home: Home
    ) -> None:
        """The proxy of HTTPS_PROXY hears the name of the host and nothing else, and TLS ends at the registry."""
        registry = plain_registry(tls=registry_ca.server([FAR, "127.0.0.1"]))
        proxy = forward_proxy({f"{FAR}:443": registry.address})
        signs_and_verifies(home, pushed(registry, FAR), "--ca-file", registry_ca.ca_file, HTTPS_PROXY=proxy.url)
        assert self._seen(proxy) == {("CONNECT", f"{FAR}:443")}

    def test_the_registrys_certificate_counts(
        self, registry: Registry, registry_ca: RegistryCA, forward_proxy: ForwardProxies, home: Home
    ) -> None:
        """A proxy that leads to another host is noticed."""
        proxy = forward_proxy({f"{FAR}:443": registry.address})
        line = refused(home, 3, pushed(registry, FAR), "--ca-file", registry_ca.ca_file, HTTPS_PROXY=proxy.url)
        assert NOT_TRUSTED in line
        assert FAR in line

    def test_without_tls(self, memory_registry: Registry, forward_proxy: ForwardProxies, home: Home) -> None:
        """The proxy of HTTP_PROXY gets whole addresses."""
        proxy = forward_proxy({f"{FAR}:80": memory_registry.address})
        signs_and_verifies(home, pushed(memory_registry, FAR), "--insecure-registry", HTTP_PROXY=proxy.url)
        seen = self._seen(proxy)
        assert {method for method, _ in seen} == {"GET", "HEAD", "POST", "PUT"}
        assert all(target.startswith(f"http://{FAR}/v2/{NAME}/") for _, target in seen)

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_proxy_that_wants_a_password(
        self, scheme: str, plain_registry: GoRegistries, registry_ca: RegistryCA, forward_proxy: ForwardProxies,
        home: Home,
    ) -> None:  # fmt: skip
        """The name and the password in the proxy's address go to the proxy; without them it refuses."""
        registry = plain_registry(tls=registry_ca.server([FAR, "127.0.0.1"]) if scheme == "https" else False)
        port = 443 if scheme == "https" else 80
        proxy = forward_proxy({f"{FAR}:{port}": registry.address}, CREDENTIALS)
        pair = ":".join(quote(each, safe="") for each in CREDENTIALS)
        reference, name = pushed(registry, FAR), f"{scheme.upper()}_PROXY"
        flags = ("--ca-file", registry_ca.ca_file) if scheme == "https" else ("--insecure-registry",)
        signs_and_verifies(home, reference, *flags, **{name: f"http://{pair}@{proxy.address}"})
        line = refused(home, 3, reference, *flags, **{name: proxy.url})
        assert "407" in line

    @pytest.mark.parametrize("exception", [f"{FAR}", f"example.com, {FAR}:443", "*.test", "*"])
    def test_exceptions(self, exception: str, forward_proxy: ForwardProxies, home: Home) -> None:
        """What NO_PROXY names is reached without the proxy; nobody has the name, which is what is said then."""
        proxy = forward_proxy(refuse=403)
        reference = f"{FAR}/{NAME}@sha256:{'0' * 64}"
        line = refused(home, 3, reference, HTTPS_PROXY=proxy.url, NO_PROXY=exception)
        assert f"GET https://{FAR}/v2/" in line
        assert "its name cannot be resolved" in line
        assert proxy.seen == []
        line = refused(home, 3, reference, HTTPS_PROXY=proxy.url, NO_PROXY=f"example.com,{FAR}:444")
        assert f"the proxy {proxy.url} refuses it with status 403: check $HTTPS_PROXY" in line
        assert self._seen(proxy) == {("CONNECT", f"{FAR}:443")}

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
    def test_this_machine(self, name: str, registry: Registry, forward_proxy: ForwardProxies, home: Home) -> None:
        """What is on this machine is reached without the proxy, as with programs in Go."""
        assert registry.ca_file is not None
        proxy = forward_proxy(refuse=403)
        signs_and_verifies(home, pushed(registry, name), "--ca-file", registry.ca_file, HTTPS_PROXY=proxy.url)
        assert proxy.seen == []

    def test_a_proxy_that_is_not_there(self, home: Home) -> None:
        """Where it is the proxy that does not answer, the line says which, and never its password."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        reference = f"{FAR}/{NAME}@sha256:{'0' * 64}"
        line = refused(home, 3, reference, HTTPS_PROXY=f"http://me:secret@127.0.0.1:{port}")
        assert f"the proxy http://127.0.0.1:{port}: connection refused: check $HTTPS_PROXY" in line
        assert "secret" not in line
        line = refused(home, 2, reference, HTTPS_PROXY=f"socks5://me:secret@127.0.0.1:{port}")
        assert "$HTTPS_PROXY: socks5:// proxies are not supported" in line
        assert "secret" not in line
