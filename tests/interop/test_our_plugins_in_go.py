"""The Go side finds plugins made with notarykit, and signs with them."""

import base64
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from notarykit._internal.version import signing_agent
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.plugin import Plugin
from notarykit_local_file.plugin import LocalFilePlugin
from tests.interop import our_plugin
from tests.interop.go_peer import Peer
from tests.interop.our_plugin_host import LOCAL_FILE, Host, envelope_request, make_scene
from tests.interop.our_plugins import envelope as our_envelope
from tests.interop.our_plugins.depending import WHOLE, DependingPlugin
from tests.interop.our_plugins.envelope import EnvelopePlugin
from tests.interop.our_plugins.verifying import VerifyingPlugin
from tests.interop.plugin_scene import agent_of, agent_of_go, descriptor_of
from tests.interop.scene import DAY
from tests.support.ca import SPECS, pem_of
from tests.support.envelopes import COSE, FORMATS, JWS, PAYLOAD, PAYLOAD_TYPE
from tests.support.homes import Home

NOISY = "our-noisy"  # never imported here: that alone makes a noise
SECONDS_OF_CHILDREN = 10.0  # as our_plugins/noisy.py starts them


# Finding them


def test_go_lists_them(host: Host) -> None:
    """The plugin manager of the Go side finds what was installed, and nothing that is no plugin."""
    answer = host.peer.ask("plugin-list", folder=str(host.plugins))
    assert sorted(answer["names"]) == sorted([LOCAL_FILE, *our_plugin.TARGETS])


@pytest.mark.parametrize("kind", [LocalFilePlugin, EnvelopePlugin, VerifyingPlugin], ids=lambda kind: kind.name)
def test_go_reads_their_metadata(host: Host, kind: type[Plugin]) -> None:
    """What a plugin's class says of itself is what the Go side reads out of the executable."""
    answer = host.peer.ask("plugin-metadata", folder=str(host.plugins), name=kind.name, pluginConfig={"a": "b"})
    assert answer["ok"], answer["error"]
    assert answer["metadata"] == kind.get_metadata().to_json()


# Signing with them


@pytest.mark.requirement("plugin:one-run-for-each-command")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_go_signs_with_the_plugin_of_a_package(host: Host, tmp_path: Path, spec: str, media_type: str) -> None:
    """With every key the Go side makes an envelope that both sides accept, and names the plugin in it."""
    envelope, verdict, annotations = host.accepts(make_scene(tmp_path, media_type, spec), LOCAL_FILE)
    assert verdict.chain.key_spec.name == spec
    assert verdict.attributes.signing_time is not None
    assert verdict.attributes.expiry == verdict.attributes.signing_time + DAY
    assert agent_of(envelope, media_type) == f"{agent_of_go()} {LOCAL_FILE}/{LocalFilePlugin.version}"
    assert annotations == {}


@pytest.mark.parametrize("config", [{}, WHOLE], ids=["a signature", "a whole envelope"])
def test_what_a_plugin_can_do_depends_on_its_configuration(
    host: Host, tmp_path: Path, config: Mapping[str, str]
) -> None:
    """The Go side sends its settings with get-plugin-metadata, and signs in the way that the plugin has with them."""
    name = DependingPlugin.name
    shown = host.peer.ask("plugin-metadata", folder=str(host.plugins), name=name, pluginConfig=config)["metadata"]
    assert shown["capabilities"] == [f"SIGNATURE_GENERATOR.{'ENVELOPE' if config else 'RAW'}"]
    envelope, _, annotations = host.accepts(make_scene(tmp_path), name, config=config)
    assert annotations == ({our_envelope.MADE_BY: EnvelopePlugin.name} if config else {})
    assert (agent_of(envelope, JWS) == f"{agent_of_go()} {name}/{DependingPlugin.version}") is not bool(config)


def test_go_signs_with_the_console_script(peer: Peer, tmp_path: Path) -> None:
    """The script that an installer made of the package is a plugin wherever it is copied to."""
    home = Home(tmp_path / "settings")
    plugins = our_plugin.install_by_command(home, "--file", str(our_plugin.CONSOLE_SCRIPT))
    copied = plugins / LOCAL_FILE / our_plugin.CONSOLE_SCRIPT.name
    assert copied.read_bytes() == our_plugin.CONSOLE_SCRIPT.read_bytes()
    host = Host(peer, plugins)
    metadata = peer.ask("plugin-metadata", folder=str(plugins), name=LOCAL_FILE)["metadata"]
    assert metadata == LocalFilePlugin.get_metadata().to_json()
    host.accepts(make_scene(tmp_path, COSE), LOCAL_FILE)


