"""Keys that cannot sign: their state, their type and their size are named."""

import time
from pathlib import Path

import pytest

from notarykit.errors import SigningKeyError
from notarykit.plugin import DescribeKeyRequest, PluginError, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure import keyvault
from tests.servers.azure.conftest import Azure, file_with, refused, verify_x509_signature
from tests.support.ca import Changes, make_chain, new_key

CHAIN = make_chain()
NOW = int(time.time())
HOUR = 3600


@pytest.mark.parametrize("is_pinned", [False, True], ids=["present", "pinned"])
@pytest.mark.parametrize("has_certificate", [False, True], ids=["bare", "certified"])
@pytest.mark.parametrize(
    ("attributes", "state"),
    [
        ({"enabled": False}, "is disabled"),
        ({"exp": NOW - HOUR}, "expired on 20"),
        ({"nbf": NOW + HOUR}, "is not valid before 20"),
    ],
    ids=["disabled", "expired", "early"],
)
def test_a_state_in_which_it_cannot_sign(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    tmp_path: Path,
    attributes: dict[str, object],
    state: str,
    *,
    has_certificate: bool,
    is_pinned: bool,
) -> None:
    """A key that is disabled, expired or not valid yet is refused before it would sign, with its state."""
    config = {} if has_certificate else {"certificate_chain": file_with(tmp_path, CHAIN.chain_pem)}
    add = azure.server.add_certificate if has_certificate else azure.server.add_key
    version = add("build", CHAIN if has_certificate else CHAIN.leaf_key, attributes=attributes)
    error = refused(plugin, azure.key(version=version if is_pinned else ""), PluginError, config)
    assert state in error.message
    assert "/build" in error.message
    assert error.advice.endswith("or sign with another one")
    assert "Sign" not in azure.server.asked()


def test_the_present_version_is_disabled(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """An older version takes its place only where a chain of the user's own is the older one's."""
    old = make_chain()
    azure.server.add_certificate("build", old)
    azure.server.add_certificate("build", CHAIN, attributes={"enabled": False})
    assert "is disabled" in refused(plugin, azure.key(), PluginError).message
    config = {"certificate_chain": file_with(tmp_path, old.chain_pem)}
    verify_x509_signature(plugin, azure.key(), old, config)
    config = {"certificate_chain": file_with(tmp_path, CHAIN.chain_pem, "new.pem")}
    assert "is disabled" in refused(plugin, azure.key(), PluginError, config).message


def test_a_deleted_key(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A key that was deleted and can be recovered is told apart from one that never was."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.delete("build")
    error = refused(plugin, azure.key(), PluginError)
    assert error.message.endswith("is deleted, but can be recovered")
    assert error.advice.startswith("recover it")
    error = refused(plugin, azure.key("never"), PluginValidationError)
    assert error.message == f"there is no {azure.key('never')}"


@pytest.mark.parametrize("inner", ["KeyDisabled", "KeyExpired", "KeyNotYetValid", "ObjectIsDeletedButRecoverable"])
def test_a_state_that_changed_meanwhile(azure: Azure, plugin: AzureKeyVaultPlugin, inner: str) -> None:
    """The service's own word on the state when it is to sign is told, and the key is looked up anew next time."""
    azure.server.add_certificate("build", CHAIN)
    verify_x509_signature(plugin, azure.key(), CHAIN)
    azure.server.fault("/sign", keyvault.refused(403, "Forbidden", inner))
    error = refused(plugin, azure.key(), PluginError, command="generate-signature")
    assert error.metadata["serviceError"] == inner
    renewed = make_chain()
    azure.server.add_certificate("build", renewed)
    verify_x509_signature(plugin, azure.key(), renewed)


# Kinds


@pytest.mark.parametrize("kind", ["oct", "oct-HSM"])
def test_symmetric_keys(azure: Azure, plugin: AzureKeyVaultPlugin, kind: str) -> None:
    """A symmetric key is refused by its type."""
    azure.server.add_key("build", None, kind)
    error = refused(plugin, azure.key(), PluginValidationError)
    assert f"of the type {kind}," in error.message


@pytest.mark.parametrize("kind", ["EC", "EC-HSM"])
def test_another_curve(azure: Azure, plugin: AzureKeyVaultPlugin, kind: str) -> None:
    """The curve P-256K is refused by its name."""
    azure.server.add_key("build", new_key("EC-256K"), kind, curve="P-256K")
    error = refused(plugin, azure.key(), PluginValidationError)
    assert f"of the type {kind} on P-256K," in error.message


def test_another_size(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """An RSA key of a size that the specification does not have is refused with its size."""
    chain = make_chain(leaf=_key("RSA-2056"))
    azure.server.add_key("build", chain.leaf_key)
    config = {"certificate_chain": file_with(tmp_path, chain.chain_pem)}
    with pytest.raises(SigningKeyError, match="RSA with 2056 bits"):
        plugin.describe_key(DescribeKeyRequest(azure.key(), config))


def test_a_key_that_is_not_for_signing(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A key without the operation sign is refused before it would sign."""
    azure.server.add_key("build", CHAIN.leaf_key, operations=("wrapKey", "unwrapKey"))
    error = refused(plugin, azure.key(), PluginValidationError)
    assert "is not for signing" in error.message


def _key(kind: str) -> Changes:
    return Changes(kind=kind)
