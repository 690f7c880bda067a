"""How a signature comes to be listed where the registry does not list it itself, and what is said where it cannot."""

import json
import os
import re
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

import notarykit
from notarykit.cli.run import run as run_here
from notarykit.errors import ArtifactNotFoundError
from notarykit.keys.local import LocalSigner
from notarykit.oci.reference import Digest
from notarykit.oci.registry.registries import Registries
from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import Exchange, Fault, FaultProxy
from tests.servers.registry.faults import at
from tests.servers.registry.http_server import Reply
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import NAME, error_of, run
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import fallback_entries, push_artifacts

LIST, TAG = "/referrers/", "/manifests/sha256-"


class Scene(NamedTuple):
    """An artifact in a registry that lists no signatures, behind a server that can do wrong."""

    registry: Registry
    proxy: FaultProxy
    home: Home
    digest: Digest

    @property
    def reference(self) -> str:
        """The artifact's name."""
        return f"{self.proxy.host}/{NAME}@{self.digest}"

    def entries(self) -> list[str]:
        """What is listed under the tag."""
        return [each["digest"] for each in fallback_entries(self.registry.address, NAME, self.digest)]


@pytest.fixture
def scene(plain_registry: GoRegistries, fault_proxy: FaultProxies, tmp_path: Path) -> Scene:
    """An artifact that is not signed, and a user with a key that is trusted."""
    registry = plain_registry(referrers=False)
    (digest,) = push_artifacts(registry.address, NAME, ["v1"])
    return Scene(registry, fault_proxy(registry), complete_home(tmp_path / "home", make_chain()), digest)


def _led_to(fault: Fault) -> Fault:
    """Send the client on, and do wrong there."""

    def at_the_end(exchange: Exchange) -> None:
        if "led" in exchange.seen.query:
            fault(exchange)
        else:
            exchange.reply(Reply(303, (("Location", f"{exchange.seen.target}&led=on"),)))

    return at_the_end


@pytest.mark.parametrize(
    "fault",
    [
        faults.too_many_requests(),
        faults.too_many_requests("3600"),
        faults.unavailable(),
        *(faults.status(code) for code in (400, 401, 403, 405, 500, 501)),
        faults.status(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}'),
        faults.status(200, b"<html>", Content_Type="text/html"),
        faults.status(200, b"{}"),
        _led_to(faults.too_many_requests()),
        _led_to(faults.status(200, b"<html>", Content_Type="text/html")),
        faults.cut_before_headers(),
    ],
    ids=["429", "429 for long", "503", "400", "401", "403", "405", "500", "501", "unknown", "page", "JSON",
         "led to 429", "led to a page", "cut"],
)  # fmt: skip
def test_whatever_the_api_answers(fault: Fault, scene: Scene) -> None:
    """distribution-spec 1.1: without OCI-Subject the client MUST update the tag, whatever the API answers then."""
    scene.proxy.fault(fault, at(LIST))
    done = run(scene.home, "sign", scene.reference)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(scene.entries()) == 1
    scene.proxy.clear()
    assert run(scene.home, "verify", scene.reference).returncode == 0


def _of_another_artifact(exchange: Exchange) -> None:
    """Name another subject than the manifest's."""
    exchange.reply(exchange.forwarded().with_header("OCI-Subject", f"sha256:{'0' * 64}"))


def test_the_subject_of_another_artifact(scene: Scene) -> None:
    """Only the artifact's own digest in OCI-Subject says that the registry lists this signature."""
    scene.proxy.fault(_of_another_artifact, at("/manifests/", "PUT"))
    assert run(scene.home, "sign", scene.reference).returncode == 0
    assert len(scene.entries()) == 1


@pytest.mark.parametrize("code", [404, 405, 501])
def test_a_registry_that_never_knows_the_api(code: int, scene: Scene) -> None:
    """What was signed beside such answers is found beside them."""
    scene.proxy.fault(faults.status(code, b'{"errors":[{"code":"NAME_UNKNOWN"}]}'), at(LIST))
    assert run(scene.home, "sign", scene.reference).returncode == 0
    assert run(scene.home, "verify", scene.reference).returncode == 0


