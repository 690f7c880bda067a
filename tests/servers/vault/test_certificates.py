"""Where the chain comes from: Transit itself, a secret of either KV version, or a file; and how Transit gets it."""

from pathlib import Path

import pytest

from notarykit.errors import PluginValidationError
from notarykit.keys.chain import check_chain
from notarykit.keys.pem import read_certificates
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin, HCVaultPlugin
from tests.servers.vault.pki import Pki
from tests.servers.vault.server import VaultServer
from tests.servers.vault.signing import generate, refusal, sign
from tests.support.ca import make_chain


def _key(vault: VaultServer, name: str) -> str:
    return vault.make_key(name)


def test_in_a_file(vault: VaultServer, name: str, tmp_path: Path) -> None:
    """A file's chain counts, in any order, before the one that Transit keeps."""
    _key(vault, name)
    vault.attach(name)
    chain = vault.chain(name)
    file = tmp_path / "chain.pem"
    file.write_bytes(b"".join(reversed(chain.pems)))
    sign(HashiCorpVaultPlugin(), name, chain, certificate_chain=str(file))
    sign(HCVaultPlugin(), name, chain, certificate_chain=str(file))


def test_in_a_secret_of_version_1(vault: VaultServer, name: str) -> None:
    """A secret of a KV version 1 engine has the chain, before the one that Transit keeps."""
    _key(vault, name)
    vault.attach(name)
    chain = vault.chain(name)
    vault.ask("POST", f"kv/signing/{name}", {"certificate": chain.chain_pem.decode(), "other": "x"})
    sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"kv/signing/{name}")


def test_in_a_secret_of_version_2(vault: VaultServer, name: str) -> None:
    """A secret of a KV version 2 engine has the chain, under a name that an address cannot hold as it is."""
    chain = vault.chain(_key(vault, name))
    secret = f"secret/data/a team's 100% #1?/{name}"
    quoted = f"secret/data/a%20team%27s%20100%25%20%231%3F/{name}"
    vault.ask("POST", quoted, {"data": {"certificate": chain.chain_pem.decode()}})
    sign(HashiCorpVaultPlugin(), name, chain, certificate_secret=secret)


def test_completed_from_a_file(vault: VaultServer, name: str, tmp_path: Path) -> None:
    """A service that keeps the leaf alone is helped by a file with the certificates of the CAs."""
    chain = vault.chain(_key(vault, name))
    body = {"version": 1, "certificate_chain": chain.pems[0].decode()}
    vault.ask("POST", f"transit/keys/{name}/set-certificate", body)
    (tmp_path / "cas.pem").write_bytes(b"".join(chain.pems[1:]))
    sign(HashiCorpVaultPlugin(), name, chain, ca_certs=str(tmp_path / "cas.pem"))


def test_a_new_chain_in_the_secret_is_found_after_a_rotation(vault: VaultServer, name: str) -> None:
    """The secret's chain says which version signs, whatever is latest."""
    _key(vault, name)
    vault.rotate(name)
    vault.rotate(name)
    chain = vault.chain(name, 2)
    vault.ask("POST", f"kv/{name}", {"certificate": chain.chain_pem.decode()})
    generate(HashiCorpVaultPlugin(), name, chain, certificate_secret=f"kv/{name}")


# What is wrong with secrets


def test_a_secret_that_is_not_there(vault: VaultServer, name: str) -> None:
    """A secret that does not exist is missed by its path."""
    _key(vault, name)
    error = refusal(name, certificate_secret=f"secret/data/{name}")
    assert error.message == f"secret secret/data/{name} does not exist"


def test_a_secret_that_is_deleted(vault: VaultServer, name: str) -> None:
    """A secret whose latest version is deleted or destroyed is refused with that state."""
    _key(vault, name)
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": "x"}})
    vault.ask("DELETE", f"secret/data/{name}")
    error = refusal(name, certificate_secret=f"secret/data/{name}")
    assert error.message == f"secret secret/data/{name} is deleted in its latest version"
    vault.ask("POST", f"secret/destroy/{name}", {"versions": [1]})
    error = refusal(name, certificate_secret=f"secret/data/{name}")
    assert error.message == f"secret secret/data/{name} is destroyed in its latest version"


def test_a_path_without_data(vault: VaultServer, name: str) -> None:
    """The path of a version 2 engine as the command line has it is told from the API's."""
    _key(vault, name)
    error = refusal(name, certificate_secret=f"secret/{name}")
    assert error.advice == f"give its path as secret/data/{name}"
    assert error.metadata["requestId"]


