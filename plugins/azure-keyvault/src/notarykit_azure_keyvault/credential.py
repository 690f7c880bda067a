"""Credentials of azure-identity, with tokens for the vault's own domain only."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from notarykit.plugin import PluginAccessDeniedError
from notarykit_azure_keyvault.settings import CREDENTIALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class DomainCredential:
    """Credential that issues tokens for the vault's own domain; the SDK also accepts parents of that domain."""

    def __init__(self, credential: Any, vault_url: str) -> None:
        """Wraps a credential for the vault at a URL."""
        self._credential, self._domain = credential, vault_url.partition(".")[2]

    def get_token_info(self, *scopes: str, **options: Any) -> Any:
        """Returns a token, as `azure.core.credentials.SupportsTokenInfo` requires.

        Raises:
            ValueError: A scope is outside the domain.
        """
        for scope in scopes:
            if urlsplit(scope).netloc.lower() != self._domain:
                raise ValueError("the challenge requests a token for another domain")
        return self._credential.get_token_info(*scopes, **options)


def new_credential(credential_type: str) -> TokenCredential:
    """Returns a new credential of azure-identity.

    Raises:
        PluginAccessDeniedError: Its environment variables are missing.
    """
    import azure.identity

    from notarykit_azure_keyvault.pipeline import new_transport

    name = CREDENTIALS[credential_type]
    # AzureCliCredential sends no requests, and has its own timeout for the command.
    options = {} if credential_type == "azurecli" else {"transport": new_transport()}
    try:
        credential: TokenCredential = getattr(azure.identity, name)(**options)
    except ValueError as error:
        raise PluginAccessDeniedError(
            f"{name} is unavailable: {str(error).partition('.')[0]}",
            advice="set the environment variables that it needs, or choose another credential_type",
        ) from None
    return credential
