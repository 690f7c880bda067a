"""The Go side runs plugins made with notarykit: it signs with them, has them verify, and reads their errors."""

import base64
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from notarykit._internal.version import signing_agent
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.plugin import Plugin
from notarykit.verification.verdict import Verified
from notarykit_local_file.plugin import LocalFilePlugin
from tests.interop import our_plugin
from tests.interop.go_peer import Peer
from tests.interop.our_plugins import envelope as our_envelope
from tests.interop.our_plugins.depending import WHOLE, DependingPlugin
from tests.interop.our_plugins.envelope import EnvelopePlugin
from tests.interop.our_plugins.failing import ACCIDENTS, NO_ANSWER, REFUSALS, REQUEST_ID, SECRET
from tests.interop.our_plugins.verifying import IDENTITY, REVOKED, UNDERSTOOD, VerifyingPlugin
from tests.interop.plugin_scene import (
    REVOCATION_CHECK,
    TRUSTED_IDENTITY,
    agent_of,
    agent_of_go,
    descriptor_of,
    push_needing,
)
from tests.interop.scene import DAY, METADATA, Scene, push
from tests.support.ca import SPECS, make_chain, pem_of
from tests.support.envelopes import COSE, FORMATS, JWS, PAYLOAD, PAYLOAD_TYPE
from tests.support.homes import Home, policy_document

LOCAL_FILE = "local-file"
NOISY = "our-noisy"  # never imported here: that alone makes a noise
CRITICAL = "com.example.region"
SECONDS_OF_CHILDREN = 10.0  # as our_plugins/noisy.py starts them


