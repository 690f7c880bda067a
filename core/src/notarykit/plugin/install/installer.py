"""Installation of a plugin: unpacked beside its place, run once, compared with the installed version, swapped in."""

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from notarykit._internal import files, locks
from notarykit._internal.paths import plugins_folder
from notarykit.errors import PluginError, PluginNotFoundError, StorageError, UsageError
from notarykit.plugin.discovery.directory import check_executable, executable_path, file_name, find_executable
from notarykit.plugin.discovery.entry_points import STAND_INS, packaged_plugin
from notarykit.plugin.discovery.locate import how_to_get, load_executable
from notarykit.plugin.host.metadata import read_metadata
from notarykit.plugin.host.semver import SemanticVersion
from notarykit.plugin.install import archives
from notarykit.plugin.install.atomic_swap import replace_folder
from notarykit.plugin.install.source import PluginSource, open_source
from notarykit.plugin.launcher import flags_for, is_launcher, launcher
from notarykit.plugin.names import PREFIX, check_name

_MOST_NAMED = 5


class Installed(NamedTuple):
    """Result of an installation.

    Attributes:
        name: The plugin's name.
        version: The version that is there now.
        earlier: The version that was there before, or an empty string.
    """

    name: str
    version: str
    earlier: str


def install_file(path: str, *, force: bool = False) -> Installed:
    """Installs a plugin from a zip, a tar.gz or an executable, which nobody verifies; see `install_source`.

    Raises:
        StorageError: The file is malformed or too large, or the plugin cannot be put in its place.
        PluginError: The plugin does not work, or is not newer than the one that is there.
    """
    with open_source(path) as source:
        return install_source(source, force=force)


def install_source(source: PluginSource, *, force: bool = False) -> Installed:
    """Installs a plugin from a zip, a tar.gz or an executable.

    Args:
        source: The bytes that are installed.
        force: Whether it may replace a version that is not lower, or one that does not work.

    Raises:
        StorageError: They are malformed or too many, or the plugin cannot be put in its place.
        PluginError: The plugin does not work, or is not newer than the one that is there.
    """

    def unpack(folder: str) -> str:
        archives.unpack(source, folder)
        return _executable_in(folder, source.name)

    return _install(unpack, force=force, check=_check_newer)


def install_package(name: str, *, force: bool = False) -> Installed:
    """Installs a launcher for a plugin in a package of this Python, for notation and other hosts.

    Args:
        name: The plugin's name.
        force: Whether it may replace an executable that is no launcher of ours.

    Raises:
        PluginNotFoundError: No package announces the plugin, or it cannot be loaded.
        PluginError: The launcher does not work.
        StorageError: It cannot be put in its place.
        UsageError: The system runs no scripts.
    """
    package = packaged_plugin(check_name(name)) or packaged_plugin(name, STAND_INS)
    if package is None:
        raise PluginNotFoundError(
            f"no installed package announces the plugin {name!r}", advice=how_to_get(name) or "install it with pip"
        )
    if sys.platform == "win32":
        raise UsageError(
            "Windows runs no launcher that is a script",
            advice=f"install the package's own: 'notarykit plugin install --file Scripts\\notation-{name}.exe'",
        )
    package.load()
    module = sys.modules[package.target.partition(":")[0]]
    content = launcher(name, package.target, sys.executable, flags_for(module.__file__ or ""))

    def write(folder: str) -> str:
        path = os.path.join(folder, file_name(name))
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o755)  # noqa: S103 - others may run it too
        return path

    return _install(write, force=force, check=_check_launcher)


def uninstall(name: str) -> None:
    """Removes an executable plugin, its whole folder, in one step.

    Raises:
        PluginNotFoundError: There is none.
        StorageError: It cannot be removed.
    """
    place = os.path.dirname(executable_path(name))
    if not os.path.lexists(place):
        package = packaged_plugin(name)
        raise PluginNotFoundError(
            f"no executable plugin {name!r} is installed",
            advice=f"it is in the package {package.distribution}: uninstall that with pip"
            if package
            else "see 'notarykit plugin list'",
        )
    with _staging() as folder:
        os.rename(place, os.path.join(folder, "removed"))


