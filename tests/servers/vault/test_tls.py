"""TLS to a real Vault, client certificates and proxies."""

import shutil
import subprocess
from pathlib import Path

import pytest

from notarykit.errors import PluginError, PluginValidationError
from notarykit_hashicorp_vault import session
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import FaultProxies, ForwardProxies
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import describe, describe_and_sign
from tests.support.ca import TestChain
from tests.support.requirements import program


@pytest.fixture(autouse=True)
def trusted(vault: VaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment with the address for TLS and the CA."""
    monkeypatch.setenv("VAULT_ADDR", vault.tls_url)
    monkeypatch.setenv("VAULT_CACERT", vault.ca_file)


def test_ca_file_verifies_the_server(name: str, chain: TestChain) -> None:
    """The file of $VAULT_CACERT verifies the server."""
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)


def test_ca_folder_verifies_the_server(
    vault: VaultServer, name: str, chain: TestChain, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of $VAULT_CAPATH, in OpenSSL's form, verifies the server."""
    shutil.copy(vault.ca_file, user / "ca.pem")
    subprocess.run([program("openssl"), "rehash", str(user)], check=True)
    monkeypatch.delenv("VAULT_CACERT")
    monkeypatch.setenv("VAULT_CAPATH", str(user))
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)


def test_untrusted_ca_is_refused(vault: VaultServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its CA the server is not trusted."""
    monkeypatch.delenv("VAULT_CACERT")
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message == f"the certificate of {vault.tls_url} is not trusted"
    assert "VAULT_CACERT" in caught.value.advice


def test_expired_server_certificate_is_refused(
    registry_ca: RegistryCA, fault_proxy: FaultProxies, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expired certificate is not trusted, and no request is sent."""
    proxy = fault_proxy(tls=registry_ca.server(expired=True))
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message == f"the certificate of {proxy.url} is not trusted"
    assert proxy.seen == []


def test_server_certificate_of_another_name_needs_tls_server_name(
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
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message == f"the certificate of {proxy.url} is for another host"
    assert "VAULT_TLS_SERVER_NAME" in caught.value.advice
    monkeypatch.setenv("VAULT_TLS_SERVER_NAME", "vault.example")
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    monkeypatch.setenv("VAULT_TLS_SERVER_NAME", "another.example")
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message == f"the certificate of {proxy.url} is for another host"


def test_client_certificate_from_two_files_or_one(
    vault: VaultServer, name: str, chain: TestChain, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A required client certificate is sent from two files or one; without it the handshake fails."""
    monkeypatch.setenv("VAULT_ADDR", vault.client_url)
    monkeypatch.setattr(session, "_BACKOFF_SECONDS", 0.001)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message == f"{vault.client_url} aborted the TLS handshake"
    assert "VAULT_CLIENT_CERT" in caught.value.advice
    monkeypatch.setenv("VAULT_CLIENT_CERT", vault.client.certificate)
    monkeypatch.setenv("VAULT_CLIENT_KEY", vault.client.key)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    both = user / "both.pem"
    both.write_bytes(Path(vault.client.certificate).read_bytes() + Path(vault.client.key).read_bytes())
    monkeypatch.setenv("VAULT_CLIENT_CERT", str(both))
    monkeypatch.delenv("VAULT_CLIENT_KEY")
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "t"])
def test_skip_verify_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """$VAULT_SKIP_VERIFY is refused, with advice."""
    monkeypatch.setenv("VAULT_SKIP_VERIFY", value)
    with pytest.raises(PluginValidationError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert "VAULT_CACERT" in caught.value.advice


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_skip_verify_may_be_false(name: str, chain: TestChain, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """$VAULT_SKIP_VERIFY may be false."""
    monkeypatch.setenv("VAULT_SKIP_VERIFY", value)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)


@pytest.mark.parametrize("variable", ["VAULT_CACERT", "VAULT_CAPATH", "VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"])
def test_missing_tls_file_is_named_with_its_variable(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that does not exist is named with its variable."""
    monkeypatch.delenv("VAULT_CACERT")
    monkeypatch.setenv(variable, "/nowhere/file.pem")
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message == f"${variable} names /nowhere/file.pem, which does not exist"


@pytest.mark.parametrize("variable", ["VAULT_CACERT", "VAULT_CLIENT_CERT"])
def test_malformed_tls_file_is_refused_without_showing_it(
    name: str, user: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that holds something else is a protocol error that does not show its contents."""
    (user / "file").write_text("swordfish")
    monkeypatch.setenv(variable, str(user / "file"))
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert "TLS" in caught.value.one_line()
    assert "swordfish" not in caught.value.one_line()


# Proxies


def test_proxy_tunnels_tls(
    vault: VaultServer, forward_proxy: ForwardProxies, name: str, chain: TestChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's proxy tunnels TLS, and the server's certificate is verified inside."""
    proxy = forward_proxy({"vault.example:8200": f"127.0.0.1:{vault.tls_port}"})
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example:8200")
    monkeypatch.setenv("VAULT_TLS_SERVER_NAME", "localhost")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    assert {(seen.method, seen.target) for seen in proxy.seen} == {("CONNECT", "vault.example:8200")}
    assert "X-Vault-Token" not in {header for seen in proxy.seen for header in seen.headers}


def test_failing_proxy_is_distinguished_from_the_server(
    forward_proxy: ForwardProxies, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that fails is distinguished from a server that does."""
    monkeypatch.setattr(session, "_BACKOFF_SECONDS", 0.001)
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example:8200")
    monkeypatch.setenv("HTTPS_PROXY", forward_proxy(refuse=403).url)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert "the proxy for" in caught.value.message
    assert "HTTPS_PROXY" in caught.value.advice


def test_netrc_password_is_not_sent(
    vault: VaultServer,
    fault_proxy: FaultProxies,
    name: str,
    chain: TestChain,
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A password in ~/.netrc for the same host is not sent."""
    proxy = fault_proxy(f"127.0.0.1:{vault.port}")
    monkeypatch.setenv("VAULT_ADDR", proxy.url)
    netrc = user / ".netrc"
    netrc.write_text("machine 127.0.0.1 login user password swordfish\n")
    netrc.chmod(0o600)
    describe_and_sign(HashiCorpVaultPlugin(), name, chain)
    assert {seen.authorization for seen in proxy.seen} == {None}
