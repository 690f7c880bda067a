"""The plugin as an executable: conformance, notation as host, blobs, the doctor, and secrets that stay secret."""

import base64
import json
import logging
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit.errors import NotarykitError, PluginError
from notarykit.plugin import GenerateEnvelopeRequest
from notarykit.plugin.conformance import Result, Target, judge
from notarykit.plugin.discovery.process import run
from notarykit_identity.plugin import IdentityPlugin
from tests.interop import notation_cli, our_plugin
from tests.interop.provider import run_script
from tests.servers.identity.fulcio import KEY_ID, Fulcio
from tests.servers.identity.scene import STORES, Scene
from tests.servers.identity.test_fulcio import CLAIMS, SUBJECT
from tests.servers.identity.vault_ca import VaultCA
from tests.support.envelopes import JWS, PAYLOAD, PAYLOAD_TYPE
from tests.support.homes import policy_document

_MAIN = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from notarykit.plugin.server.stdio import run
sys.exit(run("notarykit_identity.plugin:IdentityPlugin"))
"""


def _flags(config: dict[str, str]) -> list[str]:
    return [f"--plugin-config={name}={value}" for name, value in config.items()]


@pytest.mark.parametrize("protocol", ["vault", "fulcio"])
def test_plugin_conforms(scene: Scene, session_vault_ca: VaultCA, fulcio_ca: Fulcio, protocol: str) -> None:
    """Every rule of the conformance kit passes or does not apply, and no output shows the token."""
    key_id, config = KEY_ID, scene.for_fulcio(fulcio_ca, "github-workflow", **CLAIMS)
    if protocol == "vault":
        scene.write_token()
        key_id, config = session_vault_ca.key_id, scene.for_vault(session_vault_ca)
    target = Target("identity", (key_id,), config, secrets=(scene.token_file.read_text(),))
    judgements = {judgement.rule.id: judgement for judgement in judge(target)}
    accepted = {Result.PASSED, Result.DOES_NOT_APPLY}
    assert [judgement for judgement in judgements.values() if judgement.result not in accepted] == []
    formats = [f"generate-envelope.{each}" for each in ("jws", "cose", "blob")]
    for rule in (*formats, "verify-signature.results", "output.secrets"):
        assert judgements[rule].result is Result.PASSED


def _command(scene: Scene, *arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    command = [program] if program else [sys.executable, "-m", "notarykit.cli"]
    return subprocess.run(
        [*command, *arguments], env=scene.home.environment(NOTATION_EXPERIMENTAL="1"), cwd=scene.folder, text=True,
        capture_output=True, check=False,
    )  # fmt: skip


def test_notation_signs_and_verifies(scene: Scene, session_vault_ca: VaultCA) -> None:
    """Notation's own command signs with a key of this plugin, and its own and ours accept the signature."""
    program = notation_cli.build()
    config = scene.for_vault(session_vault_ca)
    our_plugin.install_by_command(scene.home, "--from-package", "identity")
    scene.home.set_policy(policy_document(["x509.subject: C=US, ST=WA, O=ACME, OU=app"], STORES))
    reference = f"{scene.layout.path}@{scene.layout.digest}"
    for arguments in (
        ("key", "add", "--plugin=identity", f"--id={session_vault_ca.key_id}", *_flags(config), "build"),
        ("sign", "--oci-layout", "--key=build", reference),
        ("verify", "--oci-layout", "--scope=local/tests", reference),
    ):
        done = _command(scene, *arguments, program=program)
        assert done.returncode == 0, done.stderr
    done = _command(scene, "verify", "--oci-layout", "--scope=local/tests", reference)
    assert done.returncode == 0, done.stderr


