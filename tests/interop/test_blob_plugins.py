"""Plugins sign blobs, and verify signatures of blobs: those on notarykit under the Go host, and the reverse."""

import base64
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit import SignOptions, sign_blob
from notarykit._internal.version import signing_agent
from notarykit.envelope.attributes import ExtendedAttribute
from notarykit.errors import AuthenticityError, PluginResponseError
from notarykit.plugin.discovery.locate import load_plugin
from notarykit.plugin.host.signer import plugin_signer
from notarykit_local_file.plugin import LocalFilePlugin
from tests.interop import go_plugin
from tests.interop.blob_scene import CONTENT_TYPE, BlobScene, accepted, payload_of
from tests.interop.go_peer import Peer
from tests.interop.our_plugin_host import LOCAL_FILE, Host
from tests.interop.our_plugins.blobs import BlobPlugin
from tests.interop.our_plugins.depending import WHOLE, DependingPlugin
from tests.interop.our_plugins.envelope import EnvelopePlugin
from tests.interop.our_plugins.verifying import IDENTITY, VerifyingPlugin
from tests.interop.plugin_scene import TRUSTED_IDENTITY, agent_of
from tests.interop.scene import DAY, METADATA
from tests.support.ca import HASH_OF_SPEC, SPECS
from tests.support.envelopes import COSE, FORMATS, PLUGIN, sign_envelope
from tests.support.homes import OTHER_IDENTITY

GO_AGENT = "notation-go/1.3.0+unreleased"
RAW_RUNS = ["get-plugin-metadata", "describe-key", "generate-signature"]
ENVELOPE_RUNS = ["get-plugin-metadata", "describe-key", "generate-envelope"]


def _both_accept(peer: Peer, scene: BlobScene, envelope: bytes) -> None:
    """Has both sides verify a signature of any plugin, whose digest is by the hash of the key's spec."""
    target = payload_of(envelope, scene.media_type)["targetArtifact"]
    assert target["digest"].partition(":")[0] == HASH_OF_SPEC[scene.chain.spec].name
    verdict = accepted(peer, scene.question(envelope))
    assert verdict.user_metadata == METADATA
    assert verdict.chain.ders == scene.chain.ders


# Under the Go host


def _ask_go(peer: Peer, host: Host, scene: BlobScene, name: str, **config: str) -> dict[str, Any]:
    key = {"folder": str(host.plugins), "name": name, "keyId": str(scene.key_file), "pluginConfig": config}
    return scene.ask_to_sign(peer, "signWithPlugin", **key)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_go_signs_with_the_plugin_of_a_package(
    blob_peer: Peer, host: Host, tmp_path: Path, spec: str, media_type: str
) -> None:
    """With every key the Go side makes an envelope that both sides accept, and names the plugin in it."""
    scene = BlobScene(tmp_path, spec, media_type)
    signed = _ask_go(blob_peer, host, scene, LOCAL_FILE)
    assert signed["ok"], signed["error"]
    envelope = base64.b64decode(signed["envelope"])
    assert agent_of(envelope, media_type) == f"{GO_AGENT} {LOCAL_FILE}/{LocalFilePlugin.version}"
    _both_accept(blob_peer, scene, envelope)


@pytest.mark.parametrize("name", ["our-noisy", DependingPlugin.name])
def test_go_signs_with_other_plugins(blob_peer: Peer, host: Host, tmp_path: Path, name: str) -> None:
    """It does with plugins that make a noise, or can do one thing or another by their settings."""
    scene = BlobScene(tmp_path, "EC-384", COSE)
    signed = _ask_go(blob_peer, host, scene, name)
    assert signed["ok"], signed["error"]
    _both_accept(blob_peer, scene, base64.b64decode(signed["envelope"]))


@pytest.mark.parametrize(
    ("name", "config"), [(EnvelopePlugin.name, {}), (DependingPlugin.name, WHOLE), (BlobPlugin.name, {})]
)
def test_go_has_no_envelopes_for_blobs(
    blob_peer: Peer, host: Host, tmp_path: Path, name: str, config: Mapping[str, str]
) -> None:
    """The Go side signs blobs with no plugin that makes whole envelopes, not even with one that is for blobs."""
    refused = _ask_go(blob_peer, host, BlobScene(tmp_path), name, **config)
    assert not refused["ok"]
    assert "lacks the signature generator capability required for blob signing" in refused["error"]


# Under ours


def _sign_here(scene: BlobScene, name: str, **config: str) -> bytes:
    shutil.copyfile(scene.chain_file, f"{scene.key_file}.crt")  # where the Go plugins look for it
    signer = plugin_signer(load_plugin(name), str(scene.key_file), config, for_blob=True)
    options = SignOptions(media_type=scene.media_type, expires_in=DAY, user_metadata=METADATA)
    return sign_blob(scene.blob, signer, options, content_media_type=CONTENT_TYPE).signature.envelope


