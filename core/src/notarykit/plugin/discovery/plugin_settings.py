"""The settings about plugins, `notarykit.json`: observers, blocked plugins, and what verifies those to be installed.

notation does not know this file.
"""

import os
from typing import NamedTuple

from notarykit._internal import files
from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import notarykit_settings_file
from notarykit._internal.strict_json import DocumentError, Members, loads
from notarykit.errors import ConfigurationError, PluginNotFoundError, StorageError
from notarykit.plugin.names import check_name

_LARGEST_FILE = 1024 * 1024
_OBSERVERS, _BLOCKED, _VERIFY_WITH = "observers", "blockedPlugins", "verifyPluginsWith"


class PluginSettings(NamedTuple):
    """The settings about plugins.

    Attributes:
        observers: The names of the observers that are put around every plugin, the outermost first.
        blocked: The names of the plugins that must not be used, in lower case.
        path: The file.
        verify_with: Name of the trust policy statement that plugins are verified under before they are installed, or an
            empty string where no verification is required.
    """

    observers: tuple[str, ...] = ()
    blocked: frozenset[str] = frozenset()
    path: str = ""
    verify_with: str = ""

    def admit(self, name: str) -> None:
        """Refuses a plugin that is blocked; a file system may find its executable under the name in another case.

        Raises:
            PluginNotFoundError: It is blocked.
        """
        if name.lower() in self.blocked:
            raise PluginNotFoundError(
                f"plugin {name!r} is blocked in {self.path}", advice=f"take it off {_BLOCKED!r} there to use it"
            )

    def statement(self, name: str) -> str:
        """Returns the name of the trust policy statement that a plugin is verified under, or an empty string.

        Args:
            name: Name that the user asks for, or an empty string.

        Raises:
            ConfigurationError: The settings require another.
        """
        if name and self.verify_with and name != self.verify_with:
            raise ConfigurationError(
                f"{self.path} has plugins verified with the trust policy statement {self.verify_with!r}, "
                f"and not with {name!r}",
                advice="leave the other name out",
            )
        return name or self.verify_with

    def refuse_unverified(self, what: str, advice: str) -> None:
        """Refuses an installation without verification, if the settings require one.

        Raises:
            ConfigurationError: They do.
        """
        if self.verify_with:
            raise ConfigurationError(
                f"{what}, and {self.path} has plugins verified with {self.verify_with!r} before they are installed",
                advice=advice,
            )


def load_plugin_settings() -> PluginSettings:
    """Reads the settings about plugins; without a file, there are no observers, and nothing is blocked or required.

    Raises:
        ConfigurationError: The file is malformed or cannot be read.
    """
    path = notarykit_settings_file()
    warn_of_other_writers(os.path.dirname(path), path)
    with files.as_configuration(f"settings {path}"):
        try:
            members = Members(loads(files.read(path, _LARGEST_FILE)), "document")
        except FileNotFoundError:
            if os.path.islink(path):  # whoever made it has settings, which are not there at the moment
                raise StorageError(f"{path} is a link to a file that does not exist") from None
            return PluginSettings()
        members.only(_OBSERVERS, _BLOCKED, _VERIFY_WITH)
        blocked = frozenset(name.lower() for name in _names(members, _BLOCKED))
        # An empty name, as an unset variable leaves it, must not mean that nothing is required.
        verify_with = members.filled(_VERIFY_WITH) if _VERIFY_WITH in members.value else ""
        return PluginSettings(_names(members, _OBSERVERS), blocked, path, verify_with)


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
