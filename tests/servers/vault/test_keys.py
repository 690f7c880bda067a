"""Keys of a real Vault: every kind, and every state of their versions."""

from collections.abc import Callable, Mapping

import pytest

from notarykit.errors import PluginValidationError
from notarykit.plugin import DescribeKeyRequest
from notarykit_hashicorp_vault.key import KINDS as OURS
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin, HCVaultPlugin
from tests.servers.vault.server import KINDS, VaultServer
from tests.servers.vault.signing import generate, refusal, sign


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_signs(vault: VaultServer, name: str, kind: str) -> None:
    """A key of every kind that the specification has signs with its chain, and its signature holds."""
    vault.make_key(name, kind)
    sign(HashiCorpVaultPlugin(), name, vault.attach(name))


def test_the_kinds_are_all_kinds() -> None:
    """The kinds that the plugin takes are those of the specification."""
    assert set(OURS) == set(KINDS)


@pytest.mark.parametrize("kind", ["ed25519", "aes256-gcm96", "chacha20-poly1305", "hmac"])
def test_other_kinds_are_refused(vault: VaultServer, name: str, kind: str) -> None:
    """A key that the specification has no algorithm for is refused with its kind."""
    vault.ask("POST", f"transit/keys/{name}", {"type": kind, "key_size": 32 if kind == "hmac" else 0})
    error = refusal(name)
    assert isinstance(error, PluginValidationError)
    assert error.message == f"key transit/{name} is of the kind {kind}"
    assert "ecdsa-p256" in error.advice


def test_an_engine_at_another_place(vault: VaultServer, name: str) -> None:
    """The engine's place is in the key id or in the configuration."""
    vault.ask("POST", f"sys/mounts/team/{name}", {"type": "transit"})
    mount = f"team/{name}"
    vault.make_key("build", mount=mount)
    chain = vault.chain("build", mount=mount)
    body = {"version": 1, "certificate_chain": chain.chain_pem.decode()}
    vault.ask("POST", f"{mount}/keys/build/set-certificate", body)
    sign(HashiCorpVaultPlugin(), f"{mount}/build", chain)
    sign(HashiCorpVaultPlugin(), "build", chain, mount=mount)


# Versions


def test_a_rotation_between_two_commands(vault: VaultServer, name: str) -> None:
    """A host's two processes use one version, the one that has the certificate, though the key is rotated meanwhile."""
    vault.make_key(name)
    chain = vault.attach(name)
    HashiCorpVaultPlugin().describe_key(DescribeKeyRequest(name))
    vault.rotate(name)
    generate(HashiCorpVaultPlugin(), name, chain)


def test_the_latest_version_with_a_certificate(vault: VaultServer, name: str) -> None:
    """As soon as the new version has its own certificate, it signs; the id can still name the old one."""
    vault.make_key(name)
    old = vault.attach(name)
    vault.rotate(name)
    new = vault.attach(name, 2)
    plugin = HashiCorpVaultPlugin()
    sign(plugin, name, new)
    sign(plugin, f"{name}@1", old)
    sign(plugin, f"transit/{name}@2", new)
    sign(plugin, name, old, key_version="1")


def test_a_pinned_version_without_a_certificate(vault: VaultServer, name: str) -> None:
    """An id that pins a version does not fall back on another one."""
    vault.make_key(name)
    vault.attach(name)
    vault.rotate(name)
    assert f"there is no certificate for key transit/{name}@2" in refusal(f"{name}@2").message


def _trim(vault: VaultServer, name: str) -> None:
    vault.configure(name, min_decryption_version=3, min_encryption_version=3)
    vault.ask("POST", f"transit/keys/{name}/trim", {"min_available_version": 3})


_STATES: Mapping[str, tuple[Callable[[VaultServer, str], object], str]] = {
    "does not exist": (VaultServer.rotate, "@5"),
    "is archived: min_decryption_version is 2": (
        lambda vault, name: vault.configure(name, min_decryption_version=2),
        "@1",
    ),
    "may not sign: min_encryption_version is 3": (
        lambda vault, name: vault.configure(name, min_encryption_version=3),
        "@2",
    ),
    "is deleted: min_available_version is 3": (_trim, "@2"),
}


@pytest.mark.parametrize("state", _STATES)
def test_a_version_that_may_not_sign(vault: VaultServer, name: str, state: str) -> None:
    """A version that is pinned and may not sign is refused with its state, and what is the latest."""
    vault.make_key(name)
    vault.rotate(name)
    vault.rotate(name)
    change, version = _STATES[state]
    change(vault, name)
    error = refusal(f"{name}{version}")
    assert isinstance(error, PluginValidationError)
    assert error.message == f"version {version[1:]} of key transit/{name} {state}"
    latest = vault.ask("GET", f"transit/keys/{name}")["data"]["latest_version"]
    assert error.advice == f"the latest version is {latest}"


def test_versions_that_may_not_sign_are_left_aside(vault: VaultServer, name: str) -> None:
    """A certificate of a version that may not sign any more is no certificate of the key."""
    vault.make_key(name)
    vault.attach(name)
    vault.rotate(name)
    vault.configure(name, min_encryption_version=2)
    assert f"there is no certificate for key transit/{name}@2" in refusal(name).message


def test_a_key_that_is_locked_after_it_was_looked_up(vault: VaultServer, name: str) -> None:
    """A version that stops to be one that signs is refused by Vault, and looked up again for the next signature."""
    vault.make_key(name)
    chain = vault.attach(name)
    plugin = HashiCorpVaultPlugin()
    sign(plugin, name, chain)
    vault.rotate(name)
    vault.configure(name, min_encryption_version=2)
    with pytest.raises(Exception, match="less than the minimum encryption key version"):
        generate(plugin, name, chain)
    assert "there is no certificate" in refusal(name, plugin).message
    generate(plugin, name, vault.attach(name, 2))


def test_a_key_that_is_deleted_after_it_was_looked_up(vault: VaultServer, name: str) -> None:
    """A key that is deleted between two signatures is refused as one that is not there."""
    vault.make_key(name)
    chain = vault.attach(name)
    plugin = HashiCorpVaultPlugin()
    sign(plugin, name, chain)
    vault.configure(name, deletion_allowed=True)
    vault.ask("DELETE", f"transit/keys/{name}")
    with pytest.raises(PluginValidationError, match="signing key not found"):
        generate(plugin, name, chain)
    assert refusal(name, plugin).message == f"key transit/{name} does not exist"


@pytest.mark.parametrize("plugin", [HashiCorpVaultPlugin, HCVaultPlugin])
def test_no_such_engine(plugin: type[HashiCorpVaultPlugin], vault: VaultServer) -> None:
    """Where no engine is mounted, the path is named."""
    config = {"transitName": "nowhere"} if plugin is HCVaultPlugin else {"mount": "nowhere"}
    error = refusal("build", plugin(), **config)
    assert error.message == f"{vault.url} serves nothing at nowhere/keys/build"
    assert "vault secrets list" in error.advice


def test_an_engine_of_another_kind(vault: VaultServer) -> None:
    """An engine that is no Transit engine is noticed."""
    assert isinstance(refusal("kv/build"), PluginValidationError)
    vault.ask("POST", "kv/keys/build", {"type": "rsa-2048"})
    assert refusal("kv/build").message