@pytest.mark.parametrize("folder", ["with a space", "with 'a quote", "l" * 250], ids=["space", "quote", "long"])
def test_go_runs_a_launcher_of_any_interpreter(peer: Peer, tmp_path: Path, folder: str) -> None:
    """A launcher works where its interpreter's path is none for a script's first line."""
    environment, installed = tmp_path / folder, Path(sys.prefix)
    environment.joinpath("bin").mkdir(parents=True)
    environment.joinpath("bin", "python").symlink_to(installed / "bin" / "python")
    environment.joinpath("lib").symlink_to(installed / "lib")
    shutil.copy(installed / "pyvenv.cfg", environment)
    python = str(environment / "bin" / "python")
    home = Home(tmp_path / "settings")
    plugins = our_plugin.install_by_command(home, "--from-package", LOCAL_FILE, python=python)
    assert folder in (plugins / LOCAL_FILE / f"notation-{LOCAL_FILE}").read_text().replace("'\"'\"'", "'")
    assert Host(peer, plugins).sign(make_scene(tmp_path), LOCAL_FILE)["ok"]


@pytest.mark.parametrize("name", [LOCAL_FILE, EnvelopePlugin.name])
def test_more_than_a_pipe_holds(host: Host, tmp_path: Path, name: str) -> None:
    """A payload of many times what a pipe holds goes to the plugin, and comes back where that makes the envelope."""
    scene = make_scene(tmp_path)
    metadata = {"long": "x" * 1_000_000}
    answer = host.peer.ask(
        "plugin-sign",
        folder=str(host.plugins),
        name=name,
        keyId=str(scene.key_file),
        mediaType=JWS,
        descriptor={**descriptor_of(scene.layout), "annotations": metadata},
    )
    assert answer["ok"], answer["error"]
    intact = check_integrity(parse_envelope(base64.b64decode(answer["envelope"]), JWS))
    assert intact.target.annotations == metadata


def test_settings_of_the_plugin_go_through_the_host(host: Host, tmp_path: Path) -> None:
    """The host hands plugin configuration over, so that an encrypted key elsewhere signs with its chain elsewhere."""
    scene = make_scene(tmp_path)
    passphrase, chain_file, key_file = (tmp_path / name for name in ("passphrase", "certificates", "encrypted"))
    passphrase.write_bytes("schön\n".encode())
    shutil.copyfile(scene.chain_file, chain_file)
    key_file.touch(mode=0o600)
    key_file.write_bytes(pem_of(scene.chain.leaf_key, "schön".encode()))
    scene.key_file = key_file
    config = {"passphrase_file": str(passphrase), "certificate_chain": str(chain_file)}
    host.accepts(scene, LOCAL_FILE, config=config)


@pytest.mark.parametrize("expires_in", [timedelta(0), DAY], ids=["without expiry", "with expiry"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_go_signs_with_a_plugin_for_envelopes(
    host: Host, tmp_path: Path, media_type: str, expires_in: timedelta
) -> None:
    """The Go side takes the plugin's envelope as it is, with the expiry that it asked for, and its annotations."""
    envelope, verdict, annotations = host.accepts(
        make_scene(tmp_path, media_type), EnvelopePlugin.name, expires_in=expires_in
    )
    assert verdict.attributes.signing_time is not None
    assert verdict.attributes.expiry == (verdict.attributes.signing_time + expires_in if expires_in else None)
    assert agent_of(envelope, media_type) == signing_agent(EnvelopePlugin.name, EnvelopePlugin.version)
    assert annotations == {our_envelope.MADE_BY: EnvelopePlugin.name}


@pytest.mark.parametrize("seconds", [None, 3600], ids=["without expiry", "with expiry"])
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_go_asks_a_plugin_that_signs_for_envelopes(
    host: Host, tmp_path: Path, spec: str, media_type: str, seconds: int | None
) -> None:
    """A plugin that only signs answers generate-envelope too, and its envelope holds for the Go side."""
    request = envelope_request(make_scene(tmp_path, media_type, spec))
    if seconds is not None:
        request["expiryDurationInSeconds"] = seconds
    answer = host.call(LOCAL_FILE, "generate-envelope", request)
    assert answer["ok"], answer
    assert answer["response"]["signatureEnvelopeType"] == media_type
    made = answer["response"]["signatureEnvelope"]
    judged = host.peer.ask("verifyEnvelope", mediaType=media_type, envelope=made)
    assert judged["ok"], judged["error"]
    assert base64.b64decode(judged["payload"]) == PAYLOAD
    assert judged["contentType"] == PAYLOAD_TYPE
    intact = check_integrity(parse_envelope(base64.b64decode(made), media_type))
    assert intact.chain.key_spec.name == spec
    assert intact.attributes.signing_time is not None
    assert intact.attributes.expiry == (
        intact.attributes.signing_time + timedelta(seconds=seconds) if seconds else None
    )


@pytest.mark.parametrize("media_type", FORMATS)
def test_noise_of_a_plugin_disturbs_nobody(host: Host, tmp_path: Path, media_type: str) -> None:
    """What a plugin and its children write reaches no answer and no error, and nobody waits for those children."""
    scene = make_scene(tmp_path, media_type)
    start = time.monotonic()
    host.accepts(scene, NOISY)
    assert time.monotonic() - start < SECONDS_OF_CHILDREN  # the Go side waits for whoever holds the plugin's streams
    scene.key_file = tmp_path / "nothing"
    refused = host.sign(scene, NOISY)
    assert refused["errorCode"] == "VALIDATION_ERROR"
    assert str(scene.key_file) in refused["errorMessage"]
