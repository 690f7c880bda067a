"""Keys of a real Vault: every type, and every state of their versions."""

from collections.abc import Callable, Mapping

import pytest

from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import DescribeKeyRequest
from notarykit_hashicorp_vault.key import KEY_TYPES
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin, HCVaultPlugin
from tests.servers.vault.server import KINDS, VaultServer
from tests.servers.vault.signing import describe, describe_and_sign, sign


@pytest.mark.parametrize("kind", KINDS)
def test_each_key_type_signs(vault: VaultServer, name: str, kind: str) -> None:
    """A key of every type in the specification signs with its chain."""
    vault.make_key(name, kind)
    describe_and_sign(HashiCorpVaultPlugin(), name, vault.attach(name))


def test_supported_types_are_those_of_the_specification() -> None:
    """The supported key types are those of the specification."""
    assert set(KEY_TYPES) == set(KINDS)


@pytest.mark.parametrize("kind", ["ed25519", "aes256-gcm96", "chacha20-poly1305", "hmac"])
def test_unsupported_key_type_is_refused(vault: VaultServer, name: str, kind: str) -> None:
    """A key type without an algorithm in the specification is refused by name."""
    vault.ask("POST", f"transit/keys/{name}", {"type": kind, "key_size": 32 if kind == "hmac" else 0})
    with pytest.raises(PluginValidationError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert caught.value.message == f"key transit/{name} has the unsupported type {kind}"
    assert "ecdsa-p256" in caught.value.advice


def test_mount_is_in_the_key_id_or_configuration(vault: VaultServer, name: str) -> None:
    """The engine's mount is in the key id or in the configuration."""
    vault.ask("POST", f"sys/mounts/team/{name}", {"type": "transit"})
    mount = f"team/{name}"
    vault.make_key("build", mount=mount)
    chain = vault.chain("build", mount=mount)
    body = {"version": 1, "certificate_chain": chain.chain_pem.decode()}
    vault.ask("POST", f"{mount}/keys/build/set-certificate", body)
    describe_and_sign(HashiCorpVaultPlugin(), f"{mount}/build", chain)
    describe_and_sign(HashiCorpVaultPlugin(), "build", chain, mount=mount)


# Versions


def test_rotation_between_commands_keeps_the_certified_version(vault: VaultServer, name: str) -> None:
    """Two processes of a host use the certified version, though the key is rotated in between."""
    vault.make_key(name)
    chain = vault.attach(name)
    HashiCorpVaultPlugin().describe_key(DescribeKeyRequest(name))
    vault.rotate(name)
    sign(HashiCorpVaultPlugin(), name, chain)


def test_latest_certified_version_signs(vault: VaultServer, name: str) -> None:
    """A new version signs once it has a certificate; key ids can still pin the old one."""
    vault.make_key(name)
    old = vault.attach(name)
    vault.rotate(name)
    new = vault.attach(name, 2)
    plugin = HashiCorpVaultPlugin()
    describe_and_sign(plugin, name, new)
    describe_and_sign(plugin, f"{name}@1", old)
    describe_and_sign(plugin, f"transit/{name}@2", new)
    describe_and_sign(plugin, name, old, key_version="1")


def test_pinned_version_has_no_fallback(vault: VaultServer, name: str) -> None:
    """A pinned version without a certificate is not replaced by another one."""
    vault.make_key(name)
    vault.attach(name)
    vault.rotate(name)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), f"{name}@2")
    assert f"no certificate found for key transit/{name}@2" in caught.value.message


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
def test_unusable_version_is_refused_with_its_state(vault: VaultServer, name: str, state: str) -> None:
    """A pinned version that may not sign is refused with its state and the latest version."""
    vault.make_key(name)
    vault.rotate(name)
    vault.rotate(name)
    change, version = _STATES[state]
    change(vault, name)
    with pytest.raises(PluginValidationError) as caught:
        describe(HashiCorpVaultPlugin(), f"{name}{version}")
    assert caught.value.message == f"version {version[1:]} of key transit/{name} {state}"
    latest = vault.ask("GET", f"transit/keys/{name}")["data"]["latest_version"]
    assert caught.value.advice == f"the latest version is {latest}"


def test_certificate_of_an_unusable_version_is_ignored(vault: VaultServer, name: str) -> None:
    """The certificate of a version that may not sign is not the key's."""
    vault.make_key(name)
    vault.attach(name)
    vault.rotate(name)
    vault.configure(name, min_encryption_version=2)
    with pytest.raises(PluginError) as caught:
        describe(HashiCorpVaultPlugin(), name)
    assert f"no certificate found for key transit/{name}@2" in caught.value.message


def test_version_locked_after_lookup_refreshes_it(vault: VaultServer, name: str) -> None:
    """A version that may no longer sign is refused by Vault, and the next call reads the key again."""
    vault.make_key(name)
    chain = vault.attach(name)
    plugin = HashiCorpVaultPlugin()
    describe_and_sign(plugin, name, chain)
    vault.rotate(name)
    vault.configure(name, min_encryption_version=2)
    with pytest.raises(Exception, match="less than the minimum encryption key version"):
        sign(plugin, name, chain)
    with pytest.raises(PluginError) as caught:
        describe(plugin, name)
    assert "no certificate found" in caught.value.message
    sign(plugin, name, vault.attach(name, 2))


def test_key_deleted_after_lookup_is_reported_as_missing(vault: VaultServer, name: str) -> None:
    """A key deleted between two signatures is reported as missing."""
    vault.make_key(name)
    chain = vault.attach(name)
    plugin = HashiCorpVaultPlugin()
    describe_and_sign(plugin, name, chain)
    vault.configure(name, deletion_allowed=True)
    vault.ask("DELETE", f"transit/keys/{name}")
    with pytest.raises(PluginValidationError, match="signing key not found"):
        sign(plugin, name, chain)
    with pytest.raises(PluginError) as caught:
        describe(plugin, name)
    assert caught.value.message == f"key transit/{name} does not exist"


@pytest.mark.parametrize("plugin", [HashiCorpVaultPlugin, HCVaultPlugin])
def test_missing_engine_is_named_by_its_path(plugin: type[HashiCorpVaultPlugin], vault: VaultServer) -> None:
    """Without an engine at the mount, the path is named."""
    config = {"transitName": "nowhere"} if plugin is HCVaultPlugin else {"mount": "nowhere"}
    with pytest.raises(PluginError) as caught:
        describe(plugin(), "build", **config)
    assert caught.value.message == f"{vault.url} has no engine at nowhere/keys/build"
    assert "vault secrets list" in caught.value.advice


def test_engine_of_another_type_is_refused(vault: VaultServer) -> None:
    """An engine that is not a Transit engine is refused."""
    with pytest.raises(PluginValidationError):
        describe(HashiCorpVaultPlugin(), "kv/build")
    vault.ask("POST", "kv/keys/build", {"type": "rsa-2048"})
    with pytest.raises(PluginError):
        describe(HashiCorpVaultPlugin(), "kv/build")
