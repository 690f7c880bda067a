"""Which module is loaded, and which are not."""

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


def _found(query: str = "", **config: str) -> str:
    return module_path(parse_uri(f"pkcs11:{query}"), config)


def _refusal(query: str = "", **config: str) -> str:
    with pytest.raises(PluginValidationError) as caught:
        _found(query, **config)
    return caught.value.one_line()


def _configured(folder: Path, name: str, line: str) -> None:
    write_program(folder / f"{name}.module", f"# a comment\ntrust-policy: yes\n{line}\nmodule-other: x\n")


# Where it is named


def test_precedence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URI comes first, then the configuration, the environment, and p11-kit's module last."""
    a, b, c = (str(folder / f"{name}.so") for name in "abc")
    assert _found() == module_path(None, {}) == P11_KIT
    monkeypatch.setenv("PKCS11_MODULE_PATH", c)
    assert _found() == module_path(None, {}) == c
    assert _found(module_path=b) == module_path(None, {"module_path": b}) == b
    assert _found(f"?module-path={a}") == a
    assert _found(f"?module-path={a}", module_path=a) == a


def test_an_empty_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing names no module."""
    monkeypatch.setenv("PKCS11_MODULE_PATH", "")
    assert _found() == P11_KIT


def test_two_names(folder: Path) -> None:
    """A URI and a configuration that name different modules contradict each other, and both are shown."""
    why = _refusal(f"?module-path={folder}/a.so", module_path=f"{folder}/b.so")
    assert f"the URI names the module {folder}/a.so, but module_path names {folder}/b.so" in why


def test_a_link(folder: Path) -> None:
    """A module is known by the file itself, so that it is not loaded twice."""
    (folder / "link.so").symlink_to(folder / "a.so")
    assert _found(f"?module-path={folder}/link.so") == str(folder / "a.so")
    assert _found(module_path=f"{folder}/./a.so") == str(folder / "a.so")


def test_a_name_for_the_loader() -> None:
    """A name without a folder is left to the system's loader."""
    assert _found(module_path="opensc-pkcs11.so") == "opensc-pkcs11.so"


@pytest.mark.parametrize("path", ["./a.so", "lib/a.so", "../a.so"])
def test_relative_paths(folder: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in the folder that somebody happens to be in is not loaded, wherever it is named."""
    monkeypatch.chdir(folder)
    assert f"the module path {path} is relative" in _refusal(module_path=path)
    assert f"the module path {path} is relative" in _refusal(f"?module-path={path}")
    monkeypatch.setenv("PKCS11_MODULE_PATH", path)
    assert f"the module path {path} is relative" in _refusal()


def test_modules_that_are_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no file is refused with the ways to name one."""
    (folder / "folder.so").mkdir()
    for path in (f"{folder}/none.so", f"{folder}/folder.so"):
        why = _refusal(module_path=path)
        assert f"the module {path} does not exist" in why
        assert "module_path=FILE" in why
        assert "$PKCS11_MODULE_PATH" in why
    monkeypatch.setenv("PKCS11_MODULE_PATH", f"{folder}/none.so")
    assert "does not exist" in _refusal()


# By p11-kit's name


def test_a_name(folder: Path) -> None:
    """A name is the one of a file in p11-kit's folders, whose line `module` has the path."""
    _configured(folder / "second", "mine", f"  module:   {folder}/a.so  ")
    assert _found("?module-name=mine") == str(folder / "a.so")
    _configured(folder / "first", "mine", f"module : {folder}/b.so")
    assert _found("?module-name=mine") == str(folder / "b.so")
    assert _found("?module-name=mine", module_path=f"{folder}/b.so") == str(folder / "b.so")


def test_a_name_and_a_path(folder: Path) -> None:
    """The path in a URI says more than the name."""
    _configured(folder / "first", "mine", f"module: {folder}/b.so")
    assert _found(f"?module-name=mine&module-path={folder}/a.so") == str(folder / "a.so")


def test_a_name_against_the_configuration(folder: Path) -> None:
    """A module by its name contradicts another in the configuration."""
    _configured(folder / "first", "mine", f"module: {folder}/b.so")
    assert f"names the module {folder}/b.so, but module_path" in _refusal("?module-name=mine", module_path="/other.so")


def test_a_file_without_a_module(folder: Path) -> None:
    """A file that names no module is as if it were not there."""
    _configured(folder / "first", "mine", "remote: |program")
    assert "no module named 'mine' was found" in _refusal("?module-name=mine")
    _configured(folder / "second", "mine", f"module: {folder}/a.so")
    assert _found("?module-name=mine") == str(folder / "a.so")


def test_a_relative_module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path in p11-kit's configuration is relative to the system's folders of modules, not to the present one."""
    monkeypatch.chdir(folder)
    _configured(folder / "first", "mine", "module: a.so")
    is_file = os.path.isfile
    place = f"/usr/lib/{getattr(sys.implementation, '_multiarch', '')}/pkcs11/a.so"
    assert _found("?module-name=mine") == "a.so"  # for the system's loader
    monkeypatch.setattr(os.path, "isfile", lambda path: path == place or is_file(path))
    assert _found("?module-name=mine") == place
    _configured(folder / "first", "mine", "module: ./a.so")
    monkeypatch.setattr(os.path, "isfile", is_file)
    assert "is relative" in _refusal("?module-name=mine")


@pytest.mark.parametrize("file", ["mine.so", "libmine.so"])
def test_a_file_of_that_name(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where p11-kit does not know the name, a module of that name among the system's is meant."""
    assert "no module named 'mine' was found" in _refusal("?module-name=mine")
    monkeypatch.setattr(os.path, "isfile", lambda path: path == f"/usr/lib/pkcs11/{file}")
    assert _found("?module-name=mine") == f"/usr/lib/pkcs11/{file}"


@pytest.mark.parametrize(
    "name", ["..%2Fmine", "%2Fetc%2Fmine", "..", ".mine", "a%2F..%2Fmine", "", "mine%0A", "m%20n", "%C3%A9"]
)
def test_names_that_are_none(folder: Path, name: str) -> None:
    """A name that would lead out of the folders is refused, whatever is there."""
    _configured(folder, "mine", f"module: {folder}/a.so")
    (folder / "first").mkdir()
    _configured(folder / "first", "", f"module: {folder}/a.so")
    assert "invalid module name" in _refusal(f"?module-name={name}")
