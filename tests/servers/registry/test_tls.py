"""TLS and proxies between a user's command line and a registry, each in processes of their own."""

import json
import shutil
import socket
import ssl
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.registry import fault_proxy as faults
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.factories import FaultProxies, ForwardProxies
from tests.servers.registry.forward_proxy import ForwardProxy
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import NAME, error_of, run
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import push_artifacts

FAR = "registry.test"  # a name that nobody has (RFC 6761)
NOT_TRUSTED = "its certificate is not trusted: "
PLAIN = "it speaks plain HTTP, not TLS"


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


@pytest.fixture
def choosy(plain_registry: GoRegistries) -> Registry:
    """Return a registry that speaks TLS with those whose certificates it knows."""
    return plain_registry(tls=True, client_certificates=True)


def _pushed(registry: Registry, name: str = "localhost") -> str:
    """Pushes an artifact and returns how a user names it, under a name of the registry's host."""
    context = None
    if registry.ca_file is not None:
        context = ssl.create_default_context(cafile=registry.ca_file)
        if registry.client is not None:
            context.load_cert_chain(*registry.client)
    (digest,) = push_artifacts(registry.address, NAME, ["v1"], context)
    return f"{name}:{registry.port}/{NAME}@{digest}" if name != FAR else f"{FAR}/{NAME}@{digest}"


def _works(home: Home, reference: str, *flags: str, **variables: str) -> None:
    """Signs and verifies."""
    for command in ("sign", "verify"):
        done = run(home, command, *flags, reference, **variables)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert done.stdout == f"Successfully verified signature for {reference}\n"


def _refused(home: Home, code: int, reference: str, *flags: str, **variables: str) -> str:
    """Signs and verifies, neither of which works, and returns the one line that the second says."""
    error_of(run(home, "sign", *flags, reference, **variables), code)
    return error_of(run(home, "verify", *flags, reference, **variables), code)


def _certs_d(home: Home, host: str, ca_file: str | None, client: KeyPair | None = None) -> Path:
    """Makes the folder of a host's certificates."""
    folder = home.folder / "certs.d" / host
    folder.mkdir(parents=True)
    if ca_file is not None:
        shutil.copy(ca_file, folder / "ca.crt")
    if client is not None:
        shutil.copy(client.certificate, folder / "client.cert")
        shutil.copy(client.key, folder / "client.key")
    return folder


class TestServerCertificates:
    """Whom the client talks to."""

    @pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
    def test_the_authority_by_flag(self, name: str, registry: Registry, home: Home) -> None:
        """With the authority's certificate given by --ca-file the registry is trusted, on this machine too."""
        assert registry.ca_file is not None
        _works(home, _pushed(registry, name), "--ca-file", registry.ca_file)

    def test_the_authority_by_folder(self, registry: Registry, home: Home) -> None:
        """With its authority in the folder of its host and port it is trusted as well."""
        _certs_d(home, registry.address, registry.ca_file)
        _works(home, _pushed(registry, "127.0.0.1"))

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:1"])
    def test_the_folder_of_another_host(self, host: str, registry: Registry, home: Home) -> None:
        """What is trusted for one host and port is not trusted for another."""
        _certs_d(home, host, registry.ca_file)
        assert NOT_TRUSTED in _refused(home, 3, _pushed(registry, "127.0.0.1"))

    def test_nobody_is_trusted_unasked(self, registry: Registry, home: Home) -> None:
        """The line on an authority that is not known says how to make it known."""
        line = _refused(home, 3, _pushed(registry, "127.0.0.1"))
        assert f"GET https://{registry.address}/v2/{NAME}/" in line
        assert NOT_TRUSTED in line
        assert "--ca-file" in line

    def test_another_authority(self, registry: Registry, home: Home, tmp_path: Path) -> None:
        """An authority of the same name with another key is another one."""
        assert registry.ca_file is not None
        folder = tmp_path / "another"
        folder.mkdir()
        other = RegistryCA(str(folder))
        assert NOT_TRUSTED in _refused(home, 3, _pushed(registry, "127.0.0.1"), "--ca-file", other.ca_file)

    def test_an_expired_certificate(
        self, memory_registry: Registry, fault_proxy: FaultProxies, registry_ca: RegistryCA, home: Home
    ) -> None:
        """A certificate whose time is over is refused, and no request is sent."""
        proxy = fault_proxy(memory_registry, tls=registry_ca.server(expired=True))
        reference = _pushed(memory_registry, "127.0.0.1").replace(memory_registry.address, proxy.address)
        line = _refused(home, 3, reference, "--ca-file", registry_ca.ca_file)
        assert f"{NOT_TRUSTED}certificate has expired" in line
        assert proxy.seen == []

    def test_a_certificate_of_another_name(
        self, plain_registry: GoRegistries, registry_ca: RegistryCA, home: Home
    ) -> None:
        """So is one that is another host's."""
        registry = plain_registry(tls=registry_ca.server(["localhost"]))
        digest = "sha256:" + "0" * 64
        line = _refused(home, 3, f"{registry.address}/{NAME}@{digest}", "--ca-file", registry_ca.ca_file)
        assert NOT_TRUSTED in line
        assert "127.0.0.1" in line

    @pytest.mark.parametrize("content", [None, b"", b"no certificate"])
    def test_a_file_that_holds_none(self, content: bytes | None, home: Home, tmp_path: Path) -> None:
        """A file that cannot be used is named, as a mistake in the settings."""
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_bytes(content)
        assert str(path) in _refused(home, 2, f"127.0.0.1:1/{NAME}@sha256:{'0' * 64}", "--ca-file", str(path))


