"""The plugins `azure-keyvault` and `azure-kv`: a key id is the URL of a key or a certificate in Azure.

Plugin configuration, besides `certificate_chain` and `ca_certs`: `self_signed=true` for a certificate that is its own
root, `credential_type` for one credential of azure-identity in place of its default chain, and `vault_domain` for a
cloud that is not built in. Credentials are azure-identity's; secrets are never plugin configuration.
"""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from notarykit_azure_keyvault.sdk import ClientFactory


class AzureKeyVaultPlugin(plugin.Provider):
    """Plugin for keys in Azure Key Vault and Managed HSM. Clients, connections and tokens are reused."""

    name = "azure-keyvault"
    description = "Sign with keys in Azure Key Vault and Managed HSM"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/azure-keyvault"
    settings = ("self_signed", "credential_type", "vault_domain")
    keeps_certificates = True

    def __init__(self, connect: ClientFactory | None = None) -> None:
        """Creates the plugin.

        Args:
            connect: Factory for the clients of vaults; defaults to the Azure SDK.
        """
        super().__init__()
        from notarykit_azure_keyvault.pool import ClientPool

        self._pool = ClientPool(connect)

    def find(self, key_id: str, config: Mapping[str, str]) -> plugin.ServiceKey:
        """Returns the key at `https://VAULT/keys/NAME` or `…/certificates/NAME`, with or without `/VERSION`."""
        from notarykit_azure_keyvault.client import VaultClient
        from notarykit_azure_keyvault.key import VaultKey
        from notarykit_azure_keyvault.key_id import parse_key_id
        from notarykit_azure_keyvault.settings import parse_settings

        key, settings = parse_key_id(key_id, config.get("vault_domain", "")), parse_settings(config)
        return VaultKey(key, settings, VaultClient(key.vault_url, settings.credential_type, self._pool))


class AzureKVPlugin(AzureKeyVaultPlugin):
    """Stand-in for the plugin notation-azure-kv, with the same key ids and settings."""

    name = "azure-kv"
