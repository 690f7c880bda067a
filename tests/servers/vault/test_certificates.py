"""Sources of the chain: Transit, a secret of either KV version, or a file; and attaching it to Transit."""

from pathlib import Path

import pytest

from notarykit.errors import PluginError, PluginValidationError
from notarykit.keys.chain import check_chain
from notarykit.keys.pem import read_certificates
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin, HCVaultPlugin
from tests.servers.vault.pki import Pki
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import describe, describe_and_sign, sign
from tests.support.ca import make_chain


def _key(vault: VaultServer, name: str) -> str:
    return vault.make_key(name)


def test_chain_file_takes_precedence(vault: VaultServer, name: str, tmp_path: Path) -> None:
    """A file with the chain, in any order, takes precedence over Transit's chain."""
    _key(vault, name)
    vault.attach(name)
    chain = vault.chain(name)
    file = tmp_path / "chain.pem"
    file.write_bytes(b"".join(reversed(chain.pems)))
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, certificate_chain=str(file))
    describe_and_sign(HCVaultPlugin(), name, chain, certificate_chain=str(file))


def test_kv_version_1_secret_holds_the_chain(vault: VaultServer, name: str) -> None:
    """A secret of a KV version 1 engine takes precedence over Transit's chain."""
    _key(vault, name)
    vault.attach(name)
    chain = vault.chain(name)
    vault.ask("POST", f"kv/signing/{name}", {"certificate": chain.chain_pem.decode(), "other": "x"})
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"kv/signing/{name}")


def test_kv_version_2_secret_with_special_characters_holds_the_chain(vault: VaultServer, name: str) -> None:
    """A secret of a KV version 2 engine holds the chain, under a name that URLs must escape."""
    chain = vault.chain(_key(vault, name))
    secret = f"secret/data/a team's 100% #1?/{name}"
    quoted = f"secret/data/a%20team%27s%20100%25%20%231%3F/{name}"
    vault.ask("POST", quoted, {"data": {"certificate": chain.chain_pem.decode()}})
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=secret)


def test_ca_certs_complete_the_chain(vault: VaultServer, name: str, tmp_path: Path) -> None:
    """A file with CA certificates completes the leaf that Transit keeps."""
    chain = vault.chain(_key(vault, name))
    body = {"version": 1, "certificate_chain": chain.pems[0].decode()}
    vault.ask("POST", f"transit/keys/{name}/set-certificate", body)
    (tmp_path / "cas.pem").write_bytes(b"".join(chain.pems[1:]))
    describe_and_sign(HashiCorpVaultPlugin(), name, chain, ca_certs=str(tmp_path / "cas.pem"))


def test_version_of_the_secret_chain_signs(vault: VaultServer, name: str) -> None:
    """The version of the secret's chain signs, also if it is not the latest."""
    _key(vault, name)
    vault.rotate(name)
    vault.rotate(name)
    chain = vault.chain(name, 2)
    vault.ask("POST", f"kv/{name}", {"certificate": chain.chain_pem.decode()})
    sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"kv/{name}")


# Invalid secrets


def test_missing_secret_is_named_by_its_path(vault: VaultServer, name: str) -> None:
    """A secret that does not exist is named by its path."""
    _key(vault, name)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, certificate_secret=f"secret/data/{name}")
    assert caught.value.message == f"secret secret/data/{name} does not exist"


def test_deleted_secret_is_reported_with_its_state(vault: VaultServer, name: str) -> None:
    """A secret whose latest version is deleted or destroyed is reported as such."""
    _key(vault, name)
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": "x"}})
    vault.ask("DELETE", f"secret/data/{name}")
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, certificate_secret=f"secret/data/{name}")
    assert caught.value.message == f"secret secret/data/{name} is deleted in its latest version"
    vault.ask("POST", f"secret/destroy/{name}", {"versions": [1]})
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, certificate_secret=f"secret/data/{name}")
    assert caught.value.message == f"secret secret/data/{name} is destroyed in its latest version"


def test_cli_path_of_a_kv_version_2_secret_gets_the_api_path_as_advice(vault: VaultServer, name: str) -> None:
    """The command line's path of a KV version 2 secret is refused with the API path."""
    _key(vault, name)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, certificate_secret=f"secret/{name}")
    assert caught.value.advice == f"use its API path secret/data/{name}"
    assert caught.value.metadata["requestId"]