def test_a_secret_without_a_chain(vault: VaultServer, name: str) -> None:
    """A secret without the member is refused with the member's name, and nothing of what it holds."""
    _key(vault, name)
    vault.ask("POST", f"kv/{name}", {"password": "swordfish", "certificate": ["x"]})
    error = refusal(name, certificate_secret=f"kv/{name}")
    assert error.message == f"secret kv/{name} has no member 'certificate' with a text"
    assert "swordfish" not in repr(error.__dict__)


def test_a_chain_of_another_key(vault: VaultServer, name: str) -> None:
    """A chain of another key is refused with both keys."""
    _key(vault, name)
    vault.ask("POST", f"kv/{name}", {"certificate": make_chain().chain_pem.decode()})
    message = refusal(name, certificate_secret=f"kv/{name}").message
    assert "is for another key" in message
    assert f"transit/{name}@1" in message


# Giving Transit a chain


def test_attaching(vault: VaultServer, name: str) -> None:
    """A chain goes to the version whose key the leaf has, and is what that version signs with."""
    _key(vault, name)
    vault.rotate(name)
    plugin = HashiCorpVaultPlugin()
    assert "there is no certificate" in refusal(name, plugin).message
    chain = vault.chain(name, 1)
    assert plugin.attach_certificates(name, {}, chain.ders) == f"transit/{name}@1"
    shown = vault.ask("GET", f"transit/keys/{name}")["data"]["keys"]
    assert read_certificates(shown["1"]["certificate_chain"].encode(), "") == chain.ders
    assert shown["2"]["certificate_chain"] == ""
    sign(plugin, name, chain)


def test_attaching_where_a_secret_has_the_chain(vault: VaultServer, name: str) -> None:
    """A secret is not written to, since it may hold more than the chain."""
    chain = vault.chain(_key(vault, name))
    with pytest.raises(PluginValidationError) as caught:
        HashiCorpVaultPlugin().attach_certificates(name, {"certificate_secret": f"kv/{name}"}, chain.ders)
    assert "vault kv put" in caught.value.advice


@pytest.mark.parametrize("kind", ["rsa-2048", "ecdsa-p384"])
def test_a_chain_of_vault_itself(vault: VaultServer, pki: Pki, name: str, kind: str) -> None:
    """Vault's own CA issues a certificate for a Transit key that keeps all rules, and the key signs with it."""
    vault.make_key(name, kind)
    request = vault.ask("POST", f"transit/keys/{name}/csr", {})["data"]["csr"]
    ders = pki.sign(request)
    assert ders[-1] == pki.root
    plugin = HashiCorpVaultPlugin()
    plugin.attach_certificates(name, {}, ders)
    leaf = check_chain(ders)
    held = vault.chain(name).with_ders(ders)
    assert leaf.key_spec.name == held.spec
    sign(plugin, name, held)


# The plugin that is stood in for


def test_hc_vault_with_its_defaults(vault: VaultServer, name: str) -> None:
    """The key id names the key in `transit` and the secret in `secret`."""
    chain = vault.chain(_key(vault, name))
    vault.ask("POST", f"secret/data/{name}", {"data": {"certificate": chain.chain_pem.decode()}})
    sign(HCVaultPlugin(), name, chain)


def test_hc_vault_with_its_settings(vault: VaultServer, name: str) -> None:
    """Both engines and the key can have other names, and the secret one that no key could have."""
    vault.ask("POST", f"sys/mounts/transit-{name}", {"type": "transit"})
    vault.ask("POST", f"sys/mounts/kv-{name}", {"type": "kv", "options": {"version": "2"}})
    vault.make_key("key", mount=f"transit-{name}")
    chain = vault.chain("key", mount=f"transit-{name}")
    vault.ask("POST", f"kv-{name}/data/team/chain%20of%20build", {"data": {"certificate": chain.chain_pem.decode()}})
    config = {"transitName": f"transit-{name}", "kvName": f"kv-{name}", "transitKeyName": "key"}
    sign(HCVaultPlugin(), "team/chain of build", chain, **config)


def test_hc_vault_without_a_secret(vault: VaultServer, name: str) -> None:
    """A key without a secret of its name is refused with the secret's path."""
    _key(vault, name)
    assert refusal(name, HCVaultPlugin()).message == f"secret secret/data/{name} does not exist"
