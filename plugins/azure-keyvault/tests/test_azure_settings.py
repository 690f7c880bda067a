"""Plugin configuration, with the names and values of notation-azure-kv."""

import pytest

from notarykit.plugin import DescribeKeyRequest, PluginValidationError
from notarykit_azure_keyvault.plugin import AzureKeyVaultPlugin, AzureKVPlugin
from notarykit_azure_keyvault.settings import Settings, parse_settings


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
def test_values_are_read_in_any_case(config: dict[str, str], settings: Settings) -> None:
    """Values are read in any case, as by notation-azure-kv, and an empty value is none."""
    assert parse_settings(config) == settings


@pytest.mark.parametrize(
    ("config", "name"),
    [({"self_signed": "swordfish"}, "self_signed"), ({"credential_type": "swordfish"}, "credential_type")],
)
def test_unknown_value_is_refused_without_showing_it(config: dict[str, str], name: str) -> None:
    """An unknown value is refused by its setting's name and not shown: it may be a secret."""
    with pytest.raises(PluginValidationError) as caught:
        parse_settings(config)
    assert name in caught.value.message
    assert "swordfish" not in caught.value.one_line()


@pytest.mark.parametrize("kind", [AzureKeyVaultPlugin, AzureKVPlugin])
def test_unknown_setting_is_refused_with_the_known_ones(kind: type[AzureKeyVaultPlugin]) -> None:
    """An unknown setting is refused, and the advice lists the known ones."""
    request = DescribeKeyRequest("https://x.vault.azure.net/keys/build", {"client_secret": "swordfish"})
    with pytest.raises(PluginValidationError, match="unknown plugin configuration 'client_secret'") as caught:
        kind().describe_key(request)
    assert all(name in caught.value.advice for name in (*kind.settings, "certificate_chain", "ca_certs"))
    assert "swordfish" not in caught.value.one_line()
