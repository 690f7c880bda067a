"""Installations that fail leave everything as it was."""

from pathlib import Path
from typing import Any

import pytest

from notarykit._internal.files import TEMPORARY
from notarykit.errors import ContentError, StorageError
from notarykit.plugin.install import archives, installer
from notarykit.plugin.install.installer import install_file
from tests.support.executables import add_executable, write_program
from tests.unit.plugin.install.installations import no_remains, plugin_file, state_of


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ContentError("x")])
@pytest.mark.parametrize("where", ["unpack", "_version", "replace_folder"])
@pytest.mark.parametrize("force", [True, False])
def test_a_failure_leaves_what_was_there(
    where: str, error: BaseException, force: bool, plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever an installation ends early, the plugin that was there is there, and nothing else is."""
    install_file(str(plugin_file(tmp_path)))
    before = state_of(plugins)

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(archives if where == "unpack" else installer, where, fail)
    with pytest.raises(StorageError if isinstance(error, OSError) else type(error)) as caught:
        install_file(str(plugin_file(tmp_path, "2.0.0")), force=force)
    if isinstance(error, OSError):
        assert str(caught.value) == f"plugins cannot be changed in {plugins}: No space left on device"
    assert state_of(plugins) == before
    assert no_remains(plugins)


def test_remains_are_removed(plugins: Path, tmp_path: Path) -> None:
    """What an installation left that was killed goes with the next; other files of the user's stay."""
    remains = plugins.parent / f"{TEMPORARY}plugin-abc"
    add_executable(remains / "new", "acme", "")
    plugins.mkdir()
    mine = [plugins.parent / f"{TEMPORARY}other", plugins.parent / "plugin-abc"]
    for each in mine:
        each.mkdir()
    (plugins.parent / f"{TEMPORARY}plugin-link").symlink_to(tmp_path)
    install_file(str(plugin_file(tmp_path)))
    assert not remains.exists()
    assert all(each.exists() for each in mine)
    assert tmp_path.exists()


def test_a_folder_that_cannot_be_made(plugins: Path, tmp_path: Path) -> None:
    """Where the folder of plugins cannot be, nothing is installed."""
    write_program(plugins.parent, "")
    with pytest.raises(StorageError):
        install_file(str(plugin_file(tmp_path)))
