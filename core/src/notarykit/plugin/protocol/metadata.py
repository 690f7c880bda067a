"""get-plugin-metadata: what a plugin says of itself (plugin specification, "Plugin metadata")."""

from __future__ import annotations

from notarykit._internal.light_namedtuple import LightNamedTuple
from notarykit._internal.strict_json import DocumentError
from notarykit.plugin.protocol.fields import Config, with_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from notarykit._internal.strict_json import Members


class GetMetadataRequest(LightNamedTuple):
    """The request of get-plugin-metadata; it has no contract version, which the answer tells.

    Attributes:
        plugin_config: The user's settings for the plugin, on which its capabilities may depend.
    """

    plugin_config: Config = {}

    def to_json(self) -> dict[str, Any]:
        """The members of the JSON object."""
        return with_config({}, self.plugin_config)

    @classmethod
    def from_json(cls, members: Members) -> GetMetadataRequest:
        """Out of JSON; raises DocumentError where the member is of a wrong type."""
        return cls(members.text_map("pluginConfig"))


NO_CONFIG = GetMetadataRequest()
"""The request of a host that knows of no settings, such as one that installs plugins."""


class Metadata(LightNamedTuple):
    """The answer to get-plugin-metadata.

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
        """The members of the JSON object."""
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
        """Out of JSON; raises DocumentError where a member is absent, empty or of a wrong type."""
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