_LATER = "try again later, with fewer requests at a time or a longer time limit; then sign again"


@pytest.mark.parametrize(
    ("fault", "method", "reason", "advice"),
    [
        (faults.status(403), "PUT", "denies PUT of repository:", "ask for the permission; then sign again"),
        (faults.status(400), "PUT", "status 400", "sign again when that is mended"),
        (faults.unavailable(), "GET", "status 503", "sign again when that is mended"),
        (faults.too_many_requests("3600"), "PUT", "(Retry-After: 3600)", _LATER),
    ],
    ids=["403", "400", "503", "429"],
)
def test_what_is_stored_and_not_listed(fault: Fault, method: str, reason: str, advice: str, scene: Scene) -> None:
    """The message has the digest of what is stored, that nobody will find it, why, and what to do; doing it helps."""
    scene.proxy.fault(fault, at(TAG, method))
    line = error_of(run(scene.home, "sign", scene.reference), 3)
    stored = re.match(rf"{scene.proxy.host}/{NAME}: the signature (sha256:[0-9a-f]+) is stored, but not listed,", line)
    assert stored
    assert reason in line
    assert line.endswith((f": {advice}", f", or {advice}"))
    with scene.proxy.lock:
        assert any(each.path == f"/v2/{NAME}/manifests/{stored[1]}" for each in scene.proxy.seen)
    assert scene.entries() == []
    scene.proxy.clear()
    assert run(scene.home, "sign", scene.reference).returncode == 0
    assert run(scene.home, "verify", scene.reference).returncode == 0


def test_a_tag_that_leads_to_the_artifact(scene: Scene) -> None:
    """A registry that takes such a tag for the digest has no signatures, and signing stops before it writes there."""
    path = f"/v2/{NAME}/manifests/{scene.digest}"
    scene.proxy.fault(lambda exchange: exchange.reply(exchange.forwarded(path)), at(TAG, "GET", "HEAD"))
    assert "no signature is associated with" in error_of(run(scene.home, "verify", scene.reference), 1)
    listed = run(scene.home, "list", scene.reference)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "has no associated signature" in listed.stdout
    line = error_of(run(scene.home, "sign", scene.reference), 3)
    assert "is stored, but not listed" in line
    assert "the registry returns the artifact itself for this tag" in line
    assert not any(at(TAG, "PUT")(each) for each in scene.proxy.seen)


def test_an_image_under_the_tag(scene: Scene) -> None:
    """Somebody's image under such a tag is no list of signatures, and is not written over."""
    tag = scene.digest.replace(":", "-")
    (image,) = push_artifacts(scene.registry.address, NAME, [tag])
    error_of(run(scene.home, "verify", scene.reference), 1)
    assert "is malformed" in error_of(run(scene.home, "sign", scene.reference), 3)
    assert run(scene.home, "verify", f"{scene.registry.host}/{NAME}@{image}").returncode == 1
    assert run(scene.home, "list", f"{scene.registry.host}/{NAME}:{tag}").returncode == 0


def _when(scene: Scene, digest: str, method: str) -> list[int]:
    """Which requests for the index of an artifact had a method, counted in the order of coming."""
    tag = f"/manifests/{digest.replace(':', '-')}$"
    with scene.proxy.lock:
        return [number for number, seen in enumerate(scene.proxy.seen) if at(tag, method)(seen)]


