"""Removal of executable plugins."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.errors import NotarykitError, PluginNotFoundError, StorageError
from notarykit.plugin.install.installer import install_file, install_package, uninstall
from tests.support.executables import add_executable, shell_plugin
from tests.unit.plugin.install.installations import no_remains, plugin_file, state_of
from tests.unit.plugin.install.test_replacing import break_plugin


@pytest.mark.parametrize("kind", ["works", "fails", "no executable", "file", "link"])
def test_uninstall(kind: str, plugins: Path, tmp_path: Path) -> None:
    """A plugin is removed with its whole folder, works it or not; a link goes, and not what it leads to."""
    add_executable(plugins, "other", shell_plugin("other"))
    if kind == "works":
        install_file(str(plugin_file(tmp_path)))
    elif kind == "link":
        (plugins / "acme").symlink_to(add_executable(tmp_path / "real", "acme", "").parent)
    else:
        break_plugin(kind, plugins)
    uninstall("acme")
    assert set(state_of(plugins)) == {"plugins/other/notation-other"}
    assert not os.path.lexists(plugins / "acme")
    assert no_remains(plugins)
    if kind == "link":
        assert (tmp_path / "real" / "acme" / "notation-acme").exists()


def test_uninstall_what_is_not_there(plugins: Path) -> None:
    """A plugin that is no executable is not removed, and nothing is made."""
    for name in ("acme", "local-file"):
        with pytest.raises(PluginNotFoundError, match=f"^no executable plugin '{name}' is installed$"):
            uninstall(name)
    assert not plugins.exists()


def test_a_removal_that_fails(plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that cannot be removed is there still."""
    install_file(str(plugin_file(tmp_path)))
    before = state_of(plugins)

    def rename(*_: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(StorageError, match="Read-only file system"):
        uninstall("acme")
    assert state_of(plugins) == before


_USES: list[Callable[[Path], object]] = [
    lambda source: install_file(str(source)),
    lambda _: install_package("local-file"),
    lambda _: uninstall("acme"),
]


@pytest.mark.parametrize("use", _USES, ids=["file", "package", "uninstall"])
@pytest.mark.usefixtures("plugins")
def test_relative_folders(use: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed into, or removed from, the folder that somebody happens to be in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTATION_LIBEXEC", "here")
    add_executable(tmp_path / "here" / "plugins", "acme", "")
    with pytest.raises(NotarykitError, match="from the relative path 'here'"):
        use(plugin_file(tmp_path))
    assert (tmp_path / "here" / "plugins" / "acme" / "notation-acme").exists()
    shutil.rmtree(tmp_path / "here")
