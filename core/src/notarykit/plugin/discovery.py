"""Finding plugins by name. The named plugin alone is loaded: a sibling that fails to import does not matter."""

import re
from typing import TYPE_CHECKING, NamedTuple

from notarykit.errors import PluginNotFoundError
from notarykit.plugin.base import Plugin

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "notarykit.plugins"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class Installed(NamedTuple):
    """A plugin that a distribution announces.

    Attributes:
        name: The plugin's name.
        distribution: The distribution's name and version.
    """

    name: str
    distribution: str


def check_name(name: str) -> str:
    """The name itself, if a plugin may have it.

    Raises:
        PluginNotFoundError: It could lead out of the plugins' folder, or has other characters than letters, digits,
        `_`,
            `.` and `-`.
    """
    if _NAME.fullmatch(name) is None or name in (".", ".."):
        raise PluginNotFoundError(f"{name!r} is no plugin name: it must be of letters, digits, '_', '.' and '-'")
    return name


def installed_plugins() -> list[Installed]:
    """The plugins that installed distributions announce, by name; none of them is loaded."""
    return sorted(Installed(point.name, _distribution(point)) for point in _entry_points())


def load_plugin(name: str) -> Plugin:
    """The plugin of a name, ready to be called.

    Raises:
        PluginNotFoundError: There is none, two distributions announce it, or it cannot be loaded.
    """
    check_name(name)
    points = [point for point in _entry_points() if point.name == name]
    if not points:
        raise PluginNotFoundError(
            f"plugin {name!r} is not installed as a Python package",
            advice="see 'notarykit plugin list' and install it with pip; notation's executables are not supported yet",
        )
    if len(points) > 1:
        owners = " and ".join(sorted(_distribution(point) for point in points))
        raise PluginNotFoundError(f"plugin {name!r} is announced twice, by {owners}", advice="uninstall one of them")
    return _load(points[0])


def _entry_points() -> "list[EntryPoint]":
    from importlib.metadata import entry_points

    # A distribution that is found at two places of the path is still one distribution.
    found = {(point.name, _distribution(point)): point for point in entry_points(group=ENTRY_POINTS)}
    return list(found.values())


def _distribution(point: "EntryPoint") -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"


def _load(point: "EntryPoint") -> Plugin:
    import pluggy

    from notarykit.plugin.hooks import PROJECT, Hooks

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    try:
        manager.register(point.load(), name=point.name)
        manager.check_pending()  # a misspelt hook is an error
        plugin = manager.hook.notarykit_plugin()
    except Exception as error:
        # What an import misses helps; the text of anything else may hold what the plugin read.
        text = f": {error}" if isinstance(error, ImportError | SyntaxError | pluggy.PluginValidationError) else ""
        raise PluginNotFoundError(
            f"plugin {point.name!r} of {_distribution(point)} cannot be loaded: {type(error).__name__}{text}"
        ) from error
    if not isinstance(plugin, Plugin):
        raise PluginNotFoundError(
            f"plugin {point.name!r} of {_distribution(point)} hands over no notarykit Plugin",
            advice="its function notarykit_plugin needs @hookimpl and returns an object, not a class",
        )
    if plugin.name != point.name:
        raise PluginNotFoundError(f"plugin {point.name!r} of {_distribution(point)} calls itself {plugin.name!r}")
    return plugin
