"""Workloads in a real cluster: templates are judged when they are written, and what is known already is left alone."""

import pytest

from tests.servers.kubernetes.api import Answer, Object
from tests.servers.kubernetes.images import Image, at
from tests.servers.kubernetes.objects import WORKLOADS, another_image, debugging, pod, workload
from tests.servers.kubernetes.scene import Scene
from tests.servers.registry import faults


@pytest.mark.parametrize("kind", WORKLOADS)
def test_template_is_judged(scene: Scene, judged: str, kind: str) -> None:
    """A workload of each kind is created only if the images of its template are signed."""
    assert scene.api.create(workload(kind, judged, scene.images.signed.by_digest)).status == 201
    answer = scene.api.create(workload(kind, judged, scene.images.unsigned.by_digest))
    assert answer.status == 403
    assert f"container 'c0': {scene.images.unsigned.by_digest}: no signature is associated with" in answer.message


@pytest.mark.parametrize("kind", sorted({"Pod", *WORKLOADS} - {"Job"}))  # the template of a Job is immutable
def test_another_image_is_judged(scene: Scene, judged: str, kind: str) -> None:
    """An update that gives a container another image is judged."""
    made = _made(kind, judged, scene.images.signed)
    assert scene.api.create(made).status == 201
    assert _changed(scene, made, scene.images.unsigned.by_digest).status == 403
    assert _changed(scene, made, scene.images.push_signed().by_digest).status == 200


@pytest.fixture
def lonely(scene: Scene, judged: str) -> tuple[Object, Image]:
    """Pod that runs, whose image's registry answers nobody any more, and whose signature nobody remembers."""
    image = scene.images.push_signed()
    made = pod(judged, image.by_digest)
    assert scene.api.create(made).status == 201
    scene.images.proxy.fault(faults.cut_before_headers(), at(image))
    return made, image


_OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "0f0e0d0c-0000-4000-8000-000000000000"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {"team": "web"}},
        {"annotations": {"note": "seen"}},
        {"finalizers": ["notarykit.test/wait"]},
        {"ownerReferences": [_OWNER]},
    ],
    ids=lambda metadata: next(iter(metadata)),
)
def test_update_without_another_image_asks_nobody(
    scene: Scene, lonely: tuple[Object, Image], metadata: dict[str, object]
) -> None:
    """Labels, annotations, finalizers and owners of a running pod are changed although its registry is down."""
    made, image = lonely
    before = len(scene.images.requests(image))
    assert scene.api.patch(made, {"metadata": metadata}).status == 200
    assert len(scene.images.requests(image)) == before


def test_debug_container_asks_for_itself_alone(scene: Scene, lonely: tuple[Object, Image]) -> None:
    """A debug container is added by its own image's signature, although the registry of the pod's own is down."""
    made, image = lonely
    before = len(scene.images.requests(image))
    debug = debugging(scene.images.signed.by_digest)
    assert scene.api.patch(made, debug, "ephemeralcontainers").status == 200
    assert len(scene.images.requests(image)) == before


def test_deletion_asks_nobody(scene: Scene, lonely: tuple[Object, Image]) -> None:
    """A pod is deleted although its registry is down."""
    made, image = lonely
    before = len(scene.images.requests(image))
    assert scene.api.delete(made).status == 200
    assert len(scene.images.requests(image)) == before


def test_scaling_asks_nobody(scene: Scene, judged: str) -> None:
    """A workload is scaled without a question about its images."""
    image = scene.images.push_signed()
    made = workload("Deployment", judged, image.by_digest)
    assert scene.api.create(made).status == 201
    before = len(scene.images.requests(image))
    assert scene.api.patch(made, {"spec": {"replicas": 7}}, "scale").status == 200
    assert scene.api.patch(made, {"spec": {"replicas": 8}}).status == 200
    assert len(scene.images.requests(image)) == before


def test_known_image_in_another_container_is_judged(scene: Scene, lonely: tuple[Object, Image]) -> None:
    """The image of one container is judged again in another: its rule may be another by now."""
    made, image = lonely
    debug = debugging(f"{image.repository}:other")
    assert scene.api.patch(made, debug, "ephemeralcontainers").status == 403


def _made(kind: str, namespace: str, image: Image) -> Object:
    return pod(namespace, image.by_digest) if kind == "Pod" else workload(kind, namespace, image.by_digest)


def _changed(scene: Scene, made: Object, image: str) -> Answer:
    """Gives the container of an object another image."""
    return scene.api.patch(made, another_image(made, image))
