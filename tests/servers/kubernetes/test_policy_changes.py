"""Policies that are exchanged while pods arrive, as Kubernetes mounts a ConfigMap."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers.kubernetes import program
from tests.servers.kubernetes.load import Review, loaded
from tests.servers.kubernetes.objects import pod
from tests.servers.kubernetes.program import Replica, policy_files
from tests.servers.kubernetes.scene import Scene
from tests.support.polling import poll
from tests.unit.admission.policy.volumes import Volume


class _Mounted(NamedTuple):
    """Program whose policies are mounted, and a namespace for which it is asked."""

    volume: Volume
    replica: Replica
    namespace: str


@pytest.fixture
def mounted(scene: Scene, tmp_path: Path) -> Iterator[_Mounted]:
    """Program that trusts the signer, by policies in a volume."""
    volume = Volume(tmp_path / "policy")
    volume.write(policy_files(scene.images.trusted))
    with program.running(volume.folder, scene.ca.server()) as replica:
        yield _Mounted(volume, replica, scene.ask(replica.port))


def _says(scene: Scene, mounted: _Mounted) -> str:
    """Returns what the program says of its readiness."""
    return program.ask(mounted.replica.port, scene.ca.ca_file, "/readyz")[1].decode()


def test_each_answer_fits_one_policy(scene: Scene, mounted: _Mounted) -> None:
    """While one signer takes the place of another, each answer fits one policy, and none the two together."""
    images = scene.images
    pods = [
        (images.signed.by_digest,),
        (images.foreign.by_digest,),
        (images.signed.by_digest, images.foreign.by_digest),
    ]
    before, after, neither = pods

    def fits(review: Review, admitted: tuple[str, ...]) -> bool:
        return review.answer.status == (201 if review.images == admitted else 403)

    with loaded(lambda refs: scene.api.create(pod(mounted.namespace, *refs), dry_run=True), pods) as load:
        load.wait_for(30)
        changed = time.monotonic()
        assert all(fits(review, before) for review in load.reviews)
        mounted.volume.write(policy_files(images.stranger))
        poll(lambda: any(review.images == after and review.answer.status == 201 for review in load.since(changed)))
        taken = time.monotonic()
        load.wait_for(30)
    assert all(review.answer.status in {201, 403} for review in load.reviews)
    assert all(fits(review, after) for review in load.since(taken))
    # Whatever was sent meanwhile, the old policy or the new one decided: what neither admits was never admitted.
    assert {review.answer.status for review in load.since(changed) if review.images == neither} == {403}
    assert all("authenticity" in review.answer.message for review in load.reviews if review.answer.status == 403)


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("trustpolicy.json", b"{", "trust policy trustpolicy.json"),
        ("truststore/x509/ca/acme/root.pem", b"", "ca:acme"),
    ],
    ids=["policy", "store"],
)
def test_broken_policy_keeps_the_old_one(
    scene: Scene, mounted: _Mounted, path: str, content: bytes, problem: str
) -> None:
    """A broken state leaves the last good one in force, which log and readiness say; the next good one counts."""
    images, good = scene.images, policy_files(scene.images.trusted)
    mounted.volume.write({**good, path: content})
    poll(lambda: problem in _says(scene, mounted))
    assert _says(scene, mounted).startswith("ready, with older files")
    assert scene.run(mounted.namespace, images.signed.by_digest).status == 201
    assert scene.run(mounted.namespace, images.unsigned.by_digest).status == 403
    assert problem in mounted.replica.said()
    mounted.volume.write(policy_files(images.stranger))
    poll(lambda: scene.run(mounted.namespace, images.foreign.by_digest).status == 201)
    assert scene.run(mounted.namespace, images.signed.by_digest).status == 403
    assert _says(scene, mounted) == "ready"