def test_notation_without_the_plugin_refuses_a_signature_that_names_it(scene: Scene, session_vault_ca: VaultCA) -> None:
    """The attribute is critical: who does not have the plugin does not accept the signature."""
    program = notation_cli.build()
    config = scene.for_vault(session_vault_ca) | {"verification_plugin": "true"}
    scene.sign(session_vault_ca.key_id, config)
    scene.home.set_policy(policy_document(["*"], STORES))
    reference = f"{scene.layout.path}@{scene.layout.digest}"
    done = _command(scene, "verify", "--oci-layout", "--scope=local/tests", reference, program=program)
    assert done.returncode != 0
    assert "signature verification failed" in done.stderr
    our_plugin.install_by_command(scene.home, "--from-package", "identity")
    done = _command(scene, "verify", "--oci-layout", "--scope=local/tests", reference, program=program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("spec", ["EC-256", "EC-384", "RSA-4096"])
def test_blobs_are_signed(scene: Scene, session_vault_ca: VaultCA, spec: str) -> None:
    """A blob's digest is by the hash of the key that will be made."""
    config = scene.for_vault(session_vault_ca) | {"key_spec": spec}
    (scene.folder / "blob").write_text("content")
    policy = {
        "version": "1.0",
        "trustPolicies": [
            {
                "name": "blobs",
                "globalPolicy": True,
                "signatureVerification": {"level": "strict"},
                "trustStores": list(STORES),
                "trustedIdentities": ["x509.subject: C=US, ST=WA, O=ACME, OU=app"],
            }
        ],
    }
    (scene.home.folder / "trustpolicy.blob.json").write_text(json.dumps(policy))
    done = _command(
        scene, "blob", "sign", "--plugin=identity", f"--id={session_vault_ca.key_id}", *_flags(config), "blob"
    )
    assert done.returncode == 0, done.stderr
    done = _command(scene, "blob", "verify", "--signature=blob.jws.sig", "blob")
    assert done.returncode == 0, done.stderr


def test_doctor_walks_the_way(scene: Scene, fulcio_ca: Fulcio) -> None:
    """The doctor tells the identity, asks the issuer and signs once; a certificate of minutes is no warning."""
    config = scene.for_fulcio(fulcio_ca, "github-workflow", **CLAIMS)
    done = _command(scene, "plugin", "doctor", "identity", f"--key-id={KEY_ID}", *_flags(config))
    assert done.returncode == 0, done.stdout + done.stderr
    assert fulcio_ca.issuers["github-workflow"].url in done.stdout
    for text in ("publishes the key", "trial signature is valid"):
        assert text in done.stdout
    assert "warning" not in done.stdout
    scene.write_token(fulcio_ca.issuers["github-workflow"].token(exp=1, **CLAIMS))
    done = _command(scene, "plugin", "doctor", "identity", f"--key-id={KEY_ID}", *_flags(config))
    assert done.returncode != 0
    assert "expired" in done.stdout
    assert "trial" not in done.stdout


@pytest.fixture(params=["vault", "fulcio"])
def workload(
    request: pytest.FixtureRequest, scene: Scene, session_vault_ca: VaultCA, fulcio_ca: Fulcio
) -> tuple[str, dict[str, str]]:
    """Key id and configuration for each protocol."""
    if request.param == "vault":
        return session_vault_ca.key_id, scene.for_vault(session_vault_ca)
    return KEY_ID, scene.for_fulcio(fulcio_ca, "github-workflow", **CLAIMS)


@pytest.mark.parametrize("is_refused", [False, True], ids=["signed", "refused"])
def test_executable_writes_no_secret(scene: Scene, workload: tuple[str, dict[str, str]], *, is_refused: bool) -> None:
    """Responses, errors and the plugin's log show neither the token nor a private key, with all libraries at DEBUG."""
    key_id, config = workload
    if is_refused:
        key_id, config = (f"{key_id}x", config) if key_id != KEY_ID else (key_id, config | {"subject": "other"})
    request = {
        "contractVersion": "1.0",
        "keyId": key_id,
        "payloadType": PAYLOAD_TYPE,
        "signatureEnvelopeType": JWS,
        "payload": base64.b64encode(PAYLOAD).decode(),
        "pluginConfig": config,
    }
    log = scene.folder / "log"
    environment = dict(os.environ) | {"NOTARYKIT_PLUGIN_LOG": str(log), "HOME": str(scene.folder)}
    ended = run([sys.executable, "-c", _MAIN, "generate-envelope"], json.dumps(request).encode(), 60, environment)
    assert (ended.code == 0) is not is_refused, ended
    everything = (log.read_text() if log.exists() else "") + ended.output.decode() + ended.errors.decode()
    token = scene.token_file.read_text()
    assert token not in everything
    assert token.rpartition(".")[2] not in everything
    assert "PRIVATE KEY" not in everything


def test_nothing_is_written_to_the_disk(scene: Scene, workload: tuple[str, dict[str, str]]) -> None:
    """The private key is in no file: none is opened for writing, and no program started, while the plugin signs."""
    written: list[object] = []
    recorded = 0

    def note(event: str, arguments: tuple[object, ...]) -> None:
        # The timestamp authority of the tests runs in other threads.
        if threading.get_ident() != recorded:
            return
        flags = arguments[2] if event == "open" else 0
        if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork"):
            written.append(arguments)
        elif isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(arguments[0])

    sys.addaudithook(note)
    key_id, config = workload
    request = GenerateEnvelopeRequest(key_id, PAYLOAD, PAYLOAD_TYPE, JWS, None, config)
    IdentityPlugin().generate_envelope(request)  # Python may keep what it compiled of a module
    recorded = threading.get_ident()
    try:
        (scene.folder / "control").write_text("")
        IdentityPlugin().generate_envelope(request)
    finally:
        recorded = 0
    assert [str(each) for each in written] == [str(scene.folder / "control")]


def test_program_sees_no_secret(
    scene: Scene, workload: tuple[str, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    """Log records, traces of the network and exceptions with their causes show no token."""
    from notarykit.net.trace import observed

    caplog.set_level(logging.DEBUG)
    key_id, config = workload
    seen: list[str] = []
    with observed(lambda event: seen.append(repr(event))):
        scene.sign(key_id, config)
        for changes in ({"address": "https://127.0.0.1:1"}, {"subject": "other"}, {"audience": "other"}):
            with pytest.raises(PluginError) as caught:
                scene.sign(key_id, config | changes)
            seen += [*traceback.format_exception(caught.value), *_texts_of(caught.value)]
    seen += [record.getMessage() for record in caplog.records]
    token = scene.token_file.read_text()
    assert any("/v1/auth" in text or "signingCert" in text for text in seen)
    assert [text for text in seen if token in text or token.rpartition(".")[2] in text] == []
    assert [text for text in seen if "hvs." in text] == []


def _texts_of(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield repr(error) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__


def test_metadata_imports_little() -> None:
    """get-plugin-metadata and the constructor import nothing that signs or sends."""
    run_script(
        "import sys\n"
        "from notarykit_identity.plugin import IdentityPlugin\n"
        "assert IdentityPlugin.get_metadata().capabilities == ('SIGNATURE_GENERATOR.ENVELOPE', "
        "'SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB', 'SIGNATURE_VERIFIER.TRUSTED_IDENTITY')\n"
        "IdentityPlugin()\n"
        "assert not {'cryptography', 'notarykit.net.client', 'notarykit_identity.settings'} & set(sys.modules)\n"
    )


def test_command_signs_and_verifies_by_identity(scene: Scene, fulcio_ca: Fulcio) -> None:
    """Our own command signs and verifies with the plugin in its process, by issuer and subject."""
    config = scene.for_fulcio(fulcio_ca, "github-workflow", **CLAIMS) | {"verification_plugin": "true"}
    issuer = fulcio_ca.issuers["github-workflow"].url
    reference = f"{scene.layout.path}@{scene.layout.digest}"
    done = _command(scene, "key", "add", "--plugin=identity", f"--id={KEY_ID}", *_flags(config), "build")
    assert done.returncode == 0, done.stderr
    done = _command(scene, "sign", "--oci-layout", "--key=build", reference)
    assert done.returncode == 0, done.stderr
    for subject, code in ((SUBJECT, 0), ("https://github.com/acme/other", 1)):
        scene.home.set_policy(policy_document([f"identity: issuer={issuer}, subject={subject}"], STORES))
        done = _command(scene, "verify", "--oci-layout", "--scope=local/tests", reference)
        assert done.returncode == code, done.stderr
    assert f"the signer is 'identity: issuer={issuer}, subject={SUBJECT}'" in done.stderr


def test_configuration_with_a_token_is_refused_by_the_host_too(scene: Scene, fulcio_ca: Fulcio) -> None:
    """A token in the plugin configuration fails the signature, and the message does not repeat it."""
    config = scene.for_fulcio(fulcio_ca, "github-workflow", **CLAIMS)
    token = scene.token_file.read_text()
    with pytest.raises(NotarykitError, match="is a secret") as caught:
        scene.sign(KEY_ID, config | {"token_file": token})
    assert token not in caught.value.one_line()
    assert Path(config["token_file"]).exists()
