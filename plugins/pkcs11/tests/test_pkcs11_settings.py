"""Choice of the module to load."""

import os
import sys
from pathlib import Path

import pytest

from notarykit.errors import PluginValidationError
from notarykit_pkcs11 import settings
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.settings import P11_KIT, module_path
from tests.support.executables import write_program


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Modules `a.so` to `d.so`, and a machine of which p11-kit knows none."""
    monkeypatch.delenv("PKCS11_MODULE_PATH", raising=False)
    monkeypatch.setattr(settings, "_CONFIGURATION_FOLDERS", (str(tmp_path / "first"), str(tmp_path / "second")))
    for name in "abcd":
        (tmp_path / f"{name}.so").touch()
    return tmp_path


def _path(query: str = "", **config: str) -> str:
    return module_path(parse_uri(f"pkcs11:{query}"), config)


def _configured(folder: Path, name: str, line: str) -> None:
    write_program(folder / f"{name}.module", f"# a comment\ntrust-policy: yes\n{line}\nmodule-other: x\n")


# Where it is named


def test_sources_have_an_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URI comes first, then the configuration, the environment, and p11-kit's module."""
    a, b, c = (str(folder / f"{name}.so") for name in "abc")
    assert _path() == module_path(None, {}) == P11_KIT
    monkeypatch.setenv("PKCS11_MODULE_PATH", c)
    assert _path() == module_path(None, {}) == c
    assert _path(module_path=b) == module_path(None, {"module_path": b}) == b
    assert _path(f"?module-path={a}") == a
    assert _path(f"?module-path={a}", module_path=a) == a


def test_empty_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable names no module."""
    monkeypatch.setenv("PKCS11_MODULE_PATH", "")
    assert _path() == P11_KIT


def test_contradicting_paths_are_refused(folder: Path) -> None:
    """Different modules in URI and configuration are refused, and both are shown."""
    with pytest.raises(PluginValidationError) as caught:
        _path(f"?module-path={folder}/a.so", module_path=f"{folder}/b.so")
    why = caught.value.one_line()
    assert f"the URI names the module {folder}/a.so, but module_path names {folder}/b.so" in why


def test_links_are_resolved(folder: Path) -> None:
    """Links are resolved, so that no module is loaded twice."""
    (folder / "link.so").symlink_to(folder / "a.so")
    assert _path(f"?module-path={folder}/link.so") == str(folder / "a.so")
    assert _path(module_path=f"{folder}/./a.so") == str(folder / "a.so")


def test_bare_name_is_left_to_the_loader() -> None:
    """A name without a folder is left to the system's loader."""
    assert _path(module_path="opensc-pkcs11.so") == "opensc-pkcs11.so"


