"""Plugin configuration, with the names and values of notation-azure-kv."""

from __future__ import annotations

from typing import NamedTuple

from notarykit.plugin import PluginValidationError

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
"""Credential classes of azure.identity by the values of `credential_type`."""


class Settings(NamedTuple):
    """Parsed plugin configuration.

    Attributes:
        has_chain: True if a file holds the chain, so that certificates in the vault are not needed.
        has_cas: True if a file holds CA certificates, so that only the leaf is read from the vault.
        self_signed: True if the leaf is its own root.
        credential_type: One of `CREDENTIALS`.
    """

    has_chain: bool = False
    has_cas: bool = False
    self_signed: bool = False
    credential_type: str = ""


def parse_settings(config: Mapping[str, str]) -> Settings:
    """Parses the plugin configuration. Values are read in any case, and an empty value is none.

    Raises:
        PluginValidationError: A value is unknown, or two contradict each other.
    """
    self_signed, credential_type = config.get("self_signed", "").lower(), config.get("credential_type", "").lower()
    if self_signed not in ("", "true", "false"):
        raise PluginValidationError("plugin configuration 'self_signed' must be true or false")
    if credential_type not in CREDENTIALS:
        known = ", ".join(filter(None, CREDENTIALS))
        raise PluginValidationError(
            "plugin configuration 'credential_type' has an unknown value", advice=f"use {known}, or leave it out"
        )
    has_chain, has_cas = bool(config.get("certificate_chain")), bool(config.get("ca_certs"))
    if self_signed == "true" and (has_chain or has_cas):
        raise PluginValidationError(
            "self_signed=true excludes files with certificates: a self-signed certificate is a complete chain",
            advice="leave out self_signed, or certificate_chain and ca_certs",
        )
    return Settings(has_chain, has_cas, self_signed == "true", credential_type)
