"""The plugins `hashicorp-vault` and `hc-vault`: key ids name keys of Vault's Transit secrets engine."""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from notarykit_hashicorp_vault.client import VaultClient
    from notarykit_hashicorp_vault.key import TransitKey
    from notarykit_hashicorp_vault.key_id import KeyId
    from notarykit_hashicorp_vault.session import Connect
    from notarykit_hashicorp_vault.settings import ServerSettings

_SERVER_SETTINGS = (
    "address",
    "plain_http",
    "namespace",
    "auth",
    "auth_mount",
    "role",
    "jwt_file",
    "role_id_file",
    "secret_id_file",
)


class HashiCorpVaultPlugin(plugin.Provider):
    """Plugin for Transit keys, with one client for each server, namespace and auth method."""

    name = "hashicorp-vault"
    description = "Sign with Transit keys in HashiCorp Vault and OpenBao"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/hashicorp-vault"
    settings = ("mount", "key_version", "certificate_secret", *_SERVER_SETTINGS)
    keeps_certificates = True

    def __init__(self, connect: Connect | None = None) -> None:
        """Creates the plugin.

        Args:
            connect: Factory for connections to servers; defaults to hvac.
        """
        import threading

        super().__init__()
        self._connect = connect
        self._clients: dict[ServerSettings, VaultClient] = {}
        self._clients_lock = threading.Lock()

    def find(self, key_id: str, config: Mapping[str, str]) -> TransitKey:
        """Returns the key with an id of the form `[MOUNT/]NAME[@VERSION]`.

        Raises:
            PluginValidationError: The key id is malformed, or a setting is malformed or contradicts it.
            SigningKeyError: A file in a setting cannot be read.
        """
        from notarykit_hashicorp_vault.key import TransitKey

        return TransitKey(self._parse_key_id(key_id, config), self._client(config))

    def _parse_key_id(self, key_id: str, config: Mapping[str, str]) -> KeyId:
        from notarykit_hashicorp_vault.key_id import parse_key_id

        return parse_key_id(key_id, config)

    def _client(self, config: Mapping[str, str]) -> VaultClient:
        from notarykit_hashicorp_vault.client import VaultClient
        from notarykit_hashicorp_vault.settings import parse_settings

        server = parse_settings(config)
        with self._clients_lock:
            if server not in self._clients:
                self._clients[server] = VaultClient(server, self._connect)
            return self._clients[server]


class HCVaultPlugin(HashiCorpVaultPlugin):
    """Stand-in for the plugin `hc-vault`: the key id names a KV secret with the chain, and the key of that name."""

    name = "hc-vault"
    settings = ("transitName", "kvName", "transitKeyName", *_SERVER_SETTINGS)
    keeps_certificates = False  # the secret may hold more than the chain

    def _parse_key_id(self, key_id: str, config: Mapping[str, str]) -> KeyId:
        from notarykit_hashicorp_vault.key_id import parse_hc_vault_key_id

        return parse_hc_vault_key_id(key_id, config)
