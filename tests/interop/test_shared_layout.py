"""Both tools on one layout, on one set of settings, and with attributes that only one of them minds."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import ExtendedValidationError, NoAcceptedSignatureError
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest
from notarykit.verification.verdict import Verified
from tests.interop.go_peer import Peer
from tests.interop.scene import METADATA, Scene, push
from tests.support.ca import make_chain
from tests.support.envelopes import COSE, FORMATS, JWS, build
from tests.support.homes import SCOPE, policy_document
from tests.support.layouts import Layout, add_artifact, read_index, write_index

CRITICAL_KEY = "io.example.must-understand"


def _signatures(layout: Layout) -> list[str]:
    place = ImageLayout(layout.path)
    return [each.digest for each in place.signatures(place.resolve(layout.digest))]


def _notarykit(scene: Scene, *arguments: str) -> str:
    """Runs the real command line under the scene's settings."""
    command = [sys.executable, "-m", "notarykit.cli", *arguments]
    done = subprocess.run(command, env=scene.home.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_both_tools_sign_into_one_layout_and_nothing_is_lost(peer: Peer, tmp_path: Path) -> None:
    """Four signers take turns on one layout; each side finds and accepts all four, and the other contents stay."""
    signers = (("EC-256", JWS), ("EC-384", COSE), ("RSA-2048", JWS), ("EC-521", COSE))
    scenes = [Scene(tmp_path / str(number), spec, media_type, 3) for number, (spec, media_type) in enumerate(signers)]
    layout = scenes[0].layout
    other = add_artifact(layout.path, "v2")
    before = read_index(layout.path)
    manifests = []
    for number, scene in enumerate(scenes):
        scene.layout = layout
        manifests.append(scene.sign_there(peer) if number % 2 else scene.sign_here())
    assert sorted(_signatures(layout)) == sorted(manifests)
    entries = {each["digest"]: each for each in read_index(layout.path)["manifests"]}  # the Go side shuffles them
    assert set(entries) == {layout.digest, other.digest, *manifests}
    assert [entries[each["digest"]] for each in before["manifests"]] == before["manifests"]
    for scene in scenes:  # each side walks past the signatures of others to the only one that is trusted
        answer = scene.question().ask_peer(peer)
        assert answer["ok"], answer["error"]
        assert isinstance(scene.question().ask_us().verdict, Verified)


def test_members_of_the_index_that_nobody_knows_stay(tmp_path: Path) -> None:
    """Annotations and unknown members of the index are as before after signing."""
    scene = Scene(tmp_path, "EC-256", JWS, 2)
    index = {**read_index(scene.layout.path), "annotations": {"a": "ü"}, "x-unknown": [1, {"b": None}]}
    write_index(scene.layout.path, index)
    scene.sign_here()
    after = read_index(scene.layout.path)
    assert after["manifests"][:-1] == index["manifests"]
    assert {**after, "manifests": None} == {**index, "manifests": None}


def test_go_signs_another_artifact_of_the_layout(peer: Peer, tmp_path: Path) -> None:
    """Signatures of two artifacts in one layout are told apart by both sides."""
    scene = Scene(tmp_path, "EC-256", COSE, 2)
    second = add_artifact(scene.layout.path, "v2").digest
    ours, theirs = scene.sign_here(), scene.sign_there(peer, second)
    assert _signatures(scene.layout) == [ours]
    assert _signatures(Layout(scene.layout.path, Digest(second))) == [theirs]
    for question in (scene.question(), scene.question()._replace(digest=second)):
        assert question.ask_peer(peer)["ok"]
        assert isinstance(question.ask_us().verdict, Verified)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("critical", [True, False], ids=["critical", "not critical"])
def test_an_attribute_that_nobody_knows(peer: Peer, tmp_path: Path, media_type: str, *, critical: bool) -> None:
    """The Go side lets an unknown critical attribute pass, and here it is refused; one that is not critical passes."""
    scene = Scene(tmp_path, "EC-256", media_type, 2)
    crit = "crit" if media_type == JWS else 2
    changes: dict[Any, Any] = {CRITICAL_KEY: "1"}
    if critical:
        changes[crit] = ["io.cncf.notary.signingScheme", CRITICAL_KEY]
    push(scene.layout.path, scene.layout.digest, media_type, build(scene.chain, media_type, changes, _payload(scene)))
    question = scene.question()
    assert question.ask_peer(peer)["ok"]
    if not critical:
        assert isinstance(question.ask_us().verdict, Verified)
        return
    with pytest.raises(NoAcceptedSignatureError) as refused:
        question.ask_us()
    ((_, error),) = refused.value.failures
    assert isinstance(error, ExtendedValidationError)
    assert CRITICAL_KEY in error.message


def _payload(scene: Scene) -> bytes:
    target = ImageLayout(scene.layout.path).resolve(scene.layout.digest)
    members: Mapping[str, Any] = {**target.to_json(), "annotations": METADATA}
    return json.dumps({"targetArtifact": members}).encode()


@pytest.mark.parametrize(("media_type", "short"), [(JWS, "jws"), (COSE, "cose")])
@pytest.mark.parametrize(("spec", "length"), [("RSA-3072", 3), ("EC-384", 1)])
def test_the_command_line_signs_and_go_verifies(
    peer: Peer, tmp_path: Path, media_type: str, short: str, spec: str, length: int
) -> None:
    """A key on the list of signing keys signs through the real command line, and the Go side accepts the signature."""
    scene = Scene(tmp_path, spec, media_type, length)
    reference = f"{scene.layout.path}@{scene.layout.digest}"
    pairs = [text for key, value in METADATA.items() for text in ("-m", f"{key}={value}")]
    _notarykit(scene, "sign", "--oci-layout", "-k", "build", "--signature-format", short, "-e24h", *pairs, reference)
    answer = scene.question().ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert answer["metadata"] == METADATA


@pytest.mark.parametrize("media_type", FORMATS)
def test_go_signs_and_the_command_line_verifies(peer: Peer, tmp_path: Path, media_type: str) -> None:
    """The real command line accepts the Go side's signature under a strict policy with a named identity."""
    scene = Scene(tmp_path, "RSA-2048", media_type, 3)
    scene.home.set_policy()
    manifest = scene.sign_there(peer)
    reference = f"{scene.layout.path}@{scene.layout.digest}"
    shown = _notarykit(scene, "verify", "--oci-layout", "--scope", SCOPE, "-m", "build=42", "-o", "json", reference)
    ((result),) = json.loads(shown)["results"]
    assert (result["verdict"], result["signature"], result["userMetadata"]) == ("verified", manifest, METADATA)


def test_go_reads_the_settings_that_the_command_line_writes(peer: Peer, tmp_path: Path) -> None:
    """The trust store, the trust policy and the key files that commands wrote serve the Go side as they are."""
    scene = Scene(tmp_path, "EC-256", JWS, 2)
    _notarykit(scene, "certificate", "generate-test", "--default", "wabbit")
    identity = "x509.subject: C=US, ST=WA, L=Seattle, O=Notary, CN=wabbit"
    _notarykit(scene, "policy", "init", "--name", "t", "--trust-store", "ca:wabbit", "--trusted-identity", identity)
    keys = json.loads(scene.home.keys_file.read_bytes())
    assert keys["default"] == "wabbit"
    (key,) = [each for each in keys["keys"] if each["name"] == "wabbit"]
    assert set(key) == {"name", "keyPath", "certPath"}
    scene.key_file, scene.chain_file = Path(key["keyPath"]), Path(key["certPath"])
    scene.sign_there(peer)
    question = scene.question()._replace(policy=json.loads(scene.home.policy_file.read_bytes()))
    answer = question.ask_peer(peer)
    assert answer["ok"], answer["error"]
    assert isinstance(question.ask_us().verdict, Verified)


def test_go_reads_a_trust_store_that_certificates_were_added_to(peer: Peer, tmp_path: Path) -> None:
    """A root that `certificate add` copied into a new named store is trusted by the Go side."""
    scene, stranger = Scene(tmp_path, "EC-256", COSE, 4), make_chain(length=2)
    for number, chain in enumerate((stranger, scene.chain)):
        (tmp_path / f"root{number}.crt").write_bytes(chain.pems[-1])
        _notarykit(scene, "certificate", "add", "-t", "ca", "-s", "added", str(tmp_path / f"root{number}.crt"))
    scene.sign_here()
    question = scene.question()._replace(policy=policy_document(stores=["ca:added"]))
    answer = question.ask_peer(peer)
    assert answer["ok"], answer["error"]
