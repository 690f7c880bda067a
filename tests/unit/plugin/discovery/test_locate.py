"""A plugin by its name, among packages and executables, and what the user chose where there is one of each."""

import json
import stat
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import ConfigurationError, PluginNotFoundError
from notarykit.plugin import hookimpl
from notarykit.plugin.discovery import locate as locating
from notarykit.plugin.discovery.entry_points import PLUGINS, PUBLISHED, STAND_INS
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.discovery.locate import choose, load_plugin, locate, plugin_choices
from notarykit.plugin.hooks.hooked_plugin import HookedPlugin
from notarykit.plugin.launcher import launcher
from tests.support.executables import add_executable, shell_plugin
from tests.unit.plugin.conftest import Install

IN_A_CLONE = "in a clone of notarykit, 'pip install ./core ./plugins/"


def _kind(name: str = "com.acme") -> str:
    plugin = load_plugin(name)
    assert plugin.get_metadata().name == name
    return "executable" if isinstance(plugin, ExecutablePlugin) else "package"


def _refused(name: str = "com.acme") -> PluginNotFoundError:
    with pytest.raises(PluginNotFoundError) as caught:
        load_plugin(name)
    assert caught.value.exit_code == 4
    return caught.value


@pytest.mark.usefixtures("plugins")
def test_a_package(install: Install) -> None:
    """A package is loaded into this process."""
    install()
    assert isinstance(load_plugin("com.acme"), HookedPlugin)


def test_an_executable(plugins: Path) -> None:
    """An executable is run."""
    path = add_executable(plugins, "com.acme", shell_plugin("com.acme"))
    plugin = load_plugin("com.acme")
    assert isinstance(plugin, ExecutablePlugin)
    assert (plugin.name, plugin.path) == ("com.acme", str(path))
    assert _kind() == "executable"


class _Noting:
    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl(wrapper=True)
    def get_metadata(self, plugin: str) -> Generator[None, Any, Any]:
        self.seen.append(plugin)
        return (yield)


def test_observers_of_a_program(install: Install, plugins: Path) -> None:
    """A program's own observers are put around a package and an executable alike."""
    install()
    add_executable(plugins, "com.far", shell_plugin("com.far"))
    first, second = _Noting(), _Noting()
    for name in ("com.acme", "com.far"):
        assert load_plugin(name, observers=[first, second]).get_metadata().name == name
    assert first.seen == second.seen == ["com.acme", "com.far"]


@pytest.mark.usefixtures("plugins")
def test_none() -> None:
    """A name that nobody has is refused with what to do."""
    error = _refused("com.nobody")
    assert error.message == "plugin 'com.nobody' is not installed"
    assert error.advice == (
        "see 'notarykit plugin list'; install a package with pip, an executable with 'notarykit plugin install'"
    )


def test_our_launcher_means_the_package(install: Install, plugins: Path) -> None:
    """A package and its own launcher are one plugin, which is loaded into this process."""
    install()
    add_executable(plugins, "com.acme", launcher("com.acme", "acme_plugin:Found", "/usr/bin/python3").decode())
    assert _kind() == "package"


def test_a_foreign_executable_beside_a_package(install: Install, plugins: Path) -> None:
    """A package and somebody else's executable of one name are an error until the user chooses, either way."""
    install()
    path = add_executable(plugins, "com.acme", shell_plugin("com.acme"))
    error = _refused()
    assert error.message == (f"plugin 'com.acme' is installed twice: in the package acme-plugin 1.0, and as {path}")
    assert "notarykit plugin use com.acme package" in error.advice
    for choice in ("package", "executable", "package"):
        choose("com.acme", choice)
        assert _kind() == choice


def test_a_choice_that_is_void(install: Install, plugins: Path) -> None:
    """A choice counts only where both are there."""
    install()
    choose("com.acme", "executable")
    assert _kind() == "package"
    choose("com.other", "package")
    add_executable(plugins, "com.other", shell_plugin("com.other"))
    assert _kind("com.other") == "executable"


def test_a_folder_without_an_executable_beside_a_package(install: Install, plugins: Path) -> None:
    """A plugin's folder in which there is none is not passed over."""
    install()
    (plugins / "com.acme").mkdir(parents=True)
    assert "notation-com.acme: No such file" in _refused().message


def test_choices_are_kept(plugins: Path) -> None:
    """Each choice is kept beside the others, in a file of the user's own."""
    assert plugin_choices() == {}
    choose("a", "package")
    choose("b", "executable")
    choose("a", "executable")
    file = plugins.parent / "pluginchoices.json"
    assert json.loads(file.read_bytes()) == plugin_choices() == {"a": "executable", "b": "executable"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"com.acme": "both"}',
        '{"com.acme": 1}',
        '{"com.acme": null}',
        '{"com.acme": "package", "com.acme": "package"}',
    ],
)
def test_choices_that_are_malformed(content: str, install: Install, plugins: Path) -> None:
    """A file of choices that cannot be understood is refused by its path where it counts, and not written over."""
    install()
    plugins.mkdir(parents=True)
    file = plugins.parent / "pluginchoices.json"
    file.write_text(content)
    assert _kind() == "package"
    add_executable(plugins, "com.acme", shell_plugin("com.acme"))
    for use in (plugin_choices, lambda: load_plugin("com.acme"), lambda: choose("x", "package")):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert caught.value.message.startswith(f"{file}: ")
        assert caught.value.advice == "correct it, or move it away"
    assert file.read_text() == content


def test_choices_that_cannot_be_read(plugins: Path) -> None:
    """A folder in the place of the file is an error too."""
    (plugins.parent / "pluginchoices.json").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"pluginchoices.json is not a regular file"):
        plugin_choices()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("local-file", f"it comes with the package notarykit-local-file: {IN_A_CLONE}local-file'"),
        ("hc-vault", f"it comes with the package notarykit-hashicorp-vault: {IN_A_CLONE}hashicorp-vault'"),
        ("notarykit-pkcs11", "did you mean 'pkcs11'?"),
        ("awskms", "did you mean 'aws-kms'?"),
    ],
)
def test_a_plugin_of_this_project(name: str, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that a package of this project would bring is named with that package."""
    monkeypatch.setattr(locating, "packaged_plugin", lambda *_: None)
    monkeypatch.setattr(locating, "packaged_plugins", list)
    with pytest.raises(PluginNotFoundError) as caught:
        locate(name)
    assert caught.value.one_line() == f"plugin {name!r} is not installed: {advice}"


def test_all_plugins_of_this_project() -> None:
    """Every plugin of this project is known by its package, and nothing else is."""
    announced: dict[str, str] = {}
    for path in Path(__file__).parents[4].glob("plugins/*/pyproject.toml"):
        project = tomllib.loads(path.read_text())["project"]
        for group in (PLUGINS, STAND_INS):
            announced |= dict.fromkeys(project["entry-points"].get(group, {}), project["name"])
    assert announced == PUBLISHED
