"""Installation of plugins: the forms that they come in, and what is in place afterwards."""

import os
import stat
from pathlib import Path

import pytest

from notarykit.errors import PluginError, PluginNotFoundError, StorageError
from notarykit.plugin.install.installer import Installed, install_file
from tests.support.archives import write_tar, write_zip
from tests.support.executables import add_executable, answering, metadata, shell_plugin, write_program
from tests.unit.plugin.install.installations import FILE, installed_version, no_remains, plugin_file, state_of


@pytest.mark.requirement("plugin:executable-name")
def test_a_single_executable(plugins: Path, tmp_path: Path) -> None:
    """An executable is installed under the name that is in its own, and can be used; its source stays."""
    source = plugin_file(tmp_path)
    assert install_file(str(source)) == Installed("acme", "1.0.0", "")
    assert installed_version() == "1.0.0"
    assert set(state_of(plugins)) == {"plugins/acme/notation-acme"}
    assert source.exists()
    assert no_remains(plugins)


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_an_archive(form: str, plugins: Path, tmp_path: Path) -> None:
    """An archive is installed with the files beside the executable."""
    entries = [("LICENSE", "free", 0o644), ("notation-acme", shell_plugin("acme"), 0o755)]
    if form == "zip":
        path = write_zip(tmp_path / "a.zip", [(name, content, FILE | mode) for name, content, mode in entries])
    else:
        path = write_tar(tmp_path / "a.tar.gz", [(f"acme/{name}", content, mode) for name, content, mode in entries])
    assert install_file(str(path)) == Installed("acme", "1.0.0", "")
    assert {each.name for each in (plugins / "acme").iterdir()} == {"LICENSE", "notation-acme"}
    assert installed_version() == "1.0.0"


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_permissions(umask: int, plugins: Path, tmp_path: Path) -> None:
    """Nobody but the owner may write to what is installed, whatever the archive says."""
    entries = [("data", "x", 0o666), ("notation-acme", shell_plugin("acme"), 0o6777)]
    path = write_tar(tmp_path / "a", entries)
    before = os.umask(umask)
    try:
        install_file(str(path))
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (plugins / "acme").iterdir()}
    assert modes == {"data": 0o644, "notation-acme": 0o755}
    assert stat.S_IMODE((plugins / "acme").stat().st_mode) & 0o022 == 0


def test_a_candidate_that_may_not_be_run(plugins: Path, tmp_path: Path) -> None:
    """The only file that could be the executable is made one; where another is one already, it is the one."""
    source = plugin_file(tmp_path)
    source.chmod(0o644)
    install_file(str(source))
    assert stat.S_IMODE((plugins / "acme" / "notation-acme").stat().st_mode) == 0o744
    entries = [("notation-notes.txt", "x", 0o644), ("notation-b", shell_plugin("b"), 0o755)]
    assert install_file(str(write_tar(tmp_path / "a", entries))).name == "b"
    assert stat.S_IMODE((plugins / "b" / "notation-notes.txt").stat().st_mode) == 0o644


@pytest.mark.requirement("plugin:one-executable")
@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([], "nothing"),
        ([("README", 0o755), ("anotation-x", 0o755), ("notation-", 0o755)], "README, anotation-x, notation-"),
        ([("notation-a", 0o755), ("notation-b", 0o755)], "notation-a, notation-b"),
        ([("notation-a", 0o644), ("notation-b", 0o644)], "notation-a, notation-b"),
    ],
)
def test_one_executable(entries: list[tuple[str, int]], found: str, plugins: Path, tmp_path: Path) -> None:
    """An archive without the executable, or with more than one, is refused."""
    path = write_tar(tmp_path / "a", [(name, shell_plugin("a"), mode) for name, mode in entries])
    with pytest.raises(StorageError) as caught:
        install_file(str(path))
    assert caught.value.message == (
        f"{path} must be a zip or tar.gz with one executable notation-NAME, or be that executable; it holds {found}"
    )
    assert state_of(plugins) == {}
    assert no_remains(plugins)


@pytest.mark.requirement("plugin:executable-name")
@pytest.mark.parametrize("name", ["notation-a b", "notation-..x", "notation-é"])
@pytest.mark.usefixtures("plugins")
def test_names_that_no_plugin_has(name: str, tmp_path: Path) -> None:
    """A file whose name makes no plugin's name is refused before it is run."""
    path = write_program(tmp_path / name, f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    if ".." in name:
        path = write_tar(tmp_path / "a", [("notation-ü", "x", 0o755)])
    with pytest.raises(PluginNotFoundError, match="is no plugin name"):
        install_file(str(path))
    assert not (tmp_path / "ran").exists()


@pytest.mark.requirement("plugin:answers-metadata")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#!/bin/sh\nexit 1\n", "it ended with exit code 1 and without output"),
        ("no program", "cannot be run: Exec format error"),
        (shell_plugin("other"), "its metadata name it 'other'"),
        (
            shell_plugin("acme", get_plugin_metadata=answering(metadata("acme", version=""))),
            "'version' must not be empty",
        ),
        (
            shell_plugin("acme", get_plugin_metadata=answering(metadata("acme", supportedContractVersions=["2.0"]))),
            "supports contract versions 2.0",
        ),
    ],
    ids=["fails", "no program", "other name", "malformed", "other contract"],
)
@pytest.mark.parametrize("force", [True, False])
def test_a_plugin_that_does_not_work(text: str, message: str, force: bool, plugins: Path, tmp_path: Path) -> None:
    """A plugin that does not answer is not installed, whatever is there, even with force."""
    add_executable(plugins, "acme", shell_plugin("acme"))
    before = state_of(plugins)
    with pytest.raises(PluginError) as caught:
        install_file(str(write_program(tmp_path / "notation-acme", text)), force=force)
    assert message in caught.value.message
    assert state_of(plugins) == before
    assert no_remains(plugins)
