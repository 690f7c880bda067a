"""What an installation may replace: lower versions, and anything by force."""

from pathlib import Path

import pytest

from notarykit.errors import PluginError
from notarykit.plugin.install.installer import Installed, install_file
from tests.support.archives import write_tar
from tests.support.executables import add_executable, shell_plugin, write_program
from tests.unit.plugin.install.installations import installed_version, no_remains, plugin_file, state_of


@pytest.mark.parametrize(
    ("earlier", "version"), [("1.0.0", "1.0.1"), ("1.0.0-rc.1", "1.0.0"), ("1.9.0", "1.10.0"), ("0.9.0", "1.0.0-alpha")]
)  # fmt: skip
def test_a_newer_version(earlier: str, version: str, plugins: Path, tmp_path: Path) -> None:
    """A newer version replaces the one that is there, and all of its files."""
    entries = [("notation-acme", shell_plugin("acme", version=earlier), 0o755), ("old", "", 0o644)]
    install_file(str(write_tar(tmp_path / "a", entries)))
    assert install_file(str(plugin_file(tmp_path, version))) == Installed("acme", version, earlier)
    assert installed_version() == version
    assert set(state_of(plugins)) == {"plugins/acme/notation-acme"}
    assert no_remains(plugins)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.0.0", "version 1.0.0 is not newer than 1.0.0, which is installed in "),
        ("1.0.0+later", "version 1.0.0+later is not newer than 1.0.0, which is installed in "),
        ("0.9.9", "version 0.9.9 is not newer than 1.0.0, which is installed in "),
        ("latest", "versions cannot be compared: 'latest' is not a semantic version"),
        ("v2.0.0", "versions cannot be compared: 'v2.0.0' is not a semantic version"),
    ],
)
def test_a_version_that_is_not_newer(version: str, message: str, plugins: Path, tmp_path: Path) -> None:
    """Anything but a newer version is refused and leaves what is there, until the user insists."""
    install_file(str(plugin_file(tmp_path)))
    before = state_of(plugins)
    source = str(plugin_file(tmp_path, version))
    with pytest.raises(PluginError) as caught:
        install_file(source)
    assert caught.value.message.startswith(message)
    assert caught.value.advice == "replace the plugin that is there with --force"
    assert state_of(plugins) == before
    assert install_file(source, force=True) == Installed("acme", version, "1.0.0")
    assert installed_version() == version


def break_plugin(kind: str, plugins: Path) -> None:
    """Puts a plugin that does not work into its place."""
    if kind == "fails":
        add_executable(plugins, "acme", "#!/bin/sh\nexit 1\n")
    elif kind == "no executable":
        write_program(plugins / "acme" / "README", "")
    elif kind == "may not be run":
        add_executable(plugins, "acme", shell_plugin("acme"), 0o644)
    elif kind == "file":
        write_program(plugins / "acme", "")
    else:
        plugins.mkdir(parents=True)
        (plugins / "acme").symlink_to(add_executable(plugins.parent / "real", "acme", shell_plugin("acme")).parent)


@pytest.mark.parametrize("kind", ["fails", "no executable", "may not be run", "file", "link"])
def test_a_broken_plugin_is_replaced_by_force(kind: str, plugins: Path, tmp_path: Path) -> None:
    """What is there and does not work is replaced only where the user insists."""
    break_plugin(kind, plugins)
    before = state_of(plugins)
    with pytest.raises(PluginError) as caught:
        install_file(str(plugin_file(tmp_path)))
    assert caught.value.advice == "replace the plugin that is there with --force"
    assert state_of(plugins) == before
    assert install_file(str(plugin_file(tmp_path)), force=True) == Installed("acme", "1.0.0", "")
    assert installed_version() == "1.0.0"
    assert no_remains(plugins)
    if kind == "link":
        assert (plugins.parent / "real" / "acme" / "notation-acme").exists()
