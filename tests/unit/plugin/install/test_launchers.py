"""Launchers of plugins in packages."""

import stat
from pathlib import Path

import pytest

from notarykit.errors import PluginError, PluginNotFoundError
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.discovery.locate import load_plugin
from notarykit.plugin.install.installer import Installed, install_package
from notarykit.plugin.launcher import is_launcher
from tests.support.executables import add_executable, shell_plugin
from tests.unit.plugin.install.installations import no_remains, state_of


def test_a_launcher(plugins: Path) -> None:
    """A package's launcher is an executable that says what the package says."""
    found = install_package("local-file")
    path = plugins / "local-file" / "notation-local-file"
    assert is_launcher(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    executable = ExecutablePlugin("local-file", str(path))
    metadata = load_plugin("local-file").get_metadata()
    assert executable.get_metadata() == metadata
    assert found == Installed("local-file", metadata.version, "")
    assert no_remains(plugins)


def test_a_launcher_is_refreshed(plugins: Path) -> None:
    """A launcher replaces a launcher, and no executable of somebody else's until the user insists."""
    install_package("local-file")
    path = plugins / "local-file" / "notation-local-file"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"import sys", b"import broken", 1))
    install_package("local-file")
    assert path.read_bytes() == good
    add_executable(plugins, "local-file", shell_plugin("local-file"))
    before = state_of(plugins)
    with pytest.raises(PluginError) as caught:
        install_package("local-file")
    assert caught.value.message == f"{path} is not a launcher of notarykit"
    assert caught.value.advice == "replace the plugin that is there with --force"
    assert state_of(plugins) == before
    assert install_package("local-file", force=True).earlier == "1.0.0"
    assert path.read_bytes() == good


def test_a_package_that_is_not_there(plugins: Path) -> None:
    """A package that nobody installed has no launcher."""
    with pytest.raises(PluginNotFoundError, match=r"^no installed package announces the plugin 'com.nobody'$"):
        install_package("com.nobody")
    assert not plugins.exists()
