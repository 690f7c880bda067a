"""Keys that cannot sign, by state, type and size."""

import time
from pathlib import Path

import pytest

from notarykit.errors import SigningKeyError
from notarykit.plugin import DescribeKeyRequest, PluginError, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin
from tests.servers.azure.conftest import Azure
from tests.servers.azure.responses import error_response
from tests.servers.azure.signing import describe, describe_and_sign, file_with, has_code, sign_and_check
from tests.support.ca import Changes, make_chain, new_key

CHAIN = make_chain()
NOW = int(time.time())
HOUR = 3600


@pytest.mark.parametrize("is_pinned", [False, True], ids=["present", "pinned"])
@pytest.mark.parametrize("has_certificate", [False, True], ids=["bare", "certified"])
@pytest.mark.parametrize(
    "case",
    [
        ({"enabled": False}, "is disabled"),
        ({"exp": NOW - HOUR}, "expired on 20"),
        ({"nbf": NOW + HOUR}, "is not valid before 20"),
    ],
    ids=["disabled", "expired", "early"],
)
def test_unusable_key_is_refused_with_its_state(
    azure: Azure,
    plugin: AzureKeyVaultPlugin,
    tmp_path: Path,
    case: tuple[dict[str, object], str],
    *,
    has_certificate: bool,
    is_pinned: bool,
) -> None:
    """A key that is disabled, expired or not yet valid is refused before signing."""
    attributes, state = case
    config = {} if has_certificate else {"certificate_chain": file_with(tmp_path, CHAIN.chain_pem)}
    add = azure.server.add_certificate if has_certificate else azure.server.add_key
    version = add("build", CHAIN if has_certificate else CHAIN.leaf_key, attributes=attributes)
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.key(version=version if is_pinned else ""), config)
    assert state in caught.value.message
    assert "/build" in caught.value.message
    assert caught.value.advice.endswith("or sign with another one")
    assert "Sign" not in azure.server.operations()


def test_older_version_replaces_a_disabled_one_only_by_chain_file(
    azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path
) -> None:
    """An older version is used only if a chain in a file names it."""
    old = make_chain()
    azure.server.add_certificate("build", old)
    azure.server.add_certificate("build", CHAIN, attributes={"enabled": False})
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.key())
    assert "is disabled" in caught.value.message
    config = {"certificate_chain": file_with(tmp_path, old.chain_pem)}
    sign_and_check(plugin, azure.key(), old, config)
    config = {"certificate_chain": file_with(tmp_path, CHAIN.chain_pem, "new.pem")}
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.key(), config)
    assert "is disabled" in caught.value.message


def test_deleted_key_is_distinguished_from_a_missing_one(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A deleted key that can be recovered is distinguished from one that never existed."""
    azure.server.add_certificate("build", CHAIN)
    azure.server.delete("build")
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe(plugin, azure.key())
    assert caught.value.message.endswith("is deleted and can be recovered")
    assert caught.value.advice.startswith("recover it")
    with pytest.raises(PluginValidationError) as caught:
        describe(plugin, azure.key("never"))
    assert caught.value.message == f"{azure.key('never')} does not exist"


@pytest.mark.parametrize("inner", ["KeyDisabled", "KeyExpired", "KeyNotYetValid", "ObjectIsDeletedButRecoverable"])
def test_state_change_before_signing_refreshes_the_lookup(
    azure: Azure, plugin: AzureKeyVaultPlugin, inner: str
) -> None:
    """The service's state at signing is reported, and the next call reads the key again."""
    azure.server.add_certificate("build", CHAIN)
    sign_and_check(plugin, azure.key(), CHAIN)
    azure.server.fault("/sign", error_response(403, "Forbidden", inner))
    with pytest.raises(PluginError, check=has_code(PluginError)) as caught:
        describe_and_sign(plugin, azure.key(), "EC-256")
    assert caught.value.metadata["serviceError"] == inner
    renewed = make_chain()
    azure.server.add_certificate("build", renewed)
    sign_and_check(plugin, azure.key(), renewed)


# Key types


@pytest.mark.parametrize("kind", ["oct", "oct-HSM"])
def test_symmetric_key_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin, kind: str) -> None:
    """A symmetric key is refused by its type."""
    azure.server.add_key("build", None, kind)
    with pytest.raises(PluginValidationError) as caught:
        describe(plugin, azure.key())
    assert f"the unsupported key type {kind}" in caught.value.message


@pytest.mark.parametrize("kind", ["EC", "EC-HSM"])
def test_unsupported_curve_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin, kind: str) -> None:
    """The curve P-256K is refused by its name."""
    azure.server.add_key("build", new_key("EC-256K"), kind, curve="P-256K")
    with pytest.raises(PluginValidationError) as caught:
        describe(plugin, azure.key())
    assert f"the unsupported key type {kind} on P-256K" in caught.value.message


def test_unsupported_rsa_size_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin, tmp_path: Path) -> None:
    """An RSA key of an unsupported size is refused with its size."""
    chain = make_chain(leaf=_key("RSA-2056"))
    azure.server.add_key("build", chain.leaf_key)
    config = {"certificate_chain": file_with(tmp_path, chain.chain_pem)}
    with pytest.raises(SigningKeyError, match="RSA with 2056 bits"):
        plugin.describe_key(DescribeKeyRequest(azure.key(), config))


def test_key_without_sign_operation_is_refused(azure: Azure, plugin: AzureKeyVaultPlugin) -> None:
    """A key without the operation sign is refused before signing."""
    azure.server.add_key("build", CHAIN.leaf_key, operations=("wrapKey", "unwrapKey"))
    with pytest.raises(PluginValidationError) as caught:
        describe(plugin, azure.key())
    assert "does not permit signing" in caught.value.message


def _key(kind: str) -> Changes:
    return Changes(kind=kind)
