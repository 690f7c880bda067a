"""The plugins: key ids name keys of Vault's Transit secrets engine, and everything else is plugin configuration."""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from notarykit_hashicorp_vault.client import Connection
    from notarykit_hashicorp_vault.key import TransitKey
    from notarykit_hashicorp_vault.key_id import Names
    from notarykit_hashicorp_vault.session import Connect
    from notarykit_hashicorp_vault.settings import Server

_SERVER = (
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
    """Signs with Transit keys. One connection for each server, namespace and way of logging in."""

    name = "hashicorp-vault"
    description = "Sign with Transit keys in HashiCorp Vault and OpenBao"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/hashicorp-vault"
    settings = ("mount", "key_version", "certificate_secret", *_SERVER)
    keeps_certificates = True

    def __init__(self, connect: Connect | None = None) -> None:
        """Takes what connects to a server, for programs that have their own; by default it is hvac."""
        import threading

        super().__init__()
        self._connect = connect
        self._connections: dict[Server, Connection] = {}
        self._connecting = threading.Lock()

    def find(self, key_id: str, config: Mapping[str, str]) -> TransitKey:
        """The key that an id of the form `[MOUNT/]NAME[@VERSION]` names.

        Raises:
            PluginValidationError: It has another form, or a setting is wrong or contradicts it.
            SigningKeyError: A file that a setting names cannot be read.
        """
        from notarykit_hashicorp_vault.key import TransitKey

        return TransitKey(self._names(key_id, config), self._connection(config))

    def _names(self, key_id: str, config: Mapping[str, str]) -> Names:
        from notarykit_hashicorp_vault.key_id import names_of

        return names_of(key_id, config)

    def _connection(self, config: Mapping[str, str]) -> Connection:
        from notarykit_hashicorp_vault.client import Connection
        from notarykit_hashicorp_vault.settings import server_of

        server = server_of(config)
        with self._connecting:
            if server not in self._connections:
                self._connections[server] = Connection(server, self._connect)
            return self._connections[server]


class HCVaultPlugin(HashiCorpVaultPlugin):
    """Stands in for the plugin `hc-vault`: the key id names a secret with the chain and the key of the same name."""

    name = "hc-vault"
    settings = ("transitName", "kvName", "transitKeyName", *_SERVER)
    keeps_certificates = False  # a secret is its owner's: it may hold more than the chain

    def _names(self, key_id: str, config: Mapping[str, str]) -> Names:
        from notarykit_hashicorp_vault.key_id import hc_vault_names_of

        return hc_vault_names_of(key_id, config)
