"""TLS to a real Vault, and the proxies on the way: whom the token is given to."""

import shutil
import subprocess
from pathlib import Path

import pytest

from notarykit.errors import PluginValidationError
from notarykit_hashicorp_vault import session
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import FaultProxies, ForwardProxies
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import refusal, sign
from tests.support.ca import TestChain
from tests.support.requirements import program


@pytest.fixture
def chain(vault: VaultServer, name: str) -> TestChain:
    """The chain of a key of this test, which Transit keeps."""
    vault.make_key(name)
    return vault.attach(name)


@pytest.fixture(autouse=True)
def trusted(vault: VaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is that for TLS, and the CA is trusted."""
    monkeypatch.setenv("VAULT_ADDR", vault.tls_url)
    monkeypatch.setenv("VAULT_CACERT", vault.ca_file)


def test_a_ca_of_ones_own(name: str, chain: TestChain) -> None:
    """The file that $VAULT_CACERT names is what the server is verified with."""
    sign(HashiCorpVaultPlugin(), name, chain)


def test_a_folder_of_cas(
    vault: VaultServer, name: str, chain: TestChain, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that $VAULT_CAPATH names is as good, in the form that OpenSSL has for such folders."""
    shutil.copy(vault.ca_file, user / "ca.pem")
    subprocess.run([program("openssl"), "rehash", str(user)], check=True)
    monkeypatch.delenv("VAULT_CACERT")
    monkeypatch.setenv("VAULT_CAPATH", str(user))
    sign(HashiCorpVaultPlugin(), name, chain)


def test_a_ca_that_is_not_trusted(vault: VaultServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its CA the server is not trusted, and there is one try."""
    monkeypatch.delenv("VAULT_CACERT")
    error = refusal(name)
    assert error.message == f"the certificate of {vault.tls_url} is not trusted"
    assert "VAULT_CACERT" in error.advice


def test_a_certificate_that_has_expired(
    registry_ca: RegistryCA, fault_proxy: FaultProxies, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate whose time is over is not trusted."""
    proxy = fault_proxy(tls=registry_ca.server(expired=True))
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    assert refusal(name).message == f"the certificate of {proxy.url} is not trusted"
    assert proxy.seen == []


def test_a_certificate_of_another_name(
    vault: VaultServer,
    registry_ca: RegistryCA,
    fault_proxy: FaultProxies,
    name: str,
    chain: TestChain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A certificate for another name is refused, unless $VAULT_TLS_SERVER_NAME is that name."""
    proxy = fault_proxy(f"127.0.0.1:{vault.port}", tls=registry_ca.server(["vault.example"]))
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    error = refusal(name)
    assert error.message == f"the certificate of {proxy.url} is for another host"
    assert "VAULT_TLS_SERVER_NAME" in error.advice
    monkeypatch.setenv("VAULT_TLS_SERVER_NAME", "vault.example")
    sign(HashiCorpVaultPlugin(), name, chain)
    monkeypatch.setenv("VAULT_TLS_SERVER_NAME", "another.example")
    assert refusal(name).message == error.message


def test_a_certificate_of_the_client(
    vault: VaultServer, name: str, chain: TestChain, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that wants a certificate gets it, from two files or from one; without one it ends the handshake."""
    monkeypatch.setenv("VAULT_ADDR", vault.client_url)
    monkeypatch.setattr(session, "_FIRST_PAUSE", 0.001)
    error = refusal(name)
    assert error.message == f"{vault.client_url} ended the TLS handshake"
    assert "VAULT_CLIENT_CERT" in error.advice
    monkeypatch.setenv("VAULT_CLIENT_CERT", vault.client.certificate)
    monkeypatch.setenv("VAULT_CLIENT_KEY", vault.client.key)
    sign(HashiCorpVaultPlugin(), name, chain)
    both = user / "both.pem"
    both.write_bytes(Path(vault.client.certificate).read_bytes() + Path(vault.client.key).read_bytes())
    monkeypatch.setenv("VAULT_CLIENT_CERT", str(both))
    monkeypatch.delenv("VAULT_CLIENT_KEY")
    sign(HashiCorpVaultPlugin(), name, chain)


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "t"])
def test_verification_is_not_skipped(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """$VAULT_SKIP_VERIFY is refused, with what to do instead."""
    monkeypatch.setenv("VAULT_SKIP_VERIFY", value)
    error = refusal(name)
    assert isinstance(error, PluginValidationError)
    assert "VAULT_CACERT" in error.advice


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_a_variable_that_says_no(name: str, chain: TestChain, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """$VAULT_SKIP_VERIFY may say that verification is not skipped."""
    monkeypatch.setenv("VAULT_SKIP_VERIFY", value)
    sign(HashiCorpVaultPlugin(), name, chain)


@pytest.mark.parametrize("variable", ["VAULT_CACERT", "VAULT_CAPATH", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"])
def test_files_that_are_not_there(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a variable names and that does not exist is missed, with both."""
    monkeypatch.delenv("VAULT_CACERT")
    monkeypatch.setenv(variable, "/nowhere/file.pem")
    assert refusal(name).message == f"${variable} names /nowhere/file.pem, which does not exist"


@pytest.mark.parametrize("variable", ["VAULT_CACERT", "VAULT_CLIENT_CERT"])
def test_files_that_are_no_certificates(name: str, user: Path, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that holds something else is an error on purpose, which shows nothing of it."""
    (user / "file").write_text("swordfish")
    monkeypatch.setenv(variable, str(user / "file"))
    error = refusal(name)
    assert "TLS" in error.one_line()
    assert "swordfish" not in error.one_line()


# Proxies


def test_through_a_proxy(
    vault: VaultServer, forward_proxy: ForwardProxies, name: str, chain: TestChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy of the environment passes a tunnel on, and the server's certificate is verified inside."""
    proxy = forward_proxy({"vault.example:8200": f"127.0.0.1:{vault.tls_port}"})
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example:8200")
    monkeypatch.setenv("VAULT_TLS_SERVER_NAME", "localhost")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    sign(HashiCorpVaultPlugin(), name, chain)
    assert {(seen.method, seen.target) for seen in proxy.seen} == {("CONNECT", "vault.example:8200")}
    assert "X-Vault-Token" not in {header for seen in proxy.seen for header in seen.headers}


def test_a_proxy_that_refuses(forward_proxy: ForwardProxies, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not work is told from a server that does not."""
    monkeypatch.setattr(session, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example:8200")
    monkeypatch.setenv("HTTPS_PROXY", forward_proxy(refuse=403).url)
    error = refusal(name)
    assert "the proxy to" in error.message
    assert "HTTPS_PROXY" in error.advice


def test_no_password_out_of_netrc(
    vault: VaultServer,
    fault_proxy: FaultProxies,
    name: str,
    chain: TestChain,
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A password that the user keeps for other programs on the same host stays where it is."""
    proxy = fault_proxy(f"127.0.0.1:{vault.port}")
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    netrc = user / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password swordfish\n")
    netrc.chmod(0o600)
    sign(HashiCorpVaultPlugin(), name, chain)
    assert {seen.authorization for seen in proxy.seen} == {None}
