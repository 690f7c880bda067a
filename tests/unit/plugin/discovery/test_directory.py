"""Executables in notation's folder: which are found, and which are refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notarykit.errors import ConfigurationError, PluginNotFoundError
from notarykit.plugin.discovery.directory import check_executable, executable_names, executable_path, find_executable
from tests.support.executables import add_executable, write_program

_LINKS = "links are not followed: install the plugin"


def _refused(name: str = "acme") -> PluginNotFoundError:
    with pytest.raises(PluginNotFoundError) as caught:
        find_executable(name)
    return caught.value


@pytest.mark.requirement("plugin:executable-name", "plugin:executable-place")
def test_finds_an_executable(plugins: Path) -> None:
    """The executable of a plugin has the plugin's name in its own and in its folder's."""
    path = add_executable(plugins, "com.example.acme_1", "")
    assert find_executable("com.example.acme_1") == str(path) == executable_path("com.example.acme_1")


@pytest.mark.requirement("plugin:platforms", "plugin:windows-suffix")
@pytest.mark.parametrize(("platform", "name"), [("win32", "notation-acme.exe"), ("darwin", "notation-acme")])
def test_the_suffix_on_windows(platform: str, name: str) -> None:
    """On Windows an executable ends in `.exe`, and elsewhere in nothing."""
    program = f"import sys; sys.platform = {platform!r}; from notarykit.plugin.discovery import directory as found; "
    command = [sys.executable, "-I", "-c", f"{program}print(found.file_name('acme'))"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{name}\n"


def test_none(plugins: Path) -> None:
    """Without a folder of that name, or of plugins at all, there is no executable."""
    assert find_executable("acme") is None
    assert executable_names() == []
    add_executable(plugins, "other", "")
    assert find_executable("acme") is None


def test_a_folder_that_is_a_file(plugins: Path) -> None:
    """What is no folder holds no plugins, and a plugin's own place that is no folder is refused."""
    write_program(plugins, "")
    assert find_executable("acme") is None
    assert executable_names() == []
    plugins.unlink()
    write_program(plugins / "acme", "")
    assert _refused().message == f"{plugins / 'acme'} is not a folder"
    assert executable_names() == []


@pytest.mark.requirement("plugin:executable-place")
def test_a_folder_without_the_executable(plugins: Path) -> None:
    """A plugin's folder without its executable is an error and not no plugin."""
    write_program(plugins / "acme" / "acme", "")
    error = _refused()
    assert error.message == f"{plugins / 'acme' / 'notation-acme'}: No such file or directory"
    assert error.advice == "install the plugin again"


@pytest.mark.requirement("plugin:regular-file")
@pytest.mark.parametrize("kind", ["link", "broken link", "folder", "pipe"])
def test_what_is_no_regular_file(kind: str, plugins: Path, tmp_path: Path) -> None:
    """A link, whatever it leads to, and anything else that is no regular file is refused."""
    path = plugins / "acme" / "notation-acme"
    path.parent.mkdir(parents=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path, 0o700)
    else:
        path.symlink_to(tmp_path / "none" if kind == "broken link" else add_executable(tmp_path, "acme", ""))
    error = _refused()
    assert (error.message, error.advice) == (f"{path} is not a regular file", _LINKS)


def test_a_link_as_the_plugins_folder(plugins: Path, tmp_path: Path) -> None:
    """A plugin's folder that is a link is refused, and not listed; a link that leads to all of them is not."""
    elsewhere = add_executable(tmp_path / "elsewhere", "acme", "").parent
    plugins.mkdir(parents=True)
    (plugins / "acme").symlink_to(elsewhere)
    error = _refused()
    assert (error.message, error.advice) == (f"{plugins / 'acme'} is not a folder", _LINKS)
    assert executable_names() == []
    (plugins / "acme").unlink()
    plugins.rmdir()
    plugins.symlink_to(elsewhere.parent)
    assert find_executable("acme") == str(plugins / "acme" / "notation-acme")
    assert executable_names() == ["acme"]


@pytest.mark.requirement("plugin:execute-permission")
@pytest.mark.parametrize("mode", [0o644, 0o600, 0o000])
def test_what_may_not_be_run(mode: int, plugins: Path) -> None:
    """A file without the permission to run it is refused with what to do."""
    path = add_executable(plugins, "acme", "", mode)
    error = _refused()
    assert (error.message, error.advice) == (f"{path} may not be run", "make it executable (chmod u+x)")


def test_checks_a_path(tmp_path: Path) -> None:
    """A path is checked the same way wherever it is."""
    check_executable(str(write_program(tmp_path / "a", "")))
    with pytest.raises(PluginNotFoundError):
        check_executable(str(tmp_path / "b"))


@pytest.mark.requirement("plugin:candidates")
def test_lists_by_name(plugins: Path) -> None:
    """Each folder is a candidate, in the order of names, but for those that could never be asked for."""
    for name in ("zeta", "alpha", "a b", "é", "x\x1b[31m", ".notarykit-tmp-plugin-1", ".hidden", "empty"):
        (plugins / name).mkdir(parents=True)
    write_program(plugins / "file", "")
    assert executable_names() == [".hidden", ".notarykit-tmp-plugin-1", "alpha", "empty", "zeta"]


def test_a_name_that_is_too_long(plugins: Path) -> None:
    """A name that no file system has is refused as a plugin that is not there."""
    plugins.mkdir(parents=True)
    assert "File name too long" in _refused("a" * 300).message


def test_libexec_comes_first(plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where $NOTATION_LIBEXEC is set, the plugins are there and nowhere else."""
    add_executable(plugins, "acme", "")
    libexec = tmp_path / "libexec"
    monkeypatch.setenv("NOTATION_LIBEXEC", str(libexec))
    assert find_executable("acme") is None
    path = add_executable(libexec / "plugins", "acme", "")
    assert find_executable("acme") == str(path)
    monkeypatch.setenv("NOTATION_LIBEXEC", "")
    assert find_executable("acme") == str(plugins / "acme" / "notation-acme")


@pytest.mark.parametrize("variable", ["NOTATION_LIBEXEC", "NOTATION_CONFIG"])
@pytest.mark.parametrize("folder", ["settings", "./settings", "../x", "~x"])
@pytest.mark.usefixtures("plugins")
def test_relative_folders(variable: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run out of the folder that somebody happens to be in, even if there is a plugin."""
    add_executable(tmp_path / "settings" / "plugins", "acme", "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, folder)
    for use in (lambda: find_executable("acme"), executable_names, lambda: executable_path("acme")):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert caught.value.message == f"plugins would be run from the relative path {folder!r}"
        assert caught.value.exit_code == 2


def test_a_folder_that_leads_to_itself(plugins: Path) -> None:
    """A folder of plugins that cannot be read is an error that names it."""
    plugins.parent.mkdir(parents=True, exist_ok=True)
    plugins.symlink_to(plugins)
    with pytest.raises(PluginNotFoundError, match="cannot be read"):
        executable_names()
