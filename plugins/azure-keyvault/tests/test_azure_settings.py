"""The plugin configuration: the names and the values of notation-azure-kv."""

import pytest

from notarykit.plugin import DescribeKeyRequest, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin, AzureKVPlugin
from notarykit_azure_keyvault.settings import Settings, settings_of


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        ({}, Settings()),
        ({"self_signed": "true"}, Settings(self_signed=True)),
        ({"self_signed": "True"}, Settings(self_signed=True)),
        ({"self_signed": "false", "ca_certs": "/cas"}, Settings(has_cas=True)),
        ({"self_signed": "", "ca_certs": ""}, Settings()),
        ({"certificate_chain": "/chain"}, Settings(has_chain=True)),
        ({"credential_type": "ManagedId"}, Settings(credential_type="managedid")),
    ],
)
def test_what_is_configured(config: dict[str, str], settings: Settings) -> None:
    """Values are read as that plugin reads them, in any case, and an empty one is none."""
    assert settings_of(config) == settings


@pytest.mark.parametrize(
    ("config", "name"),
    [({"self_signed": "swordfish"}, "self_signed"), ({"credential_type": "swordfish"}, "credential_type")],
)
def test_values_that_are_not_known(config: dict[str, str], name: str) -> None:
    """A value that is not known is refused by its name, and not shown: it may be anything."""
    with pytest.raises(PluginValidationError) as caught:
        settings_of(config)
    assert name in caught.value.message
    assert "swordfish" not in caught.value.one_line()


@pytest.mark.parametrize("kind", [AzureKeyVaultPlugin, AzureKVPlugin])
def test_names_that_are_not_known(kind: type[AzureKeyVaultPlugin]) -> None:
    """A setting that does not exist is refused with those that do."""
    request = DescribeKeyRequest("https://x.vault.azure.net/keys/build", {"client_secret": "swordfish"})
    with pytest.raises(PluginValidationError, match="unknown plugin configuration 'client_secret'") as caught:
        kind().describe_key(request)
    assert all(name in caught.value.advice for name in (*kind.settings, "certificate_chain", "ca_certs"))
    assert "swordfish" not in caught.value.one_line()