class TestClientCertificates:
    """Who the client says that it is."""

    def test_by_flags(self, choosy: Registry, home: Home) -> None:
        """With --cert-file and --key-file the registry lets the client in."""
        assert choosy.ca_file is not None
        assert choosy.client is not None
        flags = ("--cert-file", choosy.client.certificate, "--key-file", choosy.client.key)
        _works(home, _pushed(choosy, "127.0.0.1"), "--ca-file", choosy.ca_file, *flags)

    def test_in_one_file(self, choosy: Registry, home: Home, tmp_path: Path) -> None:
        """The key may be in the certificate's file."""
        assert choosy.ca_file is not None
        assert choosy.client is not None
        both = tmp_path / "both.pem"
        both.write_bytes(b"".join(Path(each).read_bytes() for each in choosy.client))
        _works(home, _pushed(choosy, "127.0.0.1"), "--ca-file", choosy.ca_file, "--cert-file", str(both))

    def test_by_folder(self, choosy: Registry, home: Home) -> None:
        """The folder of the host and port has all three files."""
        _certs_d(home, choosy.address, choosy.ca_file, choosy.client)
        _works(home, _pushed(choosy, "127.0.0.1"))

    def test_none(self, choosy: Registry, home: Home) -> None:
        """Without one the registry does not let the client in, and one line says so."""
        assert choosy.ca_file is not None
        line = _refused(home, 3, _pushed(choosy, "127.0.0.1"), "--ca-file", choosy.ca_file)
        assert f"GET https://{choosy.address}/v2/{NAME}/" in line

    def test_a_key_without_a_certificate(self, choosy: Registry, home: Home) -> None:
        """A key alone is a mistake in the call, and so is a certificate alone in the folder."""
        assert choosy.client is not None
        reference = _pushed(choosy, "127.0.0.1")
        assert "--cert-file" in _refused(home, 2, reference, "--key-file", choosy.client.key)
        folder = _certs_d(home, choosy.address, choosy.ca_file, choosy.client)
        (folder / "client.key").unlink()
        assert "client.cert has no client.key beside it" in _refused(home, 2, reference)


