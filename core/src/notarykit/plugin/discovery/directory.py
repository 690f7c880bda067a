"""Executable plugins in notation's folder: `{folder}/{name}/notation-{name}`, regular files and no links.

Plugin specification, "Plugin installation path". Only the executable and its own folder are looked at, not what leads
to them.
"""

import os
import stat
import sys

from notarykit._internal.ownership import warn_of_other_writers
from notarykit._internal.paths import plugins_folder
from notarykit.errors import PluginNotFoundError
from notarykit.plugin.names import PREFIX, check_name

_SUFFIX = ".exe" if sys.platform == "win32" else ""


def file_name(name: str) -> str:
    """What the executable of a plugin is called."""
    return f"{PREFIX}{name}{_SUFFIX}"


def executable_path(name: str) -> str:
    """Where the executable of a plugin is, or would be."""
    return os.path.join(plugins_folder(), check_name(name), file_name(name))


def find_executable(name: str) -> str | None:
    """The path of a plugin's executable, or None where there is no folder of that name.

    Raises:
        PluginNotFoundError: There is a folder, and in it no regular file that may be run.
    """
    path = executable_path(name)
    folder = os.path.dirname(path)
    try:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise PluginNotFoundError(f"{folder} is not a folder", advice="links are not followed: install the plugin")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise PluginNotFoundError(f"{folder} cannot be looked into: {error.strerror}") from None
    check_executable(path)
    return path


def check_executable(path: str) -> None:
    """Refuses what is not a regular file that this user may run.

    Raises:
        PluginNotFoundError: It is not.
    """
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        raise PluginNotFoundError(f"{path}: {error.strerror}", advice="install the plugin again") from None
    if not stat.S_ISREG(mode):
        raise PluginNotFoundError(f"{path} is not a regular file", advice="links are not followed: install the plugin")
    if not os.access(path, os.X_OK):
        raise PluginNotFoundError(f"{path} may not be run", advice="make it executable (chmod u+x)")
    warn_of_other_writers(os.path.dirname(path), path)


def executable_names() -> list[str]:
    """The names of all folders in which a plugin may be; what is not a folder is no candidate.

    A folder whose name no plugin may have is left out, as it could never be asked for.

    Raises:
        PluginNotFoundError: The folder of plugins cannot be looked into.
    """
    try:
        with os.scandir(plugins_folder()) as entries:
            return sorted(each.name for each in entries if each.is_dir(follow_symlinks=False) and _may_be_name(each))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise PluginNotFoundError(f"{plugins_folder()} cannot be looked into: {error.strerror}") from None


def _may_be_name(entry: "os.DirEntry[str]") -> bool:
    try:
        check_name(entry.name)
    except PluginNotFoundError:
        return False
    return True