def test_secret_without_certificate_member_is_refused(vault: VaultServer, name: str) -> None:
    """A secret without the member is refused, and its contents are not shown."""
    _key(vault, name)
    vault.ask("POST", f"kv/{name}", {"password": "swordfish", "certificate": ["x"]})
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, certificate_secret=f"kv/{name}")
    assert caught.value.message == f"secret kv/{name} has no text member 'certificate'"
    assert "swordfish" not in repr(caught.value.__dict__)


def test_chain_of_another_key_is_refused(vault: VaultServer, name: str) -> None:
    """A chain of another key is refused, and both keys are named."""
    _key(vault, name)
    vault.ask("POST", f"kv/{name}", {"certificate": make_chain().chain_pem.decode()})
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name, certificate_secret=f"kv/{name}")
    message = caught.value.message
    assert "is for another key" in message
    assert f"transit/{name}@1" in message


# Attaching


def test_attach_stores_the_chain_with_its_version(vault: VaultServer, name: str) -> None:
    """A chain is stored with the version of its leaf's key, which signs with it."""
    _key(vault, name)
    vault.rotate(name)
    plugin = HashiCorpVaultPlugin()
    with pytest.raises(PluginError) as caught:
        describe(plugin, name)
    assert "no certificate found" in caught.value.message
    chain = vault.chain(name, 1)
    assert plugin.attach_certificates(name, {}, chain.ders) == f"transit/{name}@1"
    shown = vault.ask("GET", f"transit/keys/{name}")["data"]["keys"]
    assert read_certificates(shown["1"]["certificate_chain"].encode(), "") == chain.ders
    assert shown["2"]["certificate_chain"] == ""
    describe_and_sign(plugin, name, chain)


def test_attach_does_not_write_to_a_secret(vault: VaultServer, name: str) -> None:
    """A secret is not written to, since it may hold more than the chain."""
    chain = vault.chain(_key(vault, name))
    with pytest.raises(PluginValidationError) as caught:
        HashiCorpVaultPlugin().attach_certificates(name, {"certificate_secret": f"kv/{name}"}, chain.ders)
    assert "vault kv put" in caught.value.advice


@pytest.mark.parametrize("kind", ["rsa-2048", "ecdsa-p384"])
def test_vault_pki_issues_for_vaults_own_request(vault: VaultServer, pki: Pki, name: str, kind: str) -> None:
    """Vault's PKI issues for Transit's own certificate signing request, and the key signs with the chain."""
    vault.make_key(name, kind)
    request = vault.ask("POST", f"transit/keys/{name}/csr", {})["data"]["csr"]
    ders = pki.issue(request)
    assert ders[-1] == pki.root
    plugin = HashiCorpVaultPlugin()
    plugin.attach_certificates(name, {}, ders)
    leaf = check_chain(ders)
    held = vault.chain(name).with_ders(ders)
    assert leaf.key_spec.name == held.spec
    describe_and_sign(plugin, name, held)


# hc-vault


def test_hc_vault_defaults(vault: VaultServer, name: str) -> None:
    """The key id names the key in `transit` and the secret in `secret`."""
    chain = vault.chain(_key(vault, name))
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    describe_and_sign(HCVaultPlugin(), name, chain)


def test_hc_vault_settings(vault: VaultServer, name: str) -> None:
    """Both engines and the key may have other names, and the secret one that no key can have."""
    vault.ask("POST", f"sys/mounts/transit-{name}", {"type": "transit"})
    vault.ask("POST", f"sys/mounts/kv-{name}", {"type": "kv", "options": {"version": "2"}})
    vault.make_key("key", mount=f"transit-{name}")
    chain = vault.chain("key", mount=f"transit-{name}")
    vault.ask("POST", f"kv-{name}/data/team/chain%20of%20build", {"data": {"certificate": chain.chain_pem.decode()}})
    config = {"transitName": f"transit-{name}", "kvName": f"kv-{name}", "transitKeyName": "key"}
    describe_and_sign(HCVaultPlugin(), "team/chain of build", chain, **config)


def test_hc_vault_without_a_secret_is_refused(vault: VaultServer, name: str) -> None:
    """A key without a secret of its name is refused with the secret's path."""
    _key(vault, name)
    with pytest.raises(PluginError) as caught:
        describe(HCVaultPlugin(), name)
    assert caught.value.message == f"secret secret/data/{name} does not exist"
