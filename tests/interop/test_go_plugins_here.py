"""Plugins on the Go framework sign for this side: the library, the command line, and what their errors become."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from notarykit._internal.version import signing_agent
from notarykit.envelope.descriptor import Descriptor
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
from notarykit.signing.artifact import SignedArtifact, sign_artifact
from notarykit.signing.envelope import sign_descriptor
from notarykit.signing.options import SignOptions
from notarykit.verification.verdict import Verified
from tests.interop import go_plugin
from tests.interop.go_peer import Peer
from tests.interop.go_user import GoUser
from tests.interop.plugin_scene import agent_of
from tests.interop.scene import DAY, METADATA
from tests.support.ca import SPECS, make_chain
from tests.support.envelopes import FORMATS, JWS, PAYLOAD, PAYLOAD_TYPE
from tests.support.layouts import blob_path

SHORT = dict(zip(FORMATS, ("jws", "cose"), strict=True))
SIGNING = ("go-raw", "go-envelope", "go-all")


class Users(Protocol):
    """Makes a user."""

    def __call__(self, spec: str = "EC-256") -> GoUser:
        """With a key of a spec."""


@pytest.fixture
def user(
    go_plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Users:
    """Return what makes a user."""

    def make(spec: str = "EC-256") -> GoUser:
        return GoUser(tmp_path, make_chain(spec), go_plugins, monkeypatch, capsys)

    return make


def _sign(
    who: GoUser, name: str, media_type: str = JWS, expires_in: timedelta | None = DAY, **config: str
) -> SignedArtifact:
    """Signs through the library."""
    signer = plugin_signer(load_plugin(name), who.key_id, config)
    place = ImageLayout(who.layout.path)
    return sign_artifact(
        place,
        who.layout.digest,
        signer,
        SignOptions(media_type=media_type, expires_in=expires_in, user_metadata=METADATA),
    )


def _annotations(who: GoUser, manifest: str) -> dict[str, str]:
    """The annotations of a signature manifest, read without the code that is tested."""
    annotations: dict[str, str] = json.loads(blob_path(who.layout.path, manifest).read_bytes())["annotations"]
    return annotations


# Signing


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_signing_with_a_plugin_for_signatures(peer: Peer, user: Users, spec: str, media_type: str) -> None:
    """With every key the library makes an envelope around the plugin's signature that both sides accept."""
    who = user(spec)
    signed = _sign(who, "go-raw", media_type)
    content = signed.signature.content
    assert content.chain.key_spec.name == spec
    assert content.chain.ders == who.chain.ders
    assert agent_of(signed.signature.envelope, media_type) == signing_agent("go-raw", go_plugin.VERSION)
    who.go_accepts(peer)
    assert isinstance(who.question().ask_us().verdict, Verified)


@pytest.mark.parametrize("expires_in", [None, DAY], ids=["without expiry", "with expiry"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_signing_with_a_plugin_for_envelopes(
    peer: Peer, user: Users, media_type: str, expires_in: timedelta | None
) -> None:
    """The plugin's envelope is taken as it is, expires when it should, and its annotations are on the manifest."""
    who = user()
    signed = _sign(who, "go-envelope", media_type, expires_in)
    attributes = signed.signature.content.attributes
    assert attributes.signing_time is not None
    assert attributes.expiry == (attributes.signing_time + expires_in if expires_in else None)
    assert agent_of(signed.signature.envelope, media_type) == f"go-envelope/{go_plugin.VERSION}"
    assert signed.signature.content.target.annotations == METADATA
    assert _annotations(who, signed.manifest.digest)[go_plugin.MADE_BY] == "go-envelope"
    who.go_accepts(peer)
    assert isinstance(who.question().ask_us().verdict, Verified)


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("go-raw", ["get-plugin-metadata", "describe-key", "generate-signature"]),
        ("go-all", ["get-plugin-metadata", "describe-key", "generate-signature"]),
        ("go-envelope", ["get-plugin-metadata", "generate-envelope"]),
    ],
)
def test_each_command_is_asked_once(user: Users, runs: list[str], name: str, commands: list[str]) -> None:
    """A plugin is run once for each command of its workflow, and one that signs is never asked for envelopes."""
    _sign(user(), name)
    assert runs == commands