class Host(NamedTuple):
    """The Go side with plugins in a folder.

    Attributes:
        peer: The Go side.
        plugins: The folder.
    """

    peer: Peer
    plugins: Path

    def sign(
        self, scene: Scene, name: str, expires_in: timedelta = DAY, config: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Its answer to a request to sign the artifact of a scene with the scene's key."""
        return self.peer.ask(
            "plugin-sign",
            folder=str(self.plugins),
            name=name,
            keyId=str(scene.key_file),
            mediaType=scene.media_type,
            descriptor=descriptor_of(scene.layout),
            expirySeconds=int(expires_in.total_seconds()),
            pluginConfig=config or {},
        )

    def call(self, name: str, command: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer to a request to send one command as it is."""
        return self.peer.ask("plugin-call", folder=str(self.plugins), name=name, command=command, request=request)

    def accepts(
        self, scene: Scene, name: str, expires_in: timedelta = DAY, config: Mapping[str, str] | None = None
    ) -> tuple[bytes, Verified, dict[str, str]]:
        """Signs and has both sides verify; returns the envelope, the verdict and the plugin's annotations."""
        answer = self.sign(scene, name, expires_in, config)
        assert answer["ok"], answer
        envelope = base64.b64decode(answer["envelope"])
        push(scene.layout.path, scene.layout.digest, scene.media_type, envelope)
        there = scene.question().ask_peer(self.peer)
        assert there["ok"], there["error"]
        assert there["metadata"] == METADATA
        verdict = scene.question().ask_us().verdict
        assert isinstance(verdict, Verified)
        assert verdict.chain.ders == scene.chain.ders
        return envelope, verdict, answer["annotations"]


@pytest.fixture(scope="session")
def host(peer: Peer, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The Go side with our plugins; that of a package is there because the command line installed it."""
    home = Home(tmp_path_factory.mktemp("ours"))
    plugins = our_plugin.install_by_command(home, "--from-package", LOCAL_FILE)
    for name in our_plugin.TARGETS:
        our_plugin.install(plugins, name)
    return Host(peer, plugins)


def _scene(folder: Path, media_type: str = JWS, spec: str = "EC-256") -> Scene:
    """A scene whose key has a name that JSON can write in several ways."""
    return Scene(folder / "Schlüssel <&> 世界", spec, media_type, 3)


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


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", SPECS)
def test_go_signs_with_the_plugin_of_a_package(host: Host, tmp_path: Path, spec: str, media_type: str) -> None:
    """With every key the Go side makes an envelope that both sides accept, and names the plugin in it."""
    envelope, verdict, annotations = host.accepts(_scene(tmp_path, media_type, spec), LOCAL_FILE)
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
    envelope, _, annotations = host.accepts(_scene(tmp_path), name, config=config)
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
    host.accepts(_scene(tmp_path, COSE), LOCAL_FILE)


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
    assert Host(peer, plugins).sign(_scene(tmp_path), LOCAL_FILE)["ok"]


@pytest.mark.parametrize("name", [LOCAL_FILE, EnvelopePlugin.name])
def test_more_than_a_pipe_holds(host: Host, tmp_path: Path, name: str) -> None:
    """A payload of many times what a pipe holds goes to the plugin, and comes back where that makes the envelope."""
    scene = _scene(tmp_path)
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
    scene = _scene(tmp_path)
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
        _scene(tmp_path, media_type), EnvelopePlugin.name, expires_in=expires_in
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
    request = _envelope_request(_scene(tmp_path, media_type, spec))
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
    scene = _scene(tmp_path, media_type)
    start = time.monotonic()
    host.accepts(scene, NOISY)
    assert time.monotonic() - start < SECONDS_OF_CHILDREN  # the Go side waits for whoever holds the plugin's streams
    scene.key_file = tmp_path / "nothing"
    refused = host.sign(scene, NOISY)
    assert refused["errorCode"] == "VALIDATION_ERROR"
    assert str(scene.key_file) in refused["errorMessage"]


# Errors


def _key_request(scene: Scene) -> dict[str, Any]:
    return {"contractVersion": "1.0", "keyId": str(scene.key_file)}


def _signature_request(scene: Scene) -> dict[str, Any]:
    payload = base64.b64encode(b"message").decode()
    return {**_key_request(scene), "keySpec": "EC-256", "hashAlgorithm": "SHA-256", "payload": payload}


def _envelope_request(scene: Scene) -> dict[str, Any]:
    return {
        **_key_request(scene),
        "payloadType": PAYLOAD_TYPE,
        "signatureEnvelopeType": scene.media_type,
        "payload": base64.b64encode(PAYLOAD).decode(),
    }


def _verification_request(scene: Scene) -> dict[str, Any]:
    return {
        "contractVersion": "1.0",
        "signature": {
            "criticalAttributes": {"contentType": PAYLOAD_TYPE, "signingScheme": "notary.x509"},
            "unprocessedAttributes": [],
            "certificateChain": [base64.b64encode(der).decode() for der in scene.chain.ders],
        },
        "trustPolicy": {"trustedIdentities": ["*"], "signatureVerification": [TRUSTED_IDENTITY]},
    }


REQUESTS = {
    "describe-key": _key_request,
    "generate-signature": _signature_request,
    "generate-envelope": _envelope_request,
    "verify-signature": _verification_request,
}


class Refusal(NamedTuple):
    """What the plugin for files refuses.

    Attributes:
        command: The command.
        changes: What is wrong in its request.
        code: The code that the host gets.
        shown: What the message names.
    """

    command: str
    changes: Mapping[str, Any]
    code: str
    shown: str


ANOTHER_VERSION = "UNSUPPORTED_CONTRACT_VERSION"
REFUSED = [
    *(Refusal(command, {"keyId": "/nothing"}, "VALIDATION_ERROR", "/nothing") for command in list(REQUESTS)[:3]),
    *(Refusal(command, {"contractVersion": "2.0"}, ANOTHER_VERSION, "'2.0'") for command in REQUESTS),
    Refusal("describe-key", {"contractVersion": "1.1"}, ANOTHER_VERSION, "'1.1'"),
    Refusal("describe-key", {"keyId": ""}, "VALIDATION_ERROR", "keyId"),
    Refusal("describe-key", {"pluginConfig": {"no_such": SECRET}}, "VALIDATION_ERROR", "no_such"),
    Refusal("generate-signature", {"keySpec": "EC-384"}, "VALIDATION_ERROR", "EC-384"),
    Refusal("generate-signature", {"hashAlgorithm": "SHA-512"}, "VALIDATION_ERROR", "SHA-512"),
    Refusal("generate-envelope", {"signatureEnvelopeType": "text/plain"}, "VALIDATION_ERROR", "text/plain"),
    Refusal("generate-envelope", {"payloadType": "text/plain"}, "VALIDATION_ERROR", "text/plain"),
    Refusal("generate-envelope", {"payload": ""}, "VALIDATION_ERROR", "payload"),
    Refusal("generate-envelope", {"expiryDurationInSeconds": 2**64 - 1}, "VALIDATION_ERROR", "9999"),
    Refusal("verify-signature", {}, "VALIDATION_ERROR", "verify-signature"),
]


@pytest.mark.parametrize("refusal", REFUSED, ids=lambda each: f"{each.command}-{each.shown}")
def test_go_reads_refusals(host: Host, tmp_path: Path, refusal: Refusal) -> None:
    """A request that is good but for one thing is refused under the protocol's code, with what is wrong."""
    request = {**REQUESTS[refusal.command](_scene(tmp_path)), **refusal.changes}
    answer = host.call(LOCAL_FILE, refusal.command, request)
    assert not answer["ok"]
    assert answer["errorCode"] == refusal.code
    assert refusal.shown in answer["errorMessage"]
    assert SECRET not in str(answer)


@pytest.mark.parametrize("is_given", [True, False], ids=["a wrong one", "none"])
def test_passphrases_that_do_not_fit(host: Host, tmp_path: Path, *, is_given: bool) -> None:
    """A key whose passphrase is wrong or not there is a matter of access, and no passphrase is shown."""
    scene = _scene(tmp_path)
    scene.key_file.write_bytes(pem_of(scene.chain.leaf_key, b"another"))
    (tmp_path / "passphrase").write_text(SECRET)
    config = {"passphrase_file": str(tmp_path / "passphrase")} if is_given else {}
    answer = host.sign(scene, LOCAL_FILE, config=config)
    assert not answer["ok"]
    assert answer["errorCode"] == "ACCESS_DENIED"
    assert str(scene.key_file) in answer["errorMessage"]
    assert SECRET not in str(answer)


@pytest.mark.parametrize("code", REFUSALS)
def test_go_reads_every_error_of_a_plugin(host: Host, code: str) -> None:
    """An error that a plugin raises arrives with its code, its message and its metadata."""
    answer = host.call("our-failing", "describe-key", {"contractVersion": "1.0", "keyId": code})
    assert not answer["ok"]
    assert answer["errorCode"] == code
    assert answer["errorMessage"] == f"refused: ü <&> {code}"
    assert answer["errorMetadata"] == REQUEST_ID


@pytest.mark.parametrize("accident", [*ACCIDENTS, NO_ANSWER])
def test_go_reads_no_secret_of_an_accident(host: Host, accident: str) -> None:
    """What a plugin raises by accident, and no answer at all, is the general error without any text of it."""
    answer = host.call("our-failing", "describe-key", {"contractVersion": "1.0", "keyId": accident})
    assert not answer["ok"]
    assert answer["errorCode"] == "ERROR"
    assert answer["errorMessage"]
    assert SECRET not in str(answer)


# Having them verify


def _verified(
    host: Host, scene: Scene, identities: list[str], *, level: str = "strict", **config: str
) -> dict[str, Any]:
    return host.peer.ask(
        "verify-with-plugins",
        folder=str(host.plugins),
        layout=scene.layout.path,
        digest=scene.layout.digest,
        scope="local/tests",
        policy=policy_document(identities, level=level),
        trustStore=str(scene.home.folder),
        metadata=METADATA,
        pluginConfig=config,
    )


def _steps(answer: Mapping[str, Any]) -> dict[str, str]:
    return {each["type"]: each["error"] for each in answer["results"]}


TRUSTED = f"{IDENTITY}:wabbit-networks.io"
STRANGER = f"{IDENTITY}:acme-rockets.io"


@pytest.mark.parametrize("critical", [{}, {CRITICAL: UNDERSTOOD}], ids=["nothing critical", "critical attribute"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_go_has_a_plugin_verify(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, media_type: str, critical: Mapping[str, str]
) -> None:
    """Either side accepts a signature whose identity, revocation and attributes only the executable can judge."""
    scene = _scene(tmp_path, media_type)
    push_needing(
        scene.layout, scene.chain, media_type, VerifyingPlugin.name, minimum=VerifyingPlugin.version, critical=critical
    )
    answer = _verified(host, scene, [STRANGER, TRUSTED])
    assert answer["ok"], answer["error"]
    assert answer["metadata"] == METADATA
    assert set(_steps(answer)) >= {"authenticity", "revocation"}
    assert set(_steps(answer).values()) == {""}
    monkeypatch.setenv("NOTATION_LIBEXEC", str(host.plugins.parent))
    here = scene.question()._replace(policy=policy_document([STRANGER, TRUSTED])).ask_us()
    assert isinstance(here.verdict, Verified)


def test_go_hears_of_a_stranger(host: Host, tmp_path: Path) -> None:
    """An identity that the plugin refuses fails authenticity, with the plugin's reason."""
    scene = _scene(tmp_path)
    push_needing(scene.layout, scene.chain, JWS, VerifyingPlugin.name)
    answer = _verified(host, scene, [STRANGER])
    assert not answer["ok"]
    assert f"refused: {TRUSTED_IDENTITY}" in _steps(answer)["authenticity"]


@pytest.mark.parametrize("place", [0, 1], ids=["leaf", "intermediate"])
@pytest.mark.parametrize("level", ["strict", "permissive"])
def test_go_hears_of_a_revoked_certificate(host: Host, tmp_path: Path, level: str, place: int) -> None:
    """A certificate that the plugin calls revoked fails that step, and the policy decides what follows."""
    scene = _scene(tmp_path)
    push_needing(scene.layout, scene.chain, JWS, VerifyingPlugin.name)
    serial = str(scene.chain.certificates[place].serial_number)
    answer = _verified(host, scene, [TRUSTED], level=level, **{REVOKED: serial})
    assert answer["ok"] == (level == "permissive")
    assert f"refused: {REVOCATION_CHECK}" in _steps(answer)["revocation"]
    assert _steps(answer)["authenticity"] == ""


@pytest.mark.parametrize("is_critical", [True, False], ids=["critical", "not critical"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_go_hears_of_an_attribute_that_is_not_processed(
    host: Host, tmp_path: Path, media_type: str, *, is_critical: bool
) -> None:
    """An attribute whose value the plugin does not understand is fatal; for the Go side every one is critical."""
    scene = _scene(tmp_path, media_type)
    attributes = {CRITICAL: "another value"}
    push_needing(
        scene.layout,
        scene.chain,
        media_type,
        VerifyingPlugin.name,
        critical=attributes if is_critical else {},
        other={} if is_critical else attributes,
    )
    answer = _verified(host, scene, [TRUSTED])
    assert not answer["ok"]
    assert f"{CRITICAL!r} was not processed".replace("'", '"') in answer["error"]


def test_go_hears_that_the_plugin_is_too_old(host: Host, tmp_path: Path) -> None:
    """A lowest version above the plugin's own refuses the signature; versions are no texts."""
    scene = _scene(tmp_path)
    push_needing(scene.layout, scene.chain, JWS, VerifyingPlugin.name, minimum="1.9.0")
    answer = _verified(host, scene, [TRUSTED])
    assert answer["ok"], answer["error"]
    late = _scene(tmp_path / "late")
    push_needing(late.layout, late.chain, JWS, VerifyingPlugin.name, minimum="1.10.1")
    answer = _verified(host, late, [TRUSTED])
    assert not answer["ok"]
    assert f"version {VerifyingPlugin.version}" in answer["error"]


def test_go_does_not_believe_a_plugin_for_what_it_checks_itself(host: Host, tmp_path: Path) -> None:
    """A root that is not in the trust store stays a failure whatever the plugin says."""
    scene = _scene(tmp_path)
    push_needing(scene.layout, make_chain(), JWS, VerifyingPlugin.name)
    answer = _verified(host, scene, [TRUSTED])
    assert not answer["ok"]
    assert _steps(answer)["authenticity"]
