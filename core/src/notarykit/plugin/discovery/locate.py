"""Lookup of a plugin by name, among Python packages and executables."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from notarykit._internal import files, locks
from notarykit._internal.events import is_observed
from notarykit._internal.paths import plugin_choices_file
from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.errors import PluginNotFoundError
from notarykit.plugin.discovery.directory import executable_names, find_executable
from notarykit.plugin.discovery.entry_points import (
    PUBLISHED,
    STAND_INS,
    PackagedPlugin,
    hooked,
    packaged_plugin,
    packaged_plugins,
)
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.discovery.plugin_settings import load_plugin_settings
from notarykit.plugin.launcher import is_launcher
from notarykit.plugin.names import check_name

if TYPE_CHECKING:
    from notarykit.plugin.hooks.hooked_plugin import HookedPlugin

PACKAGE, EXECUTABLE = "package", "executable"
_LARGEST_FILE = 1024 * 1024


def load_plugin(name: str, *, observers: Sequence[object] = ()) -> "HookedPlugin | ExecutablePlugin":
    """Returns the plugin of a name, ready to be called; a package is loaded into this process.

    Args:
        name: The plugin's name.
        observers: Observers of its calls, besides those of the settings: objects whose methods are marked with
            `notarykit.plugin.hookimpl`.

    Raises:
        PluginNotFoundError: There is none, there are two, it is blocked, or it cannot be loaded.
        ConfigurationError: The folder of plugins is relative, or the settings or an observer cannot be used.
    """
    plugin = locate(name)
    return (
        plugin.load(observers) if isinstance(plugin, PackagedPlugin) else load_executable(name, plugin.path, observers)
    )


def load_executable(name: str, path: str, observers: Sequence[object] = ()) -> "HookedPlugin | ExecutablePlugin":
    """Returns an executable plugin, inside of its observers if there are any or calls are traced.

    Raises:
        PluginNotFoundError: It is blocked.
        ConfigurationError: The settings or an observer cannot be used.
    """
    settings = load_plugin_settings()
    settings.admit(name)
    plugin = ExecutablePlugin(name, path)
    return hooked(name, plugin, settings, observers) if settings.observers or observers or is_observed() else plugin


def locate(name: str) -> PackagedPlugin | ExecutablePlugin:
    """Returns the plugin of a name, not yet imported.

    Where a package and an executable have one name, our own launcher means the package; any other executable is an
    error until the user chooses. A package may stand in for a plugin that is not installed.

    Raises:
        PluginNotFoundError: There is none, there are two, or it is blocked.
        ConfigurationError: The folder of plugins is relative, or the settings or the user's choices cannot be read.
    """
    check_name(name)
    load_plugin_settings().admit(name)
    package, executable = packaged_plugin(name), find_executable(name)
    if package and executable and not is_launcher(executable):
        choice = plugin_choices().get(name)
        if choice is None:
            raise PluginNotFoundError(
                f"plugin {name!r} is installed twice: in the package {package.distribution}, and as {executable}",
                advice=f"choose with 'notarykit plugin use {name} package' (or executable), or uninstall one of them",
            )
        package = package if choice == PACKAGE else None
    if package:
        return package
    if executable:
        return ExecutablePlugin(name, executable)
    if stand_in := packaged_plugin(name, STAND_INS):
        return stand_in
    raise PluginNotFoundError(
        f"plugin {name!r} is not installed",
        advice=how_to_get(name)
        or "see 'notarykit plugin list'; install a package with pip, an executable with 'notarykit plugin install'",
    )


def how_to_get(name: str) -> str:
    """Returns the package that contains a missing plugin, or a similar name as a question, or an empty string."""
    if package := PUBLISHED.get(name):
        folder = package.removeprefix("notarykit-")  # no package index has it yet, and a stranger might put one there
        return f"it comes with the package {package}: in a clone of notarykit, 'pip install ./core ./plugins/{folder}'"
    return _did_you_mean(name)


def _did_you_mean(name: str) -> str:
    from difflib import get_close_matches

    names = {package: plugin for plugin, package in PUBLISHED.items()} | {each: each for each in PUBLISHED}
    names |= {each: each for each in executable_names()}
    for packaged in packaged_plugins():
        names[packaged.name] = names[packaged.distribution.partition(" ")[0]] = packaged.name
    close = get_close_matches(name, list(names), 1)
    return f"did you mean {names[close[0]]!r}?" if close else ""


def plugin_choices() -> dict[str, str]:
    """Returns the user's choices where a package and an executable share a name: `package` or `executable`, by name.

    Raises:
        ConfigurationError: The file is malformed or cannot be read.
    """
    path = plugin_choices_file()
    with files.as_configuration(path):
        try:
            members = Members(loads(files.read(path, _LARGEST_FILE)), "document")
        except FileNotFoundError:
            return {}
        for name in members.value:
            if members.text(name) not in (PACKAGE, EXECUTABLE):
                raise DocumentError(f"{name!r} must be {PACKAGE!r} or {EXECUTABLE!r}")
        return members.value


def choose(name: str, choice: str) -> None:
    """Stores the user's choice for a plugin's name: `package` or `executable`.

    Raises:
        PluginNotFoundError: No plugin may have that name.
        ConfigurationError: The choices so far cannot be read.
        StorageError: They cannot be written.
    """
    check_name(name)
    path = plugin_choices_file()
    with locks.locked(os.path.dirname(path)):
        files.write(path, dumps({**plugin_choices(), name: choice}), 0o600)