@pytest.mark.parametrize(
    ("config", "command"),
    [({}, "generate-signature"), ({"only": "SIGNATURE_GENERATOR.ENVELOPE"}, "generate-envelope")],
)
def test_what_a_plugin_can_do_depends_on_its_configuration(
    user: Users, runs: list[str], config: dict[str, str], command: str
) -> None:
    """The settings go with get-plugin-metadata, and the plugin is asked for what it can do with them."""
    _sign(user(), "go-depends", JWS, DAY, **config)
    assert (runs[0], runs[-1]) == ("get-plugin-metadata", command)


@pytest.mark.parametrize("is_listed", [False, True], ids=["by flags", "by the key's name"])
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("name", SIGNING)
def test_signing_at_the_command_line(peer: Peer, user: Users, name: str, media_type: str, *, is_listed: bool) -> None:
    """The command line signs with a plugin's key, whether flags name it or the list of keys, and Go accepts it."""
    who = user()
    key: tuple[str, ...] = ("--plugin", name, "--id", who.key_id)
    if is_listed:
        who.did("key", "add", *key, "plugged")
        key = ("--key", "plugged")
    pairs = [text for pair in METADATA.items() for text in ("-m", "=".join(pair))]
    shown = json.loads(who.sign(*key, "--signature-format", SHORT[media_type], "-e24h", *pairs, "-o", "json"))
    ((result),) = shown["results"]
    signature = result["signature"]
    assert signature["mediaType"] == media_type
    made_by = _annotations(who, signature["manifest"]["digest"]).get(go_plugin.MADE_BY)
    assert made_by == ("go-envelope" if name == "go-envelope" else None)
    who.go_accepts(peer)


@pytest.mark.parametrize("name", SIGNING)
def test_signing_from_several_threads(user: Users, name: str) -> None:
    """One plugin object and one signer serve several threads at once, with payloads that no pipe holds."""
    who = user()
    signer = plugin_signer(load_plugin(name), who.key_id, {})
    artifact = ImageLayout(who.layout.path).resolve(who.layout.digest)

    def sign(number: int) -> Descriptor:
        metadata = {"number": str(number), "long": "x" * 300_000}
        return sign_descriptor(artifact, signer, SignOptions(user_metadata=metadata)).content.target

    with ThreadPoolExecutor(4) as threads:
        targets = list(threads.map(sign, range(8)))
    assert [target.annotations["number"] for target in targets] == [str(number) for number in range(8)]


def test_settings_on_the_list_and_at_the_command_line(user: Users) -> None:
    """Settings for the plugin come from the list of keys, and those of the command line come before them."""
    who = user()
    refused = ("--plugin-config", "fail=ACCESS_DENIED")
    who.did("key", "add", "--plugin", "go-raw", "--id", who.key_id, *refused, "plugged")
    assert "the configuration says that this fails" in who.refused(
        4, "sign", "--oci-layout", "--key", "plugged", who.reference
    )
    other = ("--plugin-config", "fail=VALIDATION_ERROR")
    text = who.refused(4, "sign", "--oci-layout", "--key", "plugged", *other, who.reference)
    assert text.count("VALIDATION_ERROR") == 1
    assert "ACCESS_DENIED" not in text


# Errors


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
def test_error_codes(user: Users, runs: list[str], name: str, command: str, code: str) -> None:
    """Every code becomes the class of its own, with the plugin's message, and only two of them are tried again."""
    kind, attempts = KINDS[code]
    with pytest.raises(PluginError) as caught:
        _sign(user(), name, fail=code)
    assert type(caught.value) is kind
    assert caught.value.message.startswith(f"plugin {name}: {command}: the configuration says that this fails")
    assert runs == ["get-plugin-metadata", *[command] * attempts]


@pytest.mark.parametrize("name", ["go-raw", "go-envelope"])
def test_a_key_that_is_not_there(user: Users, name: str) -> None:
    """A key that the plugin does not find is a validation error that names it."""
    who = user()
    who.key_id = "/nothing/schön <&>"
    with pytest.raises(PluginValidationError, match="/nothing/schön <&>"):
        _sign(who, name)


