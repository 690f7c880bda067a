"""Metadata of a plugin, requested before any other command (plugin specification, "Plugin metadata")."""

from collections.abc import Mapping
from typing import Protocol

from notarykit._internal.strict_json import DocumentError, GoMembers, dumps, loads
from notarykit.errors import PluginContractVersionError, PluginResponseError
from notarykit.plugin.host.retry import ask
from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Command
from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata

METADATA_SECONDS = 30.0
"""Time limit of get-plugin-metadata, whose response is static."""


class SelfDescribing(Protocol):
    """Plugin with the one command that all plugins have."""

    def get_metadata(self, request: GetMetadataRequest) -> Metadata:
        """The command get-plugin-metadata."""


def read_metadata(plugin: SelfDescribing, config: Mapping[str, str] | None = None) -> Metadata:
    """Returns the metadata of a plugin, after checking that it supports this contract version.

    Args:
        plugin: The plugin.
        config: The plugin configuration of later requests, on which its capabilities may depend.

    Raises:
        PluginError: It failed.
        PluginResponseError: Its answer is malformed.
        PluginContractVersionError: It does not list the contract version 1.0.
    """
    request = GetMetadataRequest(config or {})
    metadata = ask(Command.GET_METADATA, lambda: plugin.get_metadata(request), METADATA_SECONDS)
    if not isinstance(metadata, Metadata):
        raise PluginResponseError(f"get-plugin-metadata: the plugin returned {type(metadata).__name__}")
    try:  # plugins in this process can answer with anything
        metadata = Metadata.from_json(GoMembers(loads(dumps(metadata.to_json())), "get-plugin-metadata"))
    except (DocumentError, TypeError, ValueError) as error:
        raise PluginResponseError(f"the answer is malformed: {error}") from None
    if CONTRACT_VERSION not in metadata.supported_contract_versions:
        raise PluginContractVersionError(
            f"plugin {metadata.name} supports contract versions {', '.join(metadata.supported_contract_versions)}, "
            f"not {CONTRACT_VERSION}",
            advice="install a version of the plugin that does",
        )
    return metadata
