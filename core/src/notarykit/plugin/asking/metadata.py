"""What a plugin says of itself, asked for before anything else is (plugin specification, "Plugin metadata")."""

from typing import Protocol

from notarykit.errors import PluginContractVersionError
from notarykit.plugin.asking.retries import ask
from notarykit.plugin.messages.fields import CONTRACT_VERSION, Command
from notarykit.plugin.messages.metadata import Metadata

METADATA_SECONDS = 30.0
"""What get-plugin-metadata may take: its answer is static."""


class SelfDescribing(Protocol):
    """The command that every plugin has, wherever it runs."""

    def get_metadata(self) -> Metadata:
        """The command get-plugin-metadata."""


def read_metadata(plugin: SelfDescribing) -> Metadata:
    """The metadata of a plugin that speaks the contract that is spoken here.

    Raises:
        PluginError: It failed.
        PluginContractVersionError: It does not list the contract version 1.0.
    """
    metadata = ask(Command.GET_METADATA, plugin.get_metadata, METADATA_SECONDS)
    if CONTRACT_VERSION not in metadata.supported_contract_versions:
        raise PluginContractVersionError(
            f"plugin {metadata.name} supports contract versions {', '.join(metadata.supported_contract_versions)}, "
            f"not {CONTRACT_VERSION}",
            advice="install a version of the plugin that does",
        )
    return metadata
