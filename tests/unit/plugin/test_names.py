"""What a plugin may be called."""

import pytest

from notarykit.errors import PluginNotFoundError
from notarykit.plugin.discovery.directory import executable_path
from notarykit.plugin.discovery.locate import choose, load_plugin
from notarykit.plugin.install.installer import install_package, uninstall
from notarykit.plugin.names import check_name

_BAD = [
    "", ".", "..", "a/b", "../a", "/a", "a\\b", "a b", "a\n", "\na", "a\0b", "\x1b[31m", "é", "a:b", "*",
    "a\u202eb", "\uff11",
]  # fmt: skip


@pytest.mark.parametrize("name", _BAD)
def test_names_that_no_plugin_has(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with other signs is refused, escaped, before anything is looked up by it."""
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: pytest.fail("looked up"))
    for use in (check_name, load_plugin, executable_path, install_package, uninstall, lambda name: choose(name, "x")):
        with pytest.raises(PluginNotFoundError) as caught:
            use(name)
        message = f"{name!r} is no plugin name: it must be of letters, digits, '_', '.' and '-'"
        assert caught.value.message == message


@pytest.mark.parametrize("name", ["a", "com.example.nv2plugin", "A_b-9", "...", "-"])
def test_names_that_a_plugin_may_have(name: str) -> None:
    """Letters, digits and three signs make a plugin's name."""
    assert check_name(name) == name