@pytest.fixture
def _go_plugins_installed(go_plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTATION_LIBEXEC", str(go_plugins.parent))


@pytest.fixture
def _our_plugins_installed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTATION_LIBEXEC", str(host.plugins.parent))


@pytest.mark.usefixtures("_go_plugins_installed")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_signing_with_a_go_plugin(blob_peer: Peer, tmp_path: Path, runs: list[str], spec: str, media_type: str) -> None:
    """With every key the library makes an envelope that both sides accept, of one run for each command."""
    scene = BlobScene(tmp_path, spec, media_type)
    envelope = _sign_here(scene, "go-raw")
    assert runs == RAW_RUNS
    assert agent_of(envelope, media_type) == signing_agent("go-raw", go_plugin.VERSION)
    _both_accept(blob_peer, scene, envelope)


@pytest.mark.usefixtures("_go_plugins_installed")
@pytest.mark.parametrize("name", ["go-all", "go-depends"])
def test_signing_with_other_go_plugins(blob_peer: Peer, tmp_path: Path, runs: list[str], name: str) -> None:
    """A plugin that can do several things is asked for a signature."""
    scene = BlobScene(tmp_path, "RSA-3072", COSE)
    _both_accept(blob_peer, scene, _sign_here(scene, name))
    assert runs == RAW_RUNS


@pytest.mark.usefixtures("_go_plugins_installed")
@pytest.mark.parametrize(
    ("name", "config"), [("go-envelope", {}), ("go-depends", {"only": "SIGNATURE_GENERATOR.ENVELOPE"})]
)
def test_envelopes_for_artifacts_alone(tmp_path: Path, runs: list[str], name: str, config: Mapping[str, str]) -> None:
    """A plugin that says of itself to make envelopes, and not for blobs, is asked for nothing, as by the Go side."""
    with pytest.raises(PluginResponseError, match="cannot sign blobs"):
        _sign_here(BlobScene(tmp_path), name, **config)
    assert runs == RAW_RUNS[:1]


@pytest.mark.usefixtures("_our_plugins_installed")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_signing_with_a_plugin_for_envelopes_of_blobs(
    blob_peer: Peer, tmp_path: Path, runs: list[str], spec: str, media_type: str
) -> None:
    """An executable that makes envelopes for blobs is asked for its key first, and both sides accept what it makes."""
    scene = BlobScene(tmp_path, spec, media_type)
    envelope = _sign_here(scene, BlobPlugin.name)
    assert runs == ENVELOPE_RUNS
    assert agent_of(envelope, media_type) == signing_agent(EnvelopePlugin.name, EnvelopePlugin.version)
    _both_accept(blob_peer, scene, envelope)


# Verification


def _needing(scene: BlobScene, name: str) -> bytes:
    """A signature of the blob that needs a verification plugin."""
    payload = json.dumps(payload_of(scene.sign_here(), scene.media_type)).encode()
    extended = (ExtendedAttribute(PLUGIN, name, critical=True),)
    return sign_envelope(scene.chain, scene.media_type, payload, extended=extended)


@pytest.mark.usefixtures("_go_plugins_installed")
@pytest.mark.parametrize("media_type", FORMATS)
def test_go_plugins_verify(blob_peer: Peer, go_plugins: Path, tmp_path: Path, media_type: str) -> None:
    """Both hosts have a plugin on the Go framework verify a blob's signature, and both refuse where it does."""
    scene = BlobScene(tmp_path, media_type=media_type)
    envelope = _needing(scene, "go-verify")
    question = scene.question(envelope, identities=[OTHER_IDENTITY])._replace(plugins=go_plugins)
    accepted(blob_peer, question)
    refused = question._replace(plugin_config={"refuse": TRUSTED_IDENTITY})
    assert not refused.ask_peer(blob_peer)["ok"]
    with pytest.raises(AuthenticityError):
        refused.ask_us()


@pytest.mark.usefixtures("_our_plugins_installed")
@pytest.mark.parametrize("media_type", FORMATS)
def test_our_plugins_verify(blob_peer: Peer, host: Host, tmp_path: Path, media_type: str) -> None:
    """Both hosts have a plugin of ours verify a blob's signature, and both refuse where it does."""
    scene = BlobScene(tmp_path, media_type=media_type)
    envelope = _needing(scene, VerifyingPlugin.name)
    question = scene.question(envelope, identities=[f"{IDENTITY}:wabbit-networks.io"])._replace(plugins=host.plugins)
    accepted(blob_peer, question)
    refused = scene.question(envelope, identities=[f"{IDENTITY}:acme-rockets.io"])._replace(plugins=host.plugins)
    assert not refused.ask_peer(blob_peer)["ok"]
    with pytest.raises(AuthenticityError):
        refused.ask_us()
