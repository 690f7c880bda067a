"""Installing and removing executable plugins: which may come, what it may replace, and what a failure leaves."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notarykit._internal.files import TEMPORARY
from notarykit.errors import ContentError, NotarykitError, PluginError, PluginNotFoundError, StorageError
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.discovery.locate import load_plugin
from notarykit.plugin.install import archives, installer
from notarykit.plugin.install.installer import Installed, install_file, install_package, uninstall
from notarykit.plugin.launcher import is_launcher
from tests.support.archives import write_tar, write_zip
from tests.support.executables import add_executable, answering, metadata, shell_plugin, write_program

_FILE = 0o100000


def _source(folder: Path, version: str = "1.0.0", name: str = "acme", **commands: str) -> Path:
    """A single executable to be installed."""
    return write_program(folder / "download" / f"notation-{name}", shell_plugin(name, version=version, **commands))


def _state(plugins: Path) -> dict[str, tuple[int, bytes]]:
    """All files among the settings, with their permissions."""
    settings = plugins.parent
    files = [each for each in settings.rglob("*") if each.is_file()]
    return {str(each.relative_to(settings)): (each.stat().st_mode, each.read_bytes()) for each in files}


def _no_remains(plugins: Path) -> bool:
    return not [each for each in plugins.parent.rglob("*") if each.name.startswith(TEMPORARY)]


def _version(name: str = "acme") -> str:
    plugin = load_plugin(name)
    assert isinstance(plugin, ExecutablePlugin)
    return plugin.get_metadata().version


# What is installed


def test_a_single_executable(plugins: Path, tmp_path: Path) -> None:
    """An executable is installed under the name that is in its own, and can be used; its source stays."""
    source = _source(tmp_path)
    assert install_file(str(source)) == Installed("acme", "1.0.0", "")
    assert _version() == "1.0.0"
    assert set(_state(plugins)) == {"plugins/acme/notation-acme"}
    assert source.exists()
    assert _no_remains(plugins)


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_an_archive(form: str, plugins: Path, tmp_path: Path) -> None:
    """An archive is installed with the files beside the executable."""
    entries = [("LICENSE", "free", 0o644), ("notation-acme", shell_plugin("acme"), 0o755)]
    if form == "zip":
        path = write_zip(tmp_path / "a.zip", [(name, content, _FILE | mode) for name, content, mode in entries])
    else:
        path = write_tar(tmp_path / "a.tar.gz", [(f"acme/{name}", content, mode) for name, content, mode in entries])
    assert install_file(str(path)) == Installed("acme", "1.0.0", "")
    assert {each.name for each in (plugins / "acme").iterdir()} == {"LICENSE", "notation-acme"}
    assert _version() == "1.0.0"


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
    source = _source(tmp_path)
    source.chmod(0o644)
    install_file(str(source))
    assert stat.S_IMODE((plugins / "acme" / "notation-acme").stat().st_mode) == 0o744
    entries = [("notation-notes.txt", "x", 0o644), ("notation-b", shell_plugin("b"), 0o755)]
    assert install_file(str(write_tar(tmp_path / "a", entries))).name == "b"
    assert stat.S_IMODE((plugins / "b" / "notation-notes.txt").stat().st_mode) == 0o644


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
    assert _state(plugins) == {}
    assert _no_remains(plugins)


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
    before = _state(plugins)
    with pytest.raises(PluginError) as caught:
        install_file(str(write_program(tmp_path / "notation-acme", text)), force=force)
    assert message in caught.value.message
    assert _state(plugins) == before
    assert _no_remains(plugins)


# What it may replace


@pytest.mark.parametrize(
    ("earlier", "version"), [("1.0.0", "1.0.1"), ("1.0.0-rc.1", "1.0.0"), ("1.9.0", "1.10.0"), ("0.9.0", "1.0.0-alpha")]
)  # fmt: skip
def test_a_newer_version(earlier: str, version: str, plugins: Path, tmp_path: Path) -> None:
    """A newer version replaces the one that is there, and all of its files."""
    entries = [("notation-acme", shell_plugin("acme", version=earlier), 0o755), ("old", "", 0o644)]
    install_file(str(write_tar(tmp_path / "a", entries)))
    assert install_file(str(_source(tmp_path, version))) == Installed("acme", version, earlier)
    assert _version() == version
    assert set(_state(plugins)) == {"plugins/acme/notation-acme"}
    assert _no_remains(plugins)


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
    install_file(str(_source(tmp_path)))
    before = _state(plugins)
    source = str(_source(tmp_path, version))
    with pytest.raises(PluginError) as caught:
        install_file(source)
    assert caught.value.message.startswith(message)
    assert caught.value.advice == "replace the plugin that is there with --force"
    assert _state(plugins) == before
    assert install_file(source, force=True) == Installed("acme", version, "1.0.0")
    assert _version() == version


def _broken(kind: str, plugins: Path) -> None:
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
    _broken(kind, plugins)
    before = _state(plugins)
    with pytest.raises(PluginError) as caught:
        install_file(str(_source(tmp_path)))
    assert caught.value.advice == "replace the plugin that is there with --force"
    assert _state(plugins) == before
    assert install_file(str(_source(tmp_path)), force=True) == Installed("acme", "1.0.0", "")
    assert _version() == "1.0.0"
    assert _no_remains(plugins)
    if kind == "link":
        assert (plugins.parent / "real" / "acme" / "notation-acme").exists()


# Failures


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ContentError("x")])
@pytest.mark.parametrize("where", ["unpack", "_version", "replace_folder"])
@pytest.mark.parametrize("force", [True, False])
def test_a_failure_leaves_what_was_there(
    where: str, error: BaseException, force: bool, plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever an installation ends early, the plugin that was there is there, and nothing else is."""
    install_file(str(_source(tmp_path)))
    before = _state(plugins)

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(archives if where == "unpack" else installer, where, fail)
    with pytest.raises(StorageError if isinstance(error, OSError) else type(error)) as caught:
        install_file(str(_source(tmp_path, "2.0.0")), force=force)
    if isinstance(error, OSError):
        assert str(caught.value) == f"plugins cannot be changed in {plugins}: No space left on device"
    assert _state(plugins) == before
    assert _no_remains(plugins)


