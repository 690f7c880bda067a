"""Bundles and Go: ORAS reads the file as a layout, and notation verifies what was pushed out of it into a registry."""

import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop import notation_cli
from tests.interop.go_peer import Peer
from tests.interop.scene import Question, Scene
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.support.bundles import Parts
from tests.support.ca import make_chain
from tests.support.envelopes import COSE, FORMATS, JWS
from tests.support.homes import SCOPE, Home, complete_home, policy_document
from tests.support.registries import push_artifacts
from tests.support.requirements import program

_NAME = "team/thing"


def _notarykit(home: Home, *arguments: str) -> str:
    command = [sys.executable, "-m", "notarykit.cli", *arguments]
    done = subprocess.run(command, env=home.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A signer and an artifact in a layout."""
    made = Scene(tmp_path, "EC-256", JWS, 3)
    made.home.set_policy()
    return made


def _bundle(scene: Scene, content: str, path: Path) -> Path:
    """A bundle of the artifact by its tag."""
    reference = f"{scene.layout.path}:v1"
    layout = ("--oci-layout", "--scope", SCOPE)
    _notarykit(scene.home, "bundle", "create", *layout, "--content", content, reference, "-o", str(path))
    return path


def test_oras_reads_a_bundle(peer: Peer, scene: Scene, tmp_path: Path) -> None:
    """ORAS finds the artifact by its name and the bundle's manifest by its tag, in the file as it is."""
    scene.sign_here()
    path = _bundle(scene, "full", tmp_path / "x.tar")
    found = peer.ask("resolveArchive", layout=str(path), reference=f"{SCOPE}:v1")
    assert found["digest"] == scene.layout.digest, found
    own = Parts(path).index["manifests"][0]["digest"]
    assert peer.ask("resolveArchive", layout=str(path), reference="notarykit-bundle")["digest"] == own


def test_skopeo_copies_out_of_a_bundle(scene: Scene, tmp_path: Path) -> None:
    """Skopeo finds the artifact and the bundle's manifest by their names, and copies the artifact with its layer."""
    scene.sign_here()
    path = _bundle(scene, "full", tmp_path / "x.tar")
    command = [program("skopeo"), "--insecure-policy"]
    for name, digest in (
        (f"{SCOPE}:v1", scene.layout.digest),
        ("notarykit-bundle", Parts(path).index["manifests"][0]["digest"]),
    ):
        shown = subprocess.run(
            [*command, "inspect", "--raw", f"oci-archive:{path}:{name}"], capture_output=True, check=True
        ).stdout
        assert f"sha256:{hashlib.sha256(shown).hexdigest()}" == digest
    out = tmp_path / "out"
    subprocess.run([*command, "copy", f"oci-archive:{path}:{SCOPE}:v1", f"dir:{out}"], capture_output=True, check=True)
    assert b"content of v1" in [each.read_bytes() for each in out.iterdir()]


@pytest.mark.parametrize("content", ["full", "manifest"])
def test_go_verifies_an_extracted_bundle(peer: Peer, scene: Scene, content: str, tmp_path: Path) -> None:
    """Extracted into a folder, a bundle is a layout in which the Go side finds the signatures and verifies them."""
    scene.sign_here()
    scene.sign_there(peer)
    path = _bundle(scene, content, tmp_path / "x.tar")
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path / "extracted", filter="data")
    question = Question(str(tmp_path / "extracted"), scene.layout.digest, scene.home, policy_document())
    answer = question.ask_peer(peer)
    assert answer["ok"], answer["error"]
    question.ask_us()


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Callable[[str], Registry]:
    """Starts a registry of a kind."""

    def started(kind: str) -> Registry:
        if kind == "docker":
            docker: DockerRegistries = request.getfixturevalue("docker_registry")
            return docker()
        plain: GoRegistries = request.getfixturevalue("plain_registry")
        return plain.memory() if kind == "memory" else plain(referrers=False)

    return started


def _notation(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs notation with the same settings."""
    environment = home.environment(XDG_CONFIG_HOME=str(home.folder.parent))
    return subprocess.run(
        [notation_cli.build(), *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("kind", ["memory", "no API", "docker"])
@pytest.mark.parametrize("media_type", FORMATS)
def test_notation_verifies_what_was_pushed(
    start: Callable[[str], Registry], kind: str, media_type: str, tmp_path: Path
) -> None:
    """What was signed in one registry is verified by notation in another, into which its bundle was pushed."""
    home = complete_home(tmp_path / "notation", make_chain())
    there, here = start("memory"), start(kind)
    (digest,) = push_artifacts(there.address, _NAME, ["v1"])
    short = "cose" if media_type == COSE else "jws"
    _notarykit(home, "sign", "--signature-format", short, "-m", "build=42", f"{there.host}/{_NAME}@{digest}")
    path = str(tmp_path / "x.tar")
    _notarykit(home, "bundle", "create", f"{there.host}/{_NAME}@{digest}", "-o", path)
    _notarykit(home, "bundle", "verify", path, "--for", here.host)
    reference = f"{here.host}/{_NAME}@{digest}"
    before = _notation(home, "verify", "--insecure-registry", reference)
    assert before.returncode != 0
    _notarykit(home, "bundle", "push", path, here.host)
    done = _notation(home, "verify", "--insecure-registry", "-m", "build=42", reference)
    assert done.returncode == 0, done
    assert f"Successfully verified signature for {reference}" in done.stdout
    wrong = _notation(home, "verify", "--insecure-registry", "-m", "build=43", reference)
    assert wrong.returncode != 0


def test_signatures_of_notation_go_along(start: Callable[[str], Registry], tmp_path: Path) -> None:
    """What notation has signed is carried over, and verified by both."""
    home = complete_home(tmp_path / "notation", make_chain())
    there, here = start("memory"), start("memory")
    (digest,) = push_artifacts(there.address, _NAME, ["v1"])
    signed = _notation(home, "sign", "--insecure-registry", f"{there.host}/{_NAME}@{digest}")
    assert signed.returncode == 0, signed
    path = str(tmp_path / "x.tar")
    _notarykit(home, "bundle", "create", f"{there.host}/{_NAME}@{digest}", "-o", path)
    (result,) = json.loads(_notarykit(home, "bundle", "push", path, here.host, "-o", "json"))["results"]
    assert len(result["signatures"]) == 1
    reference = f"{here.host}/{_NAME}@{digest}"
    assert _notation(home, "verify", "--insecure-registry", reference).returncode == 0
    _notarykit(home, "verify", reference)
