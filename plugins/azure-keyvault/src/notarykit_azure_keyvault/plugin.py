"""The plugin: a key id is the URL of a key or a certificate, as Azure shows it.

Configuration, besides `certificate_chain` and `ca_certs`: `self_signed=true` for a certificate that is its own root;
`credential_type` for one way to log in where not the SDK's whole list of them is to be tried; `vault_domain` for a
cloud that this package does not know. How to log in is for the SDK to find, and no secret is plugin configuration.
"""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from notarykit_azure_keyvault.pool import Connect


class AzureKeyVaultPlugin(plugin.Provider):
    """Signs with keys in Azure Key Vault and Managed HSM. Clients, their connections and tokens are kept for later."""

    name = "azure-keyvault"
    description = "Sign with keys in Azure Key Vault and Managed HSM"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/azure-keyvault"
    settings = ("self_signed", "credential_type", "vault_domain")
    keeps_certificates = True

    def __init__(self, connect: Connect | None = None) -> None:
        """Takes what makes the client of a vault and a type of credential, in place of the SDK's."""
        super().__init__()
        from notarykit_azure_keyvault.pool import Clients

        self._clients = Clients(connect)

    def find(self, key_id: str, config: Mapping[str, str]) -> plugin.ServiceKey:
        """The key of `https://VAULT/keys/NAME` or `https://VAULT/certificates/NAME`, with or without `/VERSION`."""
        from notarykit_azure_keyvault.client import Vault
        from notarykit_azure_keyvault.key import Key
        from notarykit_azure_keyvault.key_id import address_of
        from notarykit_azure_keyvault.settings import settings_of

        address, settings = address_of(key_id, config.get("vault_domain", "")), settings_of(config)
        return Key(address, settings, Vault(address.vault, settings.credential_type, self._clients))


class AzureKVPlugin(AzureKeyVaultPlugin):
    """The same under the name of the plugin notation-azure-kv, whose key ids and settings mean the same here."""

    name = "azure-kv"
