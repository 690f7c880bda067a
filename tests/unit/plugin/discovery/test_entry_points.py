"""Plugins in packages: real distributions on the path, of which the named one alone is loaded."""

import sys

import pytest

from notarykit.errors import PluginNotFoundError
from notarykit.plugin import Plugin
from notarykit.plugin.discovery.entry_points import PackagedPlugin, packaged_plugin, packaged_plugins
from notarykit.plugin.hooks.hooked_plugin import HookedPlugin
from tests.support.distributions import signing_plugin
from tests.unit.plugin.conftest import Install


def _load(name: str = "com.acme") -> HookedPlugin:
    found = packaged_plugin(name)
    assert found is not None
    return found.load()


def _refused(name: str = "com.acme") -> PluginNotFoundError:
    with pytest.raises(PluginNotFoundError) as caught:
        _load(name)
    assert caught.value.exit_code == 4
    return caught.value


def test_finds_and_lists_a_plugin(install: Install) -> None:
    """A plugin is found by its name, and listed with its distribution and its class."""
    install()
    assert packaged_plugin("com.acme") == PackagedPlugin("com.acme", "acme-plugin 1.0", "acme_plugin:Found")
    plugin = _load()
    assert isinstance(plugin.plugin, Plugin)
    assert plugin.get_metadata().name == "com.acme"


def test_lists_by_name_without_loading(install: Install) -> None:
    """The list is in the order of names, and nothing is imported for it."""
    install("b-dist", "zeta", "raise SystemExit")
    install("a-dist", "alpha", "raise SystemExit")
    found = packaged_plugins()
    assert found == sorted(found)
    assert {(each.name, each.distribution) for each in found} >= {("alpha", "a-dist 1.0"), ("zeta", "b-dist 1.0")}
    assert not {"a_dist", "b_dist"} & set(sys.modules)


def test_a_broken_sibling_does_not_matter(install: Install) -> None:
    """A plugin that cannot be imported stands in nobody's way but its own."""
    install("broken", "com.broken", "import no_such_module_anywhere")
    install()
    assert _load()
    assert "broken" not in sys.modules
    message = "plugin 'com.broken' of broken 1.0 cannot be loaded: ModuleNotFoundError: No module named 'no_such_module"
    assert _refused("com.broken").message.startswith(message)


@pytest.mark.parametrize(
    ("source", "kind"),
    [("raise RuntimeError('swordfish')", "RuntimeError"), ("def (", "SyntaxError"), ("1 / 0", "ZeroDivisionError")],
)
def test_a_module_that_fails(source: str, kind: str, install: Install) -> None:
    """Whatever a module's import raises is the error of that plugin, without a text that may hold what it read."""
    install(source=source)
    message = _refused().message
    assert message.startswith(f"plugin 'com.acme' of acme-plugin 1.0 cannot be loaded: {kind}")
    assert "swordfish" not in message


def test_a_plugin_that_cannot_be_made(install: Install) -> None:
    """What the constructor raises is the error of that plugin, without its text."""
    source = signing_plugin("com.acme") + "    def __init__(self):\n        raise ValueError('swordfish')\n"
    install(source=source)
    assert _refused().message == "plugin 'com.acme' of acme-plugin 1.0 cannot be loaded: ValueError"


@pytest.mark.parametrize("name", ["com.acm", "COM.ACME", "com.acme.more"])
def test_a_plugin_that_is_not_there(name: str, install: Install) -> None:
    """Names are compared letter by letter."""
    install()
    assert packaged_plugin(name) is None


def test_entry_points_of_other_groups_are_none(install: Install) -> None:
    """An entry point of another group is no plugin."""
    install(group="notarykit.plugin")
    assert packaged_plugin("com.acme") is None


@pytest.mark.parametrize("versions", [("1.0", "1.0"), ("1.0", "2.0")])
def test_two_distributions_with_one_name(versions: tuple[str, str], install: Install) -> None:
    """Two distributions that announce one name are an error that names both, not a race."""
    install("one-dist", version=versions[0])
    install("two-dist", version=versions[1])
    error = _refused()
    both = f"one-dist {versions[0]} and two-dist {versions[1]}"
    assert error.message == f"plugin 'com.acme' is announced twice, by {both}"
    assert error.advice == "uninstall one of them"


def test_one_distribution_at_two_places(install: Install) -> None:
    """A distribution that the path leads to twice is one."""
    install()
    install(site="again")
    assert _load()
    assert [each.name for each in packaged_plugins()].count("com.acme") == 1


def test_a_plugin_that_calls_itself_otherwise(install: Install) -> None:
    """The plugin's own name is that of its entry point."""
    install(source=signing_plugin("com.other"))
    assert _refused().message == "plugin 'com.acme' of acme-plugin 1.0 names itself 'com.other'"


def test_a_plugin_without_a_name(install: Install) -> None:
    """A class that has no name cannot be loaded."""
    install(source="from notarykit.plugin import Plugin\nclass Found(Plugin): pass")
    assert "cannot be loaded: AttributeError" in _refused().message


@pytest.mark.parametrize(
    "source",
    [
        "Found = None",
        "Found = 'text'",
        "class Found: name = 'com.acme'",
        "def Found(): pass",
        f"{signing_plugin('com.acme')}\nFound = Found()",
    ],
    ids=["none", "text", "another class", "a function", "an object"],
)
def test_what_is_no_plugin(source: str, install: Install) -> None:
    """An entry point that names anything but a subclass of the base is refused, and nothing is called."""
    install(source=source)
    error = _refused()
    assert error.message == "plugin 'com.acme' of acme-plugin 1.0 is no notarykit Plugin"
    assert error.advice == "its entry point is 'acme_plugin:Found' and must name a subclass"


def test_a_misspelt_argument(install: Install) -> None:
    """A method whose arguments are not the contract's is refused before it is called, for the plugin's author."""
    install(source=signing_plugin("com.acme").replace("describe_key(self, request)", "describe_key(self, req)"))
    error = _refused()
    assert error.message == (
        "plugin 'com.acme' of acme-plugin 1.0 has the method describe_key(req), "
        "where the contract has describe_key(request)"
    )
    assert error.advice == "give the method the arguments of notarykit.plugin.Plugin"


@pytest.mark.parametrize("target", ["Missing", "", "Found.name"])
def test_an_entry_point_that_leads_nowhere(target: str, install: Install) -> None:
    """A class that the module does not have cannot be loaded."""
    install(target=target)
    assert "cannot be loaded: AttributeError" in _refused().message


@pytest.mark.parametrize("source", ["raise SystemExit", "import sys; sys.exit(0)"])
def test_a_module_that_wants_to_end_everything(source: str, install: Install) -> None:
    """A module that ends the process when it is imported is a plugin that cannot be loaded."""
    install(source=source)
    assert "cannot be loaded: SystemExit" in _refused().message