def test_remains_are_removed(plugins: Path, tmp_path: Path) -> None:
    """What an installation left that was killed goes with the next; other files of the user's stay."""
    remains = plugins.parent / f"{TEMPORARY}plugin-abc"
    add_executable(remains / "new", "acme", "")
    plugins.mkdir()
    mine = [plugins.parent / f"{TEMPORARY}other", plugins.parent / "plugin-abc"]
    for each in mine:
        each.mkdir()
    (plugins.parent / f"{TEMPORARY}plugin-link").symlink_to(tmp_path)
    install_file(str(_source(tmp_path)))
    assert not remains.exists()
    assert all(each.exists() for each in mine)
    assert tmp_path.exists()


def test_a_folder_that_cannot_be_made(plugins: Path, tmp_path: Path) -> None:
    """Where the folder of plugins cannot be, nothing is installed."""
    write_program(plugins.parent, "")
    with pytest.raises(StorageError):
        install_file(str(_source(tmp_path)))


# Launchers


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
    assert _no_remains(plugins)


def test_a_launcher_is_refreshed(plugins: Path) -> None:
    """A launcher replaces a launcher, and no executable of somebody else's until the user insists."""
    install_package("local-file")
    path = plugins / "local-file" / "notation-local-file"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"import sys", b"import broken", 1))
    install_package("local-file")
    assert path.read_bytes() == good
    add_executable(plugins, "local-file", shell_plugin("local-file"))
    before = _state(plugins)
    with pytest.raises(PluginError) as caught:
        install_package("local-file")
    assert caught.value.message == f"{path} is not a launcher of notarykit"
    assert caught.value.advice == "replace the plugin that is there with --force"
    assert _state(plugins) == before
    assert install_package("local-file", force=True).earlier == "1.0.0"
    assert path.read_bytes() == good


def test_a_package_that_is_not_there(plugins: Path) -> None:
    """A package that nobody installed has no launcher."""
    with pytest.raises(PluginNotFoundError, match=r"^no installed package announces the plugin 'com.nobody'$"):
        install_package("com.nobody")
    assert not plugins.exists()


# Removing


@pytest.mark.parametrize("kind", ["works", "fails", "no executable", "file", "link"])
def test_uninstall(kind: str, plugins: Path, tmp_path: Path) -> None:
    """A plugin is removed with its whole folder, works it or not; a link goes, and not what it leads to."""
    add_executable(plugins, "other", shell_plugin("other"))
    if kind == "works":
        install_file(str(_source(tmp_path)))
    elif kind == "link":
        (plugins / "acme").symlink_to(add_executable(tmp_path / "real", "acme", "").parent)
    else:
        _broken(kind, plugins)
    uninstall("acme")
    assert set(_state(plugins)) == {"plugins/other/notation-other"}
    assert not os.path.lexists(plugins / "acme")
    assert _no_remains(plugins)
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
    install_file(str(_source(tmp_path)))
    before = _state(plugins)

    def rename(*_: str) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(StorageError, match="Read-only file system"):
        uninstall("acme")
    assert _state(plugins) == before


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
        use(_source(tmp_path))
    assert (tmp_path / "here" / "plugins" / "acme" / "notation-acme").exists()
    shutil.rmtree(tmp_path / "here")
