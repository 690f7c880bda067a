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
    """Returns the file name of a plugin's executable."""
    return f"{PREFIX}{name}{_SUFFIX}"


def executable_path(name: str) -> str:
    """Returns the path of a plugin's executable, whether it exists or not."""
    return os.path.join(plugins_folder(), check_name(name), file_name(name))


def find_executable(name: str) -> str | None:
    """Returns the path of a plugin's executable, or None without a folder of that name.

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
        raise PluginNotFoundError(f"{folder} cannot be read: {error.strerror}") from None
    check_executable(path)
    return path


def check_executable(path: str) -> None:
    """Checks that a path is a regular file that this user may execute.

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
    """Returns the names of the plugins' folders, sorted; other entries are ignored.

    A folder whose name is no plugin name is left out: no plugin could be requested by it.

    Raises:
        PluginNotFoundError: The folder of plugins cannot be read.
    """
    try:
        with os.scandir(plugins_folder()) as entries:
            return sorted(each.name for each in entries if each.is_dir(follow_symlinks=False) and _may_be_name(each))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise PluginNotFoundError(f"{plugins_folder()} cannot be read: {error.strerror}") from None


def _may_be_name(entry: "os.DirEntry[str]") -> bool:
    try:
        check_name(entry.name)
    except PluginNotFoundError:
        return False
    return True
