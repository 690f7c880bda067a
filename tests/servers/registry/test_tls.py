"""TLS between a user's command line and a registry, each in processes of their own."""

import json
import shutil
from pathlib import Path

import pytest

from tests.servers.registry import faults
from tests.servers.registry.certificates import KeyPair, RegistryCA
from tests.servers.registry.commands import NOT_TRUSTED, pushed, refused, signs_and_verifies
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import NAME
from tests.support.ca import TestChain
from tests.support.homes import Home, complete_home

PLAIN = "it speaks plain HTTP, not TLS"


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
        signs_and_verifies(home, pushed(registry, name), "--ca-file", registry.ca_file)

    def test_the_authority_by_folder(self, registry: Registry, home: Home) -> None:
        """With its authority in the folder of its host and port it is trusted as well."""
        _certs_d(home, registry.address, registry.ca_file)
        signs_and_verifies(home, pushed(registry, "127.0.0.1"))

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:1"])
    def test_the_folder_of_another_host(self, host: str, registry: Registry, home: Home) -> None:
        """What is trusted for one host and port is not trusted for another."""
        _certs_d(home, host, registry.ca_file)
        assert NOT_TRUSTED in refused(home, 3, pushed(registry, "127.0.0.1"))

    def test_nobody_is_trusted_unasked(self, registry: Registry, home: Home) -> None:
        """The line on an authority that is not known says how to make it known."""
        line = refused(home, 3, pushed(registry, "127.0.0.1"))
        assert f"GET https://{registry.address}/v2/{NAME}/" in line
        assert NOT_TRUSTED in line
        assert "--ca-file" in line

    def test_another_authority(self, registry: Registry, home: Home, tmp_path: Path) -> None:
        """An authority of the same name with another key is another one."""
        assert registry.ca_file is not None
        folder = tmp_path / "another"
        folder.mkdir()
        other = RegistryCA(str(folder))
        assert NOT_TRUSTED in refused(home, 3, pushed(registry, "127.0.0.1"), "--ca-file", other.ca_file)

    def test_an_expired_certificate(
        self, memory_registry: Registry, fault_proxy: FaultProxies, registry_ca: RegistryCA, home: Home
    ) -> None:
        """A certificate whose time is over is refused, and no request is sent."""
        proxy = fault_proxy(memory_registry, tls=registry_ca.server(expired=True))
        reference = pushed(memory_registry, "127.0.0.1").replace(memory_registry.address, proxy.address)
        line = refused(home, 3, reference, "--ca-file", registry_ca.ca_file)
        assert f"{NOT_TRUSTED}certificate has expired" in line
        assert proxy.seen == []

    def test_a_certificate_of_another_name(
        self, plain_registry: GoRegistries, registry_ca: RegistryCA, home: Home
    ) -> None:
        """So is one that is another host's."""
        registry = plain_registry(tls=registry_ca.server(["localhost"]))
        digest = "sha256:" + "0" * 64
        line = refused(home, 3, f"{registry.address}/{NAME}@{digest}", "--ca-file", registry_ca.ca_file)
        assert NOT_TRUSTED in line
        assert "127.0.0.1" in line

    @pytest.mark.parametrize("content", [None, b"", b"no certificate"])
    def test_a_file_that_holds_none(self, content: bytes | None, home: Home, tmp_path: Path) -> None:
        """A file that cannot be used is named, as a mistake in the settings."""
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_bytes(content)
        assert str(path) in refused(home, 2, f"127.0.0.1:1/{NAME}@sha256:{'0' * 64}", "--ca-file", str(path))