class TestWithoutTLS:
    """Registries that speak plain HTTP, which is for tests alone."""

    def test_not_unless_told(self, memory_registry: Registry, fault_proxy: FaultProxies, home: Home) -> None:
        """An address is talked to with TLS; where that is not spoken nothing is sent, and the line names the flag."""
        proxy = fault_proxy(memory_registry)
        reference = _pushed(memory_registry, "127.0.0.1").replace(memory_registry.address, proxy.address)
        line = _refused(home, 3, reference)
        assert PLAIN in line
        assert "--insecure-registry" in line
        assert proxy.seen == []

    def test_by_flag(self, memory_registry: Registry, home: Home) -> None:
        """With --insecure-registry it is talked to as it is."""
        _works(home, _pushed(memory_registry, "127.0.0.1"), "--insecure-registry")

    def test_where_tls_is_spoken(self, registry: Registry, home: Home) -> None:
        """A registry that speaks TLS and is addressed without says so, and the line has what to do."""
        for flags, name in ((("--insecure-registry",), "127.0.0.1"), ((), "localhost")):
            line = _refused(home, 3, _pushed(registry, name), *flags)
            assert f"GET http://{name}:{registry.port}/v2/{NAME}/" in line
            assert "it speaks TLS, not plain HTTP: leave out --insecure-registry, " in line

    def test_by_settings(self, memory_registry: Registry, home: Home) -> None:
        """The same where the settings list it with its port, and no other."""
        reference = _pushed(memory_registry, "127.0.0.1")
        config = home.folder / "config.json"
        config.write_text(json.dumps({"insecureRegistries": ["127.0.0.1", "127.0.0.1:1"]}))
        assert PLAIN in _refused(home, 3, reference)
        config.write_text(json.dumps({"insecureRegistries": [memory_registry.address]}))
        _works(home, reference)

    def test_this_machine_by_name(self, memory_registry: Registry, home: Home) -> None:
        """`localhost` with a port needs no flag, as with notation."""
        _works(home, _pushed(memory_registry))

    def test_not_after_tls(
        self, memory_registry: Registry, fault_proxy: FaultProxies, registry_ca: RegistryCA, home: Home
    ) -> None:
        """A registry that speaks TLS cannot send the client to a place that does not."""
        proxy = fault_proxy(memory_registry, tls=True)
        proxy.fault(faults.redirected(), faults.at("/manifests/"))
        reference = _pushed(memory_registry, "127.0.0.1").replace(memory_registry.address, proxy.address)
        line = _refused(home, 3, reference, "--ca-file", registry_ca.ca_file)
        assert f"https://{proxy.address} leads to {proxy.elsewhere.address} without TLS, which is refused: " in line
        assert proxy.elsewhere.seen == []


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
        _works(home, _pushed(registry, FAR), "--ca-file", registry_ca.ca_file, HTTPS_PROXY=proxy.url)
        assert self._seen(proxy) == {("CONNECT", f"{FAR}:443")}

    def test_the_registrys_certificate_counts(
        self, registry: Registry, registry_ca: RegistryCA, forward_proxy: ForwardProxies, home: Home
    ) -> None:
        """A proxy that leads to another host is noticed."""
        proxy = forward_proxy({f"{FAR}:443": registry.address})
        line = _refused(home, 3, _pushed(registry, FAR), "--ca-file", registry_ca.ca_file, HTTPS_PROXY=proxy.url)
        assert NOT_TRUSTED in line
        assert FAR in line

    def test_without_tls(self, memory_registry: Registry, forward_proxy: ForwardProxies, home: Home) -> None:
        """The proxy of HTTP_PROXY gets whole addresses."""
        proxy = forward_proxy({f"{FAR}:80": memory_registry.address})
        _works(home, _pushed(memory_registry, FAR), "--insecure-registry", HTTP_PROXY=proxy.url)
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
        reference, name = _pushed(registry, FAR), f"{scheme.upper()}_PROXY"
        flags = ("--ca-file", registry_ca.ca_file) if scheme == "https" else ("--insecure-registry",)
        _works(home, reference, *flags, **{name: f"http://{pair}@{proxy.address}"})
        line = _refused(home, 3, reference, *flags, **{name: proxy.url})
        assert "407" in line

    @pytest.mark.parametrize("exception", [f"{FAR}", f"example.com, {FAR}:443", "*.test", "*"])
    def test_exceptions(self, exception: str, forward_proxy: ForwardProxies, home: Home) -> None:
        """What NO_PROXY names is reached without the proxy; nobody has the name, which is what is said then."""
        proxy = forward_proxy(refuse=403)
        reference = f"{FAR}/{NAME}@sha256:{'0' * 64}"
        line = _refused(home, 3, reference, HTTPS_PROXY=proxy.url, NO_PROXY=exception)
        assert f"GET https://{FAR}/v2/" in line
        assert "its name cannot be resolved" in line
        assert proxy.seen == []
        line = _refused(home, 3, reference, HTTPS_PROXY=proxy.url, NO_PROXY=f"example.com,{FAR}:444")
        assert f"the proxy {proxy.url} refuses it with status 403: check $HTTPS_PROXY" in line
        assert self._seen(proxy) == {("CONNECT", f"{FAR}:443")}

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
    def test_this_machine(self, name: str, registry: Registry, forward_proxy: ForwardProxies, home: Home) -> None:
        """What is on this machine is reached without the proxy, as with programs in Go."""
        assert registry.ca_file is not None
        proxy = forward_proxy(refuse=403)
        _works(home, _pushed(registry, name), "--ca-file", registry.ca_file, HTTPS_PROXY=proxy.url)
        assert proxy.seen == []

    def test_a_proxy_that_is_not_there(self, home: Home) -> None:
        """Where it is the proxy that does not answer, the line says which, and never its password."""
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        reference = f"{FAR}/{NAME}@sha256:{'0' * 64}"
        line = _refused(home, 3, reference, HTTPS_PROXY=f"http://me:secret@127.0.0.1:{port}")
        assert f"the proxy http://127.0.0.1:{port}: connection refused: check $HTTPS_PROXY" in line
        assert "secret" not in line
        line = _refused(home, 2, reference, HTTPS_PROXY=f"socks5://me:secret@127.0.0.1:{port}")
        assert "$HTTPS_PROXY: socks5:// proxies are not supported" in line
        assert "secret" not in line