def _describe(plugin: ExecutablePlugin) -> object:
    return plugin.describe_key(DescribeKeyRequest("/nothing"))


def _make_envelope(plugin: ExecutablePlugin) -> object:
    return plugin.generate_envelope(GenerateEnvelopeRequest("/nothing", PAYLOAD, PAYLOAD_TYPE, JWS))


@pytest.mark.parametrize(("name", "ask"), [("go-raw", _make_envelope), ("go-envelope", _describe)])
def test_a_command_that_the_plugin_does_not_list(
    user: Users, name: str, ask: Callable[[ExecutablePlugin], object]
) -> None:
    """The framework answers with plain text, which is shown together with the exit code."""
    user()
    plugin = load_plugin(name)
    assert isinstance(plugin, ExecutablePlugin)
    with pytest.raises(PluginError, match=r"Invalid command, valid commands are: .*\(exit code 1\)") as caught:
        ask(plugin)
    assert type(caught.value) is PluginError


def test_another_contract_version(user: Users) -> None:
    """The framework's refusal of another contract version is the error of that name."""
    who = user()
    with pytest.raises(PluginContractVersionError, match=r"2\.0"):
        load_plugin("go-raw").describe_key(DescribeKeyRequest(who.key_id, {}, "2.0"))


def test_an_envelope_format_that_the_plugin_does_not_know(user: Users) -> None:
    """What the plugin says of a format that it does not know reaches the caller."""
    who = user()
    with pytest.raises(PluginValidationError, match="text/plain"):
        load_plugin("go-envelope").generate_envelope(
            GenerateEnvelopeRequest(who.key_id, PAYLOAD, PAYLOAD_TYPE, "text/plain")
        )


@pytest.mark.parametrize(
    ("name", "is_blob"), [("go-verify", False), ("go-envelope", True)], ids=["verifies alone", "no envelopes for blobs"]
)
def test_a_plugin_that_cannot_sign_this(user: Users, runs: list[str], name: str, *, is_blob: bool) -> None:
    """A plugin without the capability that is needed is asked for nothing but its metadata."""
    who = user()
    with pytest.raises(PluginResponseError, match=f"plugin {name} cannot sign"):
        plugin_signer(load_plugin(name), who.key_id, {}, for_blob=is_blob)
    assert runs == ["get-plugin-metadata"]


def test_the_certificate_of_another_key(user: Users) -> None:
    """The plugin itself refuses a chain of another key, and nothing is stored."""
    who = user()
    Path(f"{who.key_id}.crt").write_bytes(make_chain().chain_pem)
    with pytest.raises(PluginError):
        _sign(who, "go-raw")
    place = ImageLayout(who.layout.path)
    assert list(place.signatures(place.resolve(who.layout.digest))) == []


def test_a_program_under_a_name_that_is_not_its_own(user: Users, go_plugins: Path) -> None:
    """A plugin whose metadata names another is refused, whatever it can do."""
    who = user()
    who.plugins.unlink()
    place = who.plugins / "go-raw" / "notation-go-raw"
    place.parent.mkdir(parents=True)
    place.write_text(f'#!/bin/sh\nexec "{go_plugins}/go-all/notation-go-all" "$@"\n')
    place.chmod(0o755)
    with pytest.raises(PluginResponseError, match="metadata name it 'go-all'"):
        _sign(who, "go-raw")


def test_a_plugin_that_is_not_installed(user: Users) -> None:
    """A name that no plugin has is an error with advice."""
    user()
    with pytest.raises(PluginNotFoundError, match="'go-none' is not installed"):
        load_plugin("go-none")


def test_descriptor_is_signed_with_nothing_else(user: Users) -> None:
    """What an envelope plugin signs is the artifact's descriptor and the metadata alone."""
    who = user()
    target = _sign(who, "go-envelope").signature.content.target
    artifact = ImageLayout(who.layout.path).resolve(who.layout.digest)
    assert target == Descriptor(artifact.media_type, artifact.digest, artifact.size, METADATA)
