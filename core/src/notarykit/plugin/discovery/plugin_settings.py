"""The settings about plugins, `notarykit.json`: observers and blocked plugins. notation does not know this file."""

import os
from typing import NamedTuple

from notarykit._internal import files
from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import notarykit_settings_file
from notarykit._internal.strict_json import DocumentError, Members, loads
from notarykit.errors import PluginNotFoundError
from notarykit.plugin.names import check_name

_LARGEST_FILE = 1024 * 1024
_OBSERVERS, _BLOCKED = "observers", "blockedPlugins"


class PluginSettings(NamedTuple):
    """The settings about plugins.

    Attributes:
        observers: The names of the observers that are put around every plugin, the outermost first.
        blocked: The names of the plugins that must not be used, in lower case.
        path: The file.
    """

    observers: tuple[str, ...] = ()
    blocked: frozenset[str] = frozenset()
    path: str = ""

    def admit(self, name: str) -> None:
        """Refuses a plugin that is blocked; a file system may find its executable under the name in another case.

        Raises:
            PluginNotFoundError: It is blocked.
        """
        if name.lower() in self.blocked:
            raise PluginNotFoundError(
                f"plugin {name!r} is blocked in {self.path}", advice=f"take it off {_BLOCKED!r} there to use it"
            )


def load_plugin_settings() -> PluginSettings:
    """Reads the settings about plugins; without a file, there are neither observers nor blocked plugins.

    Raises:
        ConfigurationError: The file is malformed or cannot be read.
    """
    path = notarykit_settings_file()
    warn_of_other_writers(os.path.dirname(path), path)
    with files.as_configuration(f"settings {path}"):
        try:
            members = Members(loads(files.read(path, _LARGEST_FILE)), "document")
        except FileNotFoundError:
            return PluginSettings()
        members.only(_OBSERVERS, _BLOCKED)
        blocked = _names(members, _BLOCKED)
        return PluginSettings(_names(members, _OBSERVERS), frozenset(name.lower() for name in blocked), path)


def _names(members: Members, member: str) -> tuple[str, ...]:
    """Returns the names in a member, which may be absent; a misspelt name would block nothing."""
    names = members.texts(member, ())
    for name in names:
        try:
            check_name(name)
        except PluginNotFoundError as error:
            raise DocumentError(f"{member!r}: {error}") from None
        if names.count(name) > 1:
            raise DocumentError(f"{member!r} has {name!r} twice")
    return names
