"""The plugin configuration: the names and values of notation-azure-kv, so that what users have configured goes on."""

from __future__ import annotations

from typing import NamedTuple

from notarykit.errors import PluginValidationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIALS = {
    "": "DefaultAzureCredential",
    "environment": "EnvironmentCredential",
    "workloadid": "WorkloadIdentityCredential",
    "managedid": "ManagedIdentityCredential",
    "azurecli": "AzureCliCredential",
}
"""The classes of azure.identity, by the values of `credential_type`."""


class Settings(NamedTuple):
    """What is configured.

    Attributes:
        has_chain: Whether a file has the chain, so that the vault's certificates do not matter.
        has_cas: Whether a file completes the chain, so that the vault need only give the leaf.
        self_signed: Whether the leaf is its own root.
        credential_type: How to log in, one of `CREDENTIALS`.
    """

    has_chain: bool = False
    has_cas: bool = False
    self_signed: bool = False
    credential_type: str = ""


def settings_of(config: Mapping[str, str]) -> Settings:
    """The settings in a plugin configuration.

    Raises:
        PluginValidationError: A value is not known, or two contradict each other.
    """
    self_signed, credential_type = config.get("self_signed", "").lower(), config.get("credential_type", "").lower()
    if self_signed not in ("", "true", "false"):
        raise PluginValidationError("plugin configuration 'self_signed' is neither true nor false")
    if credential_type not in CREDENTIALS:
        known = ", ".join(filter(None, CREDENTIALS))
        raise PluginValidationError(
            "plugin configuration 'credential_type' has a value that is not known",
            advice=f"use {known}, or leave it out",
        )
    found = Settings(
        bool(config.get("certificate_chain")), bool(config.get("ca_certs")), self_signed == "true", credential_type
    )
    if found.self_signed and (found.has_chain or found.has_cas):
        raise PluginValidationError(
            "a self-signed certificate is its whole chain",
            advice="leave out self_signed, or the files with certificates",
        )
    return found
