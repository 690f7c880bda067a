"""Discovery: plugins of real distributions, found on the path by their names."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notarykit.errors import PluginNotFoundError
from notarykit.plugin import Plugin
from notarykit.plugin.discovery import Installed, check_name, installed_plugins, load_plugin

_MODULE = """
from notarykit.plugin import Plugin, hookimpl

class Found(Plugin):
    name, description, version, url = {name!r}, "d", "1.0.0", "u"

@hookimpl
def {hook}():
    return {result}
"""

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a throw-away distribution with one plugin on the path."""
    before = set(sys.modules)

    def installed(
        distribution: str = "acme-plugin", plugin: str = "com.acme", module: str = "", *, source: str = "",
        calls_itself: str = "", hook: str = "notarykit_plugin", result: str = "Found()",
        group: str = "notarykit.plugins", folder: Path = tmp_path / "site",
    ) -> Path:  # fmt: skip
        module = module or distribution.replace("-", "_")
        information = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[{group}]\n{plugin} = {module}\n")
        text = source or _MODULE.format(name=calls_itself or plugin, hook=hook, result=result)
        (folder / f"{module}.py").write_text(text)
        if str(folder) not in sys.path:
            monkeypatch.syspath_prepend(folder)
        importlib.invalidate_caches()
        return folder

    yield installed
    for name in set(sys.modules) - before:
        del sys.modules[name]


def _refused(name: str = "com.acme") -> PluginNotFoundError:
    with pytest.raises(PluginNotFoundError) as caught:
        load_plugin(name)
    assert caught.value.exit_code == 4
    return caught.value


def test_finds_and_lists_a_plugin(install: Install) -> None:
    """A plugin is found by its name, and listed with its distribution."""
    install()
    plugin = load_plugin("com.acme")
    assert isinstance(plugin, Plugin)
    assert plugin.get_metadata().name == "com.acme"
    assert Installed("com.acme", "acme-plugin 1.0") in installed_plugins()


def test_lists_by_name_without_loading(install: Install) -> None:
    """The list is in the order of names, and nothing is imported for it."""
    install("b-dist", "zeta", source="raise SystemExit")
    install("a-dist", "alpha", source="raise SystemExit")
    found = installed_plugins()
    assert found == sorted(found)
    assert {Installed("alpha", "a-dist 1.0"), Installed("zeta", "b-dist 1.0")} <= set(found)
    assert "a_dist" not in sys.modules


def test_a_broken_sibling_does_not_matter(install: Install) -> None:
    """A plugin that cannot be imported stands in nobody's way but its own."""
    install("broken", "com.broken", source="import no_such_module_anywhere")
    install()
    assert load_plugin("com.acme")
    assert "broken" not in sys.modules
    message = "plugin 'com.broken' of broken 1.0 cannot be loaded: ModuleNotFoundError: No module named 'no_such_module"
    assert _refused("com.broken").message.startswith(message)


@pytest.mark.parametrize(
    ("source", "kind"),
    [("raise RuntimeError('secret')", "RuntimeError"), ("def (", "SyntaxError"), ("raise SystemError", "SystemError")],
)
def test_a_module_that_fails(source: str, kind: str, install: Install) -> None:
    """Whatever a module's import raises is the error of that plugin, without a text that may hold what it read."""
    install(source=source)
    message = _refused().message
    assert f"plugin 'com.acme' of acme-plugin 1.0 cannot be loaded: {kind}" in message
    assert "secret" not in message


def test_a_missing_plugin(install: Install) -> None:
    """A name that nobody announces is refused with what to do; names are compared letter by letter."""
    install()
    for name in ("com.acm", "COM.ACME", "com.acme.more"):
        error = _refused(name)
        assert error.message == f"plugin {name!r} is not installed as a Python package"
        assert error.advice == (
            "see 'notarykit plugin list' and install it with pip; notation's executables are not supported yet"
        )


def test_entry_points_of_other_groups_are_none(install: Install) -> None:
    """An entry point of another group is no plugin."""
    install(group="notarykit.plugin")
    assert "is not installed" in _refused().message


def test_a_misspelt_hook_is_an_error(install: Install) -> None:
    """A module that marks a hook which does not exist is refused with the name of it."""
    install(hook="notarykit_plugins")
    assert "cannot be loaded: PluginValidationError" in _refused().message
    assert "notarykit_plugins" in _refused().message


def test_two_distributions_with_one_name(install: Install) -> None:
    """Two distributions that announce one name are an error that names both, not a race."""
    install("one-dist")
    install("two-dist")
    error = _refused()
    assert error.message == "plugin 'com.acme' is announced twice, by one-dist 1.0 and two-dist 1.0"
    assert error.advice == "uninstall one of them"


def test_one_distribution_at_two_places(install: Install, tmp_path: Path) -> None:
    """A distribution that the path leads to twice is one."""
    install()
    install(folder=tmp_path / "again")
    assert load_plugin("com.acme")
    assert [each.name for each in installed_plugins()].count("com.acme") == 1


def test_a_plugin_that_calls_itself_otherwise(install: Install) -> None:
    """The plugin's own name is that of its entry point."""
    install(calls_itself="com.other")
    assert _refused().message == "plugin 'com.acme' of acme-plugin 1.0 calls itself 'com.other'"


@pytest.mark.parametrize("result", ["None", "Found", "'text'", "[Found()]"])
def test_what_is_no_plugin(result: str, install: Install) -> None:
    """A hook that hands over anything but a plugin object is refused."""
    install(result=result)
    assert _refused().message == "plugin 'com.acme' of acme-plugin 1.0 hands over no notarykit Plugin"


def test_a_module_without_a_hook(install: Install) -> None:
    """A module that implements no hook hands over nothing."""
    install(source="x = 1")
    assert "hands over no notarykit Plugin" in _refused().message


def test_a_hook_that_fails(install: Install) -> None:
    """What the hook raises is the error of that plugin."""
    install(result="1 / 0")
    assert "cannot be loaded: ZeroDivisionError" in _refused().message


_BAD_NAMES = ["", ".", "..", "a/b", "../a", "a\\b", "a b", "a\n", "a\0b", "é", "a:b", "*"]


@pytest.mark.parametrize("name", _BAD_NAMES)
def test_names_that_no_plugin_has(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with other signs is refused before anything is looked up."""
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: pytest.fail("looked up"))
    message = f"{name!r} is no plugin name: it must be of letters, digits, '_', '.' and '-'"
    assert _refused(name).message == message
    with pytest.raises(PluginNotFoundError):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "com.example.nv2plugin", "A_b-9", "...", "-"])
def test_names_that_a_plugin_may_have(name: str) -> None:
    """Letters, digits and three signs make a plugin's name."""
    assert check_name(name) == name