def _install(fill: Callable[[str], str], *, force: bool, check: Callable[[str, str, str], str]) -> Installed:
    """Fills a new folder, runs what is in it, and puts it in its place.

    Args:
        fill: Puts the files into a folder and returns the executable's path.
        force: True to replace an installed plugin of any version.
        check: Refuses to replace an executable, given the plugin's name, its path and the new version; returns its own.
    """
    with _staging() as staging:
        folder = os.path.join(staging, "new")
        os.mkdir(folder, 0o755)
        path = fill(folder)
        name = _name_of(path)
        version = _version(name, path)
        earlier = _earlier(name) if force else _checked(name, version, check)
        replace_folder(folder, os.path.dirname(executable_path(name)))
    return Installed(name, version, earlier)


def _version(name: str, path: str) -> str:
    check_executable(path)
    return read_metadata(load_executable(name, path)).version


def _earlier(name: str) -> str:
    try:
        existing = find_executable(name)
        return _version(name, existing) if existing else ""
    except PluginError:
        return ""


def _checked(name: str, version: str, check: Callable[[str, str, str], str]) -> str:
    try:
        existing = find_executable(name)
        return check(name, existing, version) if existing else ""
    except PluginError as error:
        raise error.replace(advice="replace the plugin that is there with --force") from error


def _check_launcher(_: str, existing: str, __: str) -> str:
    if not is_launcher(existing):
        raise PluginError(f"{existing} is not a launcher of notarykit")
    return ""


def _check_newer(name: str, existing: str, version: str) -> str:
    earlier = _version(name, existing)
    try:
        is_newer = SemanticVersion(version) > SemanticVersion(earlier)
    except ValueError as error:
        raise PluginError(f"versions cannot be compared: {error}") from None
    if not is_newer:
        raise PluginError(f"version {version} is not newer than {earlier}, which is installed in {existing}")
    return earlier


def _executable_in(folder: str, source: str) -> str:
    """Returns the one executable among the files; a single candidate is made executable, as notation does."""
    candidates = [
        os.path.join(folder, each) for each in sorted(os.listdir(folder)) if each.startswith(PREFIX) and each != PREFIX
    ]
    runnable = [path for path in candidates if os.access(path, os.X_OK)] or candidates
    if len(runnable) != 1:
        held = [os.path.basename(path) for path in runnable] or sorted(os.listdir(folder))
        raise StorageError(
            f"{source} must be a zip or tar.gz with one executable notation-NAME, or be that executable; "
            f"it holds {', '.join(held[:_MOST_NAMED]) or 'nothing'}"
        )
    os.chmod(runnable[0], os.stat(runnable[0]).st_mode | stat.S_IXUSR)
    return runnable[0]


def _name_of(path: str) -> str:
    name = os.path.basename(path).removeprefix(PREFIX)
    if sys.platform == "win32":
        name = name.removesuffix(".exe")
    return check_name(name)


@contextmanager
def _staging() -> Iterator[str]:
    """Temporary folder on the file system of the plugins' folder, so that its content can be moved there."""
    plugins = plugins_folder()
    with locks.locked(plugins):
        folder = ""
        try:
            base = os.path.dirname(plugins)
            _remove_remains(base)
            folder = tempfile.mkdtemp(prefix=_STAGING, dir=base)
            yield folder
        except OSError as error:
            raise StorageError(f"plugins cannot be changed in {plugins}: {error.strerror}") from None
        finally:
            if folder:
                archives.remove(folder)


_STAGING = f"{files.TEMPORARY}plugin-"


def _remove_remains(base: str) -> None:
    """Removes the remains of killed installations; none is under way, since the caller holds the lock."""
    with os.scandir(base) as entries:
        for entry in entries:
            if entry.name.startswith(_STAGING) and entry.is_dir(follow_symlinks=False):
                archives.remove(entry.path)
