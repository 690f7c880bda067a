"""Messages of get-plugin-metadata (plugin specification, "Plugin metadata")."""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit._internal.strict_json import DocumentError
from notarykit.plugin.protocol.fields import Config, with_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from notarykit._internal.strict_json import Members


class GetMetadataRequest(LightNamedTuple):
    """Request of get-plugin-metadata; it has no contract version.

    Attributes:
        plugin_config: The user's settings for the plugin, on which its capabilities may depend.
    """

    plugin_config: Config = {}

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        return with_config({}, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> GetMetadataRequest:
        """Parses JSON members; raises DocumentError if a member has the wrong type."""
        return cls(members.text_map("pluginConfig"))


NO_CONFIG = GetMetadataRequest()
"""Request of a host without plugin configuration, such as one that installs plugins."""


class Metadata(LightNamedTuple):
    """Response to get-plugin-metadata.

    Attributes:
        name: The plugin's name.
        description: One line for people.
        version: The publisher's version.
        url: Where to find support.
        supported_contract_versions: One for each major version.
        capabilities: What it can do, as the protocol writes it; names that are not known are kept.
    """

    name: str
    description: str
    version: str
    url: str
    supported_contract_versions: tuple[str, ...]
    capabilities: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        return {
            "name": self.name,
            "description": self.description,
            "version": self.version,
            "url": self.url,
            "supportedContractVersions": list(self.supported_contract_versions),
            "capabilities": list(self.capabilities),
        }

    @classmethod
    def from_json(cls, members: Members) -> Metadata:
        """Parses JSON members; raises DocumentError if one is absent, empty or of the wrong type."""
        found = cls(
            members.filled("name"),
            members.filled("description"),
            members.filled("version"),
            members.filled("url"),
            members.texts("supportedContractVersions"),
            members.texts("capabilities"),
        )
        if not (found.supported_contract_versions and found.capabilities):
            raise DocumentError(f"{members.where}: 'supportedContractVersions' and 'capabilities' must not be empty")
        return found
