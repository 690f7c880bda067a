"""The settings about plugins: observers and the block list, read strictly."""

import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import ConfigurationError, PluginNotFoundError
from notarykit.plugin.discovery.plugin_settings import PluginSettings, load_plugin_settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, which is not there yet."""
    monkeypatch.setenv("NOTATION_CONFIG", str(tmp_path))
    return tmp_path / "notarykit.json"


@pytest.mark.parametrize(
    ("document", "observers", "blocked"),
    [
        ({}, (), set()),
        ({"observers": [], "blockedPlugins": []}, (), set()),
        ({"observers": ["b", "a"]}, ("b", "a"), set()),
        ({"blockedPlugins": ["AWS-kms", "x"]}, (), {"aws-kms", "x"}),
    ],
)
def test_settings(document: Any, observers: tuple[str, ...], blocked: set[str], file: Path) -> None:
    """Observers keep their order, and blocked names are compared in lower case."""
    assert load_plugin_settings() == PluginSettings()
    file.write_text(json.dumps(document))
    assert load_plugin_settings() == PluginSettings(observers, frozenset(blocked), str(file))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON"),
        ("[]", "document must be an object, not an array"),
        ('{"observer": []}', "document has the unknown member 'observer'"),
        ('{"blockedplugins": []}', "document has the unknown member 'blockedplugins'"),
        ('{"observers": null}', "'observers' must be an array, not null"),
        ('{"observers": "audit"}', "'observers' must be an array, not a string"),
        ('{"blockedPlugins": [1]}', "'blockedPlugins' must hold only strings, not an integer"),
        ('{"blockedPlugins": ["a b"]}', "'blockedPlugins': 'a b' is no plugin name"),
        ('{"observers": [""]}', "'observers': '' is no plugin name"),
        ('{"observers": ["a", "a"]}', "'observers' has 'a' twice"),
        ('{"observers": [], "observers": []}', "member 'observers' occurs twice"),
        ('{"verifyPluginsWith": ""}', "'verifyPluginsWith' must not be empty"),
        ('{"verifyPluginsWith": null}', "'verifyPluginsWith' must be a string, not null"),
        ('{"verifyPluginsWith": ["plugins"]}', "'verifyPluginsWith' must be a string, not an array"),
    ],
)
def test_settings_that_are_malformed(content: str, message: str, file: Path) -> None:
    """A file that does not say what somebody meant is refused: it decides what runs."""
    file.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        load_plugin_settings()
    assert caught.value.message.startswith(f"settings {file}: ")
    assert message in caught.value.message
    assert caught.value.advice == "correct it, or move it away"


def test_settings_that_cannot_be_read(file: Path) -> None:
    """A folder in the file's place is an error too."""
    file.mkdir()
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        load_plugin_settings()


@pytest.mark.parametrize("name", ["aws-kms", "AWS-KMS", "Aws-Kms"])
def test_a_blocked_plugin_is_refused(name: str) -> None:
    """A blocked name is refused in every case, with the file that says so."""
    settings = PluginSettings(blocked=frozenset({"aws-kms"}), path="/s/notarykit.json")
    settings.admit("aws-kms-2")
    with pytest.raises(PluginNotFoundError) as caught:
        settings.admit(name)
    assert caught.value.message == f"plugin {name!r} is blocked in /s/notarykit.json"
    assert caught.value.advice == "take it off 'blockedPlugins' there to use it"


def test_required_statement(file: Path) -> None:
    """What the settings require applies where nothing else is asked for, and nothing else can be asked for then."""
    assert load_plugin_settings().statement("") == ""
    assert load_plugin_settings().statement("plugins") == "plugins"
    load_plugin_settings().refuse_unverified("it is not verified", "verify it")
    file.write_text('{"verifyPluginsWith": "plugins"}')
    settings = load_plugin_settings()
    assert settings.statement("") == settings.statement("plugins") == "plugins"
    with pytest.raises(ConfigurationError, match=r"and not with 'Plugins'$"):
        settings.statement("Plugins")
    with pytest.raises(ConfigurationError, match=r"^it is not verified, and .* has plugins verified with"):
        settings.refuse_unverified("it is not verified", "verify it")


def test_link_that_leads_nowhere_is_refused(file: Path) -> None:
    """Settings that are kept elsewhere, and are not there, do not mean that nothing is blocked or required."""
    file.symlink_to(file.parent / "elsewhere.json")
    with pytest.raises(ConfigurationError, match="is a link to a file that does not exist"):
        load_plugin_settings()
    (file.parent / "elsewhere.json").write_text('{"verifyPluginsWith": "plugins"}')
    assert load_plugin_settings().verify_with == "plugins"
