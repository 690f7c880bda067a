"""Pool of the SDK's clients, one client per thread, vault and credential type."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential

    from notarykit_azure_keyvault.sdk import ClientFactory, SDKClient


class ClientPool:
    """Idle clients, each lent to one thread at a time.

    After a 401 the SDK's client discards its token, which would fail another thread that is about to send that token.
    """

    def __init__(self, factory: ClientFactory | None = None) -> None:
        """Creates an empty pool.

        Args:
            factory: Factory for clients; defaults to the SDK's `KeyClient`.
        """
        self._factory = factory or self._new_client
        self._idle: dict[tuple[str, str], list[SDKClient]] = {}
        self._credentials: dict[str, TokenCredential] = {}
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, vault_url: str, credential_type: str) -> Iterator[SDKClient]:
        """Lends the most recently used idle client, or a new one, while the context is active."""
        with self._lock:
            idle = self._idle.setdefault((vault_url, credential_type), [])
            client = idle.pop() if idle else None
        client = client or self._factory(vault_url, credential_type)
        try:
            yield client
        finally:
            with self._lock:
                idle.append(client)

    def discard(self, credential_type: str) -> None:
        """Discards the credential and its clients; clients on loan are dropped when they are returned."""
        with self._lock:
            self._credentials.pop(credential_type, None)
            for account in [account for account in self._idle if account[1] == credential_type]:
                del self._idle[account]

    def _new_client(self, vault_url: str, credential_type: str) -> SDKClient:
        from azure.keyvault.keys import KeyClient

        from notarykit_azure_keyvault.credential import DomainCredential
        from notarykit_azure_keyvault.pipeline import new_retry_policy, new_transport

        credential: Any = DomainCredential(self._credential(credential_type), vault_url)
        return KeyClient(
            vault_url,
            credential,
            retry_policy=new_retry_policy(),
            transport=new_transport(),
            # A response of another host is not the vault's.
            permit_redirects=False,
        )

    def _credential(self, credential_type: str) -> TokenCredential:
        """Returns the credential, which caches tokens and is shared by all threads."""
        from notarykit_azure_keyvault.credential import new_credential

        with self._lock:
            if credential_type not in self._credentials:
                self._credentials[credential_type] = new_credential(credential_type)
            return self._credentials[credential_type]