class TestSeveral:
    """Several artifacts of one command, each with an index of its own that is looked at again."""

    TAGS = ("v1", "v2", "v3", "v4")

    def test_pauses_overlap(self, scene: Scene) -> None:
        """The next artifact is signed before the index of the one before is looked at again."""
        digests = push_artifacts(scene.registry.address, NAME, self.TAGS)
        references = [f"{scene.proxy.host}/{NAME}@{digest}" for digest in digests]
        done = run(scene.home, "sign", *references)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "".join(f"Successfully signed {each}\n" for each in references)
        for before, after in pairwise(digests):
            assert _when(scene, before, "GET")[1] > _when(scene, after, "PUT")[0]

    def test_in_a_program(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        """A program waits for all of them at the same time."""
        digests = push_artifacts(scene.registry.address, NAME, self.TAGS)
        together = threading.Barrier(len(digests), timeout=20)

        def sleep(seconds: float) -> None:
            together.wait()
            time.sleep(seconds)

        for name in ("_SHORTEST_PAUSE", "_LONGEST_PAUSE"):
            monkeypatch.setattr(f"notarykit.oci.registry.referrers_tag.{name}", 0.5)
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
        monkeypatch.setattr("notarykit.oci.registry.referrers_tag.time", clock)
        key, chain = scene.home.folder / "build.key", scene.home.folder / "build.chain.pem"
        references = [f"{scene.proxy.host}/{NAME}@{digest}" for digest in digests]
        signer = LocalSigner.from_files(str(key), str(chain))
        with Registries() as registries:
            outcomes = notarykit.sign_artifacts(
                [*references, f"{scene.proxy.host}/{NAME}:absent"], signer, registries=registries
            )
            *signed, absent = outcomes
        assert isinstance(absent.error, ArtifactNotFoundError)
        for digest, outcome in zip(digests, signed, strict=True):
            (entry,) = fallback_entries(scene.registry.address, NAME, digest)
            assert entry["digest"] == outcome.value().manifest.digest

    @pytest.mark.parametrize("count", [1, 4])
    def test_interruption_while_a_signature_is_awaited_in_the_list(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], count: int
    ) -> None:
        """One stored signature is named, since it may not be listed; of several, all that were begun are listed.

        Connections are closed in either case.
        """
        digests = push_artifacts(scene.registry.address, NAME, self.TAGS[:count])
        for name, value in scene.home.environment().items():
            monkeypatch.setenv(name, value)
        is_interrupted = threading.Event()

        def sleep(seconds: float) -> None:
            if not is_interrupted.is_set():
                is_interrupted.set()
                os.kill(os.getpid(), signal.SIGINT)
            time.sleep(seconds)

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
        monkeypatch.setattr("notarykit.oci.registry.referrers_tag.time", clock)
        references = [f"{scene.proxy.host}/{NAME}@{digest}" for digest in digests]
        closed: list[Registries] = []
        close = Registries.close

        def noted(registries: Registries) -> None:
            closed.append(registries)
            close(registries)

        monkeypatch.setattr(Registries, "close", noted)
        assert run_here(["sign", *references]) == 130
        assert closed
        captured = capsys.readouterr()
        stored = [entry for digest in digests for entry in fallback_entries(scene.registry.address, NAME, digest)]
        if count == 1:
            text = f"{scene.proxy.host}/{NAME}: the signature {stored[0]['digest']} is stored, and may not be listed"
            assert (captured.out, captured.err) == ("", f"Error: interrupted: {text}\n")
            return
        done = len(stored)
        assert captured.out == "".join(f"Successfully signed {reference}\n" for reference in references[:done])
        assert f"Error: interrupted: {done} done, 0 failed, {count - done} remain: " in captured.err

    def test_one_that_cannot_be_listed(self, scene: Scene) -> None:
        """It is told in its place, and those around it are signed."""
        digests = push_artifacts(scene.registry.address, NAME, self.TAGS)
        references = [f"{scene.proxy.host}/{NAME}@{digest}" for digest in digests]
        scene.proxy.fault(faults.status(403), at(f"/manifests/{digests[1].replace(':', '-')}", "PUT"))
        done = run(scene.home, "sign", "--output", "json", *references)
        assert references[1] in error_of(done, 3)
        results = json.loads(done.stdout)["results"]
        assert [(each["reference"], each["signed"]) for each in results] == [
            (reference, reference != references[1]) for reference in references
        ]
        assert results[1]["error"]["type"] == "UnlistedSignatureError"