class TestClientCertificates:
    """Who the client says that it is."""

    def test_by_flags(self, choosy: Registry, home: Home) -> None:
        """With --cert-file and --key-file the registry lets the client in."""
        assert choosy.ca_file is not None
        assert choosy.client is not None
        flags = ("--cert-file", choosy.client.certificate, "--key-file", choosy.client.key)
        signs_and_verifies(home, pushed(choosy, "127.0.0.1"), "--ca-file", choosy.ca_file, *flags)

    def test_in_one_file(self, choosy: Registry, home: Home, tmp_path: Path) -> None:
        """The key may be in the certificate's file."""
        assert choosy.ca_file is not None
        assert choosy.client is not None
        both = tmp_path / "both.pem"
        both.write_bytes(b"".join(Path(each).read_bytes() for each in choosy.client))
        signs_and_verifies(home, pushed(choosy, "127.0.0.1"), "--ca-file", choosy.ca_file, "--cert-file", str(both))

    def test_by_folder(self, choosy: Registry, home: Home) -> None:
        """The folder of the host and port has all three files."""
        _certs_d(home, choosy.address, choosy.ca_file, choosy.client)
        signs_and_verifies(home, pushed(choosy, "127.0.0.1"))

    def test_none(self, choosy: Registry, home: Home) -> None:
        """Without one the registry does not let the client in, and one line says so."""
        assert choosy.ca_file is not None
        line = refused(home, 3, pushed(choosy, "127.0.0.1"), "--ca-file", choosy.ca_file)
        assert f"GET https://{choosy.address}/v2/{NAME}/" in line

    def test_a_key_without_a_certificate(self, choosy: Registry, home: Home) -> None:
        """A key alone is a mistake in the call, and so is a certificate alone in the folder."""
        assert choosy.client is not None
        reference = pushed(choosy, "127.0.0.1")
        assert "--cert-file" in refused(home, 2, reference, "--key-file", choosy.client.key)
        folder = _certs_d(home, choosy.address, choosy.ca_file, choosy.client)
        (folder / "client.key").unlink()
        assert "client.cert has no client.key beside it" in refused(home, 2, reference)


class TestWithoutTLS:
    """Registries that speak plain HTTP, which is for tests alone."""

    def test_not_unless_told(self, memory_registry: Registry, fault_proxy: FaultProxies, home: Home) -> None:
        """An address is talked to with TLS; where that is not spoken nothing is sent, and the line names the flag."""
        proxy = fault_proxy(memory_registry)
        reference = pushed(memory_registry, "127.0.0.1").replace(memory_registry.address, proxy.address)
        line = refused(home, 3, reference)
        assert PLAIN in line
        assert "--insecure-registry" in line
        assert proxy.seen == []

    def test_by_flag(self, memory_registry: Registry, home: Home) -> None:
        """With --insecure-registry it is talked to as it is."""
        signs_and_verifies(home, pushed(memory_registry, "127.0.0.1"), "--insecure-registry")

    def test_where_tls_is_spoken(self, registry: Registry, home: Home) -> None:
        """A registry that speaks TLS and is addressed without says so, and the line has what to do."""
        for flags, name in ((("--insecure-registry",), "127.0.0.1"), ((), "localhost")):
            line = refused(home, 3, pushed(registry, name), *flags)
            assert f"GET http://{name}:{registry.port}/v2/{NAME}/" in line
            assert "it speaks TLS, not plain HTTP: leave out --insecure-registry, " in line

    def test_by_settings(self, memory_registry: Registry, home: Home) -> None:
        """The same where the settings list it with its port, and no other."""
        reference = pushed(memory_registry, "127.0.0.1")
        config = home.folder / "config.json"
        config.write_text(json.dumps({"insecureRegistries": ["127.0.0.1", "127.0.0.1:1"]}))
        assert PLAIN in refused(home, 3, reference)
        config.write_text(json.dumps({"insecureRegistries": [memory_registry.address]}))
        signs_and_verifies(home, reference)

    def test_this_machine_by_name(self, memory_registry: Registry, home: Home) -> None:
        """`localhost` with a port needs no flag, as with notation."""
        signs_and_verifies(home, pushed(memory_registry))

    def test_not_after_tls(
        self, memory_registry: Registry, fault_proxy: FaultProxies, registry_ca: RegistryCA, home: Home
    ) -> None:
        """A registry that speaks TLS cannot send the client to a place that does not."""
        proxy = fault_proxy(memory_registry, tls=True)
        proxy.fault(faults.redirected(), faults.at("/manifests/"))
        reference = pushed(memory_registry, "127.0.0.1").replace(memory_registry.address, proxy.address)
        line = refused(home, 3, reference, "--ca-file", registry_ca.ca_file)
        assert f"https://{proxy.address} leads to {proxy.elsewhere.address} without TLS, which is refused: " in line
        assert proxy.elsewhere.seen == []
