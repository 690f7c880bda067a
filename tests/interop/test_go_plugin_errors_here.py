"""Errors of plugins on the Go framework become those of this side."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.errors import (
    PluginAccessDeniedError,
    PluginContractVersionError,
    PluginError,
    PluginNotFoundError,
    PluginResponseError,
    PluginThrottledError,
    PluginTimeoutError,
    PluginValidationError,
)
from notarykit.oci.layout import ImageLayout
from notarykit.plugin import DescribeKeyRequest, GenerateEnvelopeRequest
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.discovery.locate import load_plugin
from notarykit.plugin.host import retry
from notarykit.plugin.host.signer import plugin_signer
from tests.interop.go_plugin_users import Users, sign_as
from tests.support.ca import make_chain
from tests.support.envelopes import JWS, PAYLOAD, PAYLOAD_TYPE

KINDS: dict[str, tuple[type[PluginError], int]] = {
    "ERROR": (PluginError, 1),
    "VALIDATION_ERROR": (PluginValidationError, 1),
    "UNSUPPORTED_CONTRACT_VERSION": (PluginContractVersionError, 1),
    "ACCESS_DENIED": (PluginAccessDeniedError, 1),
    "TIMEOUT": (PluginTimeoutError, retry.ATTEMPTS),
    "THROTTLED": (PluginThrottledError, retry.ATTEMPTS),
    "SOMETHING_NEW": (PluginError, 1),
}


@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize(("name", "command"), [("go-raw", "describe-key"), ("go-envelope", "generate-envelope")])
def test_error_codes(make_user: Users, runs: list[str], name: str, command: str, code: str) -> None:
    """Every code becomes the class of its own, with the plugin's message, and only two of them are tried again."""
    kind, attempts = KINDS[code]
    with pytest.raises(PluginError) as caught:
        sign_as(make_user(), name, fail=code)
    assert type(caught.value) is kind
    assert caught.value.message.startswith(f"plugin {name}: {command}: the configuration says that this fails")
    assert runs == ["get-plugin-metadata", *[command] * attempts]


@pytest.mark.parametrize("name", ["go-raw", "go-envelope"])
def test_a_key_that_is_not_there(make_user: Users, name: str) -> None:
    """A key that the plugin does not find is a validation error that names it."""
    who = make_user()
    who.key_id = "/nothing/schön <&>"
    with pytest.raises(PluginValidationError, match="/nothing/schön <&>"):
        sign_as(who, name)


def _describe(plugin: ExecutablePlugin) -> object:
    return plugin.describe_key(DescribeKeyRequest("/nothing"))


def _make_envelope(plugin: ExecutablePlugin) -> object:
    return plugin.generate_envelope(GenerateEnvelopeRequest("/nothing", PAYLOAD, PAYLOAD_TYPE, JWS))


@pytest.mark.parametrize(("name", "ask"), [("go-raw", _make_envelope), ("go-envelope", _describe)])
def test_a_command_that_the_plugin_does_not_list(
    make_user: Users, name: str, ask: Callable[[ExecutablePlugin], object]
) -> None:
    """The framework answers with plain text, which is shown together with the exit code."""
    make_user()
    plugin = load_plugin(name)
    assert isinstance(plugin, ExecutablePlugin)
    with pytest.raises(PluginError, match=r"Invalid command, valid commands are: .*\(exit code 1\)") as caught:
        ask(plugin)
    assert type(caught.value) is PluginError


def test_another_contract_version(make_user: Users) -> None:
    """The framework's refusal of another contract version is the error of that name."""
    who = make_user()
    with pytest.raises(PluginContractVersionError, match=r"2\.0"):
        load_plugin("go-raw").describe_key(DescribeKeyRequest(who.key_id, {}, "2.0"))


def test_an_envelope_format_that_the_plugin_does_not_know(make_user: Users) -> None:
    """What the plugin says of a format that it does not know reaches the caller."""
    who = make_user()
    with pytest.raises(PluginValidationError, match="text/plain"):
        load_plugin("go-envelope").generate_envelope(
            GenerateEnvelopeRequest(who.key_id, PAYLOAD, PAYLOAD_TYPE, "text/plain")
        )


@pytest.mark.parametrize(
    ("name", "is_blob"), [("go-verify", False), ("go-envelope", True)], ids=["verifies alone", "no envelopes for blobs"]
)
def test_a_plugin_that_cannot_sign_this(make_user: Users, runs: list[str], name: str, *, is_blob: bool) -> None:
    """A plugin without the capability that is needed is asked for nothing but its metadata."""
    who = make_user()
    with pytest.raises(PluginResponseError, match=f"plugin {name} cannot sign"):
        plugin_signer(load_plugin(name), who.key_id, {}, for_blob=is_blob)
    assert runs == ["get-plugin-metadata"]


def test_the_certificate_of_another_key(make_user: Users) -> None:
    """The plugin itself refuses a chain of another key, and nothing is stored."""
    who = make_user()
    Path(f"{who.key_id}.crt").write_bytes(make_chain().chain_pem)
    with pytest.raises(PluginError):
        sign_as(who, "go-raw")
    place = ImageLayout(who.layout.path)
    assert list(place.signatures(place.resolve(who.layout.digest))) == []


@pytest.mark.requirement("plugin:own-name")
def test_a_program_under_a_name_that_is_not_its_own(make_user: Users, go_plugins: Path) -> None:
    """A plugin whose metadata names another is refused, whatever it can do."""
    who = make_user()
    who.plugins.unlink()
    place = who.plugins / "go-raw" / "notation-go-raw"
    place.parent.mkdir(parents=True)
    place.write_text(f'#!/bin/sh\nexec "{go_plugins}/go-all/notation-go-all" "$@"\n')
    place.chmod(0o755)
    with pytest.raises(PluginResponseError, match="metadata name it 'go-all'"):
        sign_as(who, "go-raw")


def test_a_plugin_that_is_not_installed(make_user: Users) -> None:
    """A name that no plugin has is an error with advice."""
    make_user()
    with pytest.raises(PluginNotFoundError, match="'go-none' is not installed"):
        load_plugin("go-none")
