"""Plugins in Python packages, by entry point. Only the named plugin is imported: a broken sibling does no harm."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from notarykit._internal.paths import settle_home
from notarykit.errors import ConfigurationError, PluginNotFoundError
from notarykit.plugin.base import Plugin
from notarykit.plugin.discovery.plugin_settings import PluginSettings, load_plugin_settings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from notarykit.plugin.discovery.executable import ExecutablePlugin
    from notarykit.plugin.hooks.hooked_plugin import HookedPlugin

PLUGINS = "notarykit.plugins"
"""Entry-point group of plugins."""

STAND_INS = "notarykit.plugins.stand_ins"
"""Entry-point group of plugins that stand in for another publisher's plugin while that is not installed."""

OBSERVERS = "notarykit.observers"
"""Entry-point group of observers, which the settings switch on."""

PUBLISHED = {
    "aws-kms": "notarykit-aws-kms",
    "azure-keyvault": "notarykit-azure-keyvault",
    "azure-kv": "notarykit-azure-keyvault",
    "hashicorp-vault": "notarykit-hashicorp-vault",
    "hc-vault": "notarykit-hashicorp-vault",
    "identity": "notarykit-identity",
    "local-file": "notarykit-local-file",
    "pkcs11": "notarykit-pkcs11",
}
"""Packages of this project by the plugins that they contain, stand-ins included."""


class PackagedPlugin(NamedTuple):
    """Plugin that a distribution announces, not yet imported.

    Attributes:
        name: The plugin's name.
        distribution: The distribution's name and version.
        target: The plugin's class, `module:Class`.
    """

    name: str
    distribution: str
    target: str

    def load(self, observers: Sequence[object] = ()) -> "HookedPlugin":
        """Imports the plugin and creates it, with observers around its commands.

        Args:
            observers: Observers of its calls, besides those of the settings.

        Raises:
            PluginNotFoundError: It is blocked, cannot be loaded, or is no plugin of this name.
            ConfigurationError: The settings, or an observer that they name, cannot be used.
        """
        settings = load_plugin_settings()
        settings.admit(self.name)
        settle_home()
        try:
            kind = _imported(self.target)
            is_plugin = isinstance(kind, type) and issubclass(kind, Plugin)
            plugin: Plugin | None = kind() if is_plugin else None
            name = plugin.name if plugin else ""
        except (Exception, SystemExit) as error:
            raise self._refused(_why(error)) from error
        if plugin is None:
            raise self._refused(
                "is no notarykit Plugin", advice=f"its entry point is {self.target!r} and must name a subclass"
            )
        if name != self.name:
            raise self._refused(f"names itself {name!r}")
        from notarykit.plugin.hooks.hooked_plugin import HookError

        try:
            return hooked(self.name, plugin, settings, observers)
        except HookError as error:
            raise self._refused(str(error), advice="give the method the arguments of notarykit.plugin.Plugin") from None

    def _refused(self, text: str, advice: str = "") -> PluginNotFoundError:
        return PluginNotFoundError(f"plugin {self.name!r} of {self.distribution} {text}", advice=advice)


def hooked(
    name: str, plugin: "Plugin | ExecutablePlugin", settings: PluginSettings, observers: Sequence[object]
) -> "HookedPlugin":
    """Puts the observers of the settings, and a program's own inside of them, around a plugin.

    Raises:
        ConfigurationError: An observer is not installed, cannot be loaded, or does not fit its hooks.
        HookError: A method of the plugin does not fit its hook.
    """
    from notarykit.plugin.hooks.hooked_plugin import HookedPlugin

    by_name = {observer: _load_observer(observer) for observer in settings.observers}
    by_name |= {f"{type(observer).__qualname__} {number}": observer for number, observer in enumerate(observers)}
    return HookedPlugin(name, plugin, by_name)


def _load_observer(name: str) -> object:
    """Makes the observer of a name, whose class a distribution announces.

    Raises:
        ConfigurationError: None is announced, or two are, or it cannot be loaded.
    """
    try:
        announced = packaged_plugin(name, OBSERVERS)
    except PluginNotFoundError as error:
        raise ConfigurationError(f"observer {name!r}: {error.message}", advice=error.advice) from None
    if announced is None:
        raise ConfigurationError(
            f"observer {name!r} of notarykit.json is not installed", advice="install its package, or take it out"
        )
    try:
        return _imported(announced.target)()
    except (Exception, SystemExit) as error:
        raise ConfigurationError(f"observer {name!r} of {announced.distribution} {_why(error)}") from error


def _imported(target: str) -> Any:
    from importlib import import_module

    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def _why(error: BaseException) -> str:
    """Returns the text for what an import raised: what it misses helps, other texts may hold what was read."""
    text = f": {error}" if isinstance(error, ImportError | SyntaxError) else ""
    return f"cannot be loaded: {type(error).__name__}{text}"


def packaged_plugins(group: str = PLUGINS) -> list[PackagedPlugin]:
    """Returns the plugins that installed distributions announce, sorted by name."""
    from importlib.metadata import entry_points

    # A distribution that is found at two places of the path is still one distribution.
    return sorted({
        PackagedPlugin(point.name, _distribution(point), point.value) for point in entry_points(group=group)
    })  # fmt: skip


def packaged_plugin(name: str, group: str = PLUGINS) -> PackagedPlugin | None:
    """Returns the plugin that a distribution announces under a name, or None.

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
