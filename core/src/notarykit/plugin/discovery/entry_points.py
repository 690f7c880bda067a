"""Plugins in Python packages, by their entry points. The named one alone is loaded: a broken sibling is no matter."""

from typing import TYPE_CHECKING, NamedTuple

from notarykit._internal.paths import settle_home
from notarykit.errors import PluginNotFoundError
from notarykit.plugin.base import Plugin

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PLUGINS = "notarykit.plugins"
"""The group of entry points that name plugins."""

STAND_INS = "notarykit.plugins.stand_ins"
"""The group of those that answer to the name of somebody else's plugin, where that is not installed."""


PUBLISHED = {
    "aws-kms": "notarykit-aws-kms",
    "azure-keyvault": "notarykit-azure-keyvault",
    "azure-kv": "notarykit-azure-keyvault",
    "hashicorp-vault": "notarykit-hashicorp-vault",
    "hc-vault": "notarykit-hashicorp-vault",
    "local-file": "notarykit-local-file",
    "pkcs11": "notarykit-pkcs11",
}
"""The plugins of this project by their names, those that they stand in for too, and the packages that bring them."""


class PackagedPlugin(NamedTuple):
    """A plugin that a distribution announces; it has not been loaded.

    Attributes:
        name: The plugin's name.
        distribution: The distribution's name and version.
        target: The plugin's class, `module:Class`.
    """

    name: str
    distribution: str
    target: str

    def load(self) -> Plugin:
        """The plugin, ready to be called.

        Raises:
            PluginNotFoundError: It cannot be loaded, or is no plugin of this name.
        """
        settle_home()
        module, _, attribute = self.target.partition(":")
        try:
            from importlib import import_module

            kind = getattr(import_module(module), attribute)
            is_plugin = isinstance(kind, type) and issubclass(kind, Plugin)
            plugin: Plugin | None = kind() if is_plugin else None
            name = plugin.name if plugin else ""
        except (Exception, SystemExit) as error:
            # What an import misses helps; the text of anything else may hold what the plugin read.
            text = f": {error}" if isinstance(error, ImportError | SyntaxError) else ""
            raise self._refused(f"cannot be loaded: {type(error).__name__}{text}") from error
        if plugin is None:
            raise self._refused(
                "is no notarykit Plugin", advice=f"its entry point is {self.target!r} and must name a subclass"
            )
        if name != self.name:
            raise self._refused(f"calls itself {name!r}")
        return plugin

    def _refused(self, text: str, advice: str = "") -> PluginNotFoundError:
        return PluginNotFoundError(f"plugin {self.name!r} of {self.distribution} {text}", advice=advice)


def packaged_plugins(group: str = PLUGINS) -> list[PackagedPlugin]:
    """The plugins that installed distributions announce, by name."""
    from importlib.metadata import entry_points

    # A distribution that is found at two places of the path is still one distribution.
    return sorted({
        PackagedPlugin(point.name, _distribution(point), point.value) for point in entry_points(group=group)
    })  # fmt: skip


def packaged_plugin(name: str, group: str = PLUGINS) -> PackagedPlugin | None:
    """The plugin of a name, if a distribution announces it.

    Raises:
        PluginNotFoundError: Two distributions announce it.
    """
    found = [each for each in packaged_plugins(group) if each.name == name]
    if len(found) > 1:
        owners = " and ".join(each.distribution for each in found)
        raise PluginNotFoundError(f"plugin {name!r} is announced twice, by {owners}", advice="uninstall one of them")
    return found[0] if found else None


def _distribution(point: "EntryPoint") -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