@pytest.mark.parametrize("path", ["./a.so", "lib/a.so", "../a.so"])
def test_relative_path_is_refused(folder: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is refused, wherever it is given."""
    monkeypatch.chdir(folder)
    with pytest.raises(PluginValidationError) as caught:
        _path(module_path=path)
    assert f"the module path {path} is relative" in caught.value.one_line()
    with pytest.raises(PluginValidationError) as caught:
        _path(f"?module-path={path}")
    assert f"the module path {path} is relative" in caught.value.one_line()
    monkeypatch.setenv("PKCS11_MODULE_PATH", path)
    with pytest.raises(PluginValidationError) as caught:
        _path()
    assert f"the module path {path} is relative" in caught.value.one_line()


def test_missing_module_is_refused_with_advice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is not a file is refused with the ways to name one."""
    (folder / "folder.so").mkdir()
    for path in (f"{folder}/none.so", f"{folder}/folder.so"):
        with pytest.raises(PluginValidationError) as caught:
            _path(module_path=path)
        why = caught.value.one_line()
        assert f"the module {path} does not exist" in why
        assert "module_path=FILE" in why
        assert "$PKCS11_MODULE_PATH" in why
    monkeypatch.setenv("PKCS11_MODULE_PATH", f"{folder}/none.so")
    with pytest.raises(PluginValidationError) as caught:
        _path()
    assert "does not exist" in caught.value.one_line()


# By p11-kit's name


def test_module_name_is_looked_up_in_p11_kit(folder: Path) -> None:
    """A module name is the name of a file in p11-kit's folders, whose line `module` has the path."""
    _configured(folder / "second", "mine", f"  module:   {folder}/a.so  ")
    assert _path("?module-name=mine") == str(folder / "a.so")
    _configured(folder / "first", "mine", f"module : {folder}/b.so")
    assert _path("?module-name=mine") == str(folder / "b.so")
    assert _path("?module-name=mine", module_path=f"{folder}/b.so") == str(folder / "b.so")


def test_path_precedes_name(folder: Path) -> None:
    """A path in a URI takes precedence over the name."""
    _configured(folder / "first", "mine", f"module: {folder}/b.so")
    assert _path(f"?module-name=mine&module-path={folder}/a.so") == str(folder / "a.so")


def test_name_contradicting_the_configuration_is_refused(folder: Path) -> None:
    """A module name that contradicts the configuration is refused."""
    _configured(folder / "first", "mine", f"module: {folder}/b.so")
    with pytest.raises(PluginValidationError) as caught:
        _path("?module-name=mine", module_path="/other.so")
    assert f"names the module {folder}/b.so, but module_path" in caught.value.one_line()


def test_configuration_file_without_a_module_is_ignored(folder: Path) -> None:
    """A configuration file without a line `module` is ignored."""
    _configured(folder / "first", "mine", "remote: |program")
    with pytest.raises(PluginValidationError) as caught:
        _path("?module-name=mine")
    assert "no module named 'mine' was found" in caught.value.one_line()
    _configured(folder / "second", "mine", f"module: {folder}/a.so")
    assert _path("?module-name=mine") == str(folder / "a.so")


def test_relative_path_of_p11_kit_is_completed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path in p11-kit's configuration is in the system's folders of modules, not in the current one."""
    monkeypatch.chdir(folder)
    _configured(folder / "first", "mine", "module: a.so")
    is_file = os.path.isfile
    place = f"/usr/lib/{getattr(sys.implementation, '_multiarch', '')}/pkcs11/a.so"
    assert _path("?module-name=mine") == "a.so"  # for the system's loader
    monkeypatch.setattr(os.path, "isfile", lambda path: path == place or is_file(path))
    assert _path("?module-name=mine") == place
    _configured(folder / "first", "mine", "module: ./a.so")
    monkeypatch.setattr(os.path, "isfile", is_file)
    with pytest.raises(PluginValidationError) as caught:
        _path("?module-name=mine")
    assert "is relative" in caught.value.one_line()


@pytest.mark.parametrize("file", ["mine.so", "libmine.so"])
def test_unknown_name_is_looked_up_as_a_file(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name unknown to p11-kit is looked up among the system's modules."""
    with pytest.raises(PluginValidationError) as caught:
        _path("?module-name=mine")
    assert "no module named 'mine' was found" in caught.value.one_line()
    monkeypatch.setattr(os.path, "isfile", lambda path: path == f"/usr/lib/pkcs11/{file}")
    assert _path("?module-name=mine") == f"/usr/lib/pkcs11/{file}"


@pytest.mark.parametrize(
    "name", ["..%2Fmine", "%2Fetc%2Fmine", "..", ".mine", "a%2F..%2Fmine", "", "mine%0A", "m%20n", "%C3%A9"]
)
def test_invalid_module_name_is_refused(folder: Path, name: str) -> None:
    """A name that would leave the folders is refused."""
    _configured(folder, "mine", f"module: {folder}/a.so")
    (folder / "first").mkdir()
    _configured(folder / "first", "", f"module: {folder}/a.so")
    with pytest.raises(PluginValidationError) as caught:
        _path(f"?module-name={name}")
    assert "invalid module name" in caught.value.one_line()
