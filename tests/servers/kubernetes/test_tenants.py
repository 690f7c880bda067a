"""What may be tried by somebody who makes pods in one namespace and wants an image to run that nobody signed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.kubernetes.api import API, Object
from tests.servers.kubernetes.objects import another_image, pod
from tests.servers.kubernetes.scene import Scene


def _stored(api: API, namespace: str) -> str:
    """Returns everything that the pods of a namespace say."""
    return json.dumps([each["spec"] for each in api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]])


def _text(made: Object, container: str) -> bytes:
    """Returns a pod whose container is this text of JSON."""
    return json.dumps({**made, "spec": {"containers": ["HERE"]}}).replace('"HERE"', container).encode()


@pytest.mark.parametrize(
    "container",
    [
        '{"name": "c", "image": "GOOD", "image": "BAD"}',
        '{"name": "c", "image": "BAD", "image": "GOOD"}',
        '{"name": "c", "image": "GOOD", "Image": "BAD"}',
        '{"name": "c", "IMAGE": "BAD", "image": "GOOD"}',
        '{"name": "c", "image": "GOOD"}, {"name": "c", "image": "BAD"}',
        '{"name": "c", "image": "BAD "}',
        '{"name": "c", "image": "BA\\u0000D"}',
        '{"name": "c", "image": "docker://BAD"}',
        '{"name": "c", "image": "https://BAD"}',
        '{"name": "c", "image": "BAD@GOOD"}',
        '{"name": "c", "image": "[exempts]BAD"}',
        '{"name": "c", "image": null}',
    ],
)
def test_text_of_a_pod(scene: Scene, judged: str, container: str) -> None:
    """Members that stand twice or in other letters, and texts that hold two references, do not hide an image."""
    good, bad = scene.images.signed.by_digest, scene.images.unsigned.by_digest
    made = pod(judged, good)
    body = _text(made, container.replace("GOOD", good).replace("BAD", bad))
    answer = scene.api.request("POST", scene.api.path(made, named=False), body)
    assert scene.images.unsigned.name not in _stored(scene.api, judged)
    assert answer.is_good == (_stored(scene.api, judged) != "[]")


@pytest.mark.parametrize("count", [300, 5000])
def test_many_containers(scene: Scene, judged: str, count: int) -> None:
    """However many containers a pod has, it is denied in time, with a message of ours, and others are answered."""
    images = [f"r.test/web{number}:1" for number in range(count)]
    answer = scene.api.create(pod(judged, *images))
    assert answer.status == 403
    assert "more than 250 images" in answer.message or "the Pod is malformed: Expected `array`" in answer.message
    assert answer.seconds < 8
    assert scene.run(judged, scene.images.signed.by_digest).is_good


def _put(api: API, made: Object, image: str, *, subresource: str = "") -> int:
    stored = api.get(api.path(made))
    stored["spec"]["containers"][0]["image"] = image
    return api.request("PUT", "/".join(filter(None, (api.path(made), subresource))), stored).status


def _patch(api: API, made: Object, image: str, *, subresource: str = "") -> int:
    return api.patch(made, another_image(made, image), subresource).status


def _json_patch(api: API, made: Object, image: str, *, subresource: str = "") -> int:
    path = "/".join(filter(None, (api.path(made), subresource)))
    change: Any = [{"op": "replace", "path": "/spec/containers/0/image", "value": image}]
    return api.request("PATCH", path, json.dumps(change).encode(), content="application/json-patch+json").status


def _apply(api: API, made: Object, image: str, *, subresource: str = "") -> int:
    path = "/".join(filter(None, (api.path(made), subresource)))
    change = {**made, "spec": {"containers": [{"name": "c0", "image": image}]}}
    query = {"fieldManager": "tenant", "force": "true"}
    return api.request("PATCH", path, change, content="application/apply-patch+yaml", query=query).status


@pytest.mark.parametrize("change", [_put, _patch, _json_patch, _apply])
@pytest.mark.parametrize("subresource", ["", "status", "resize", "ephemeralcontainers"])
def test_ways_to_another_image(scene: Scene, judged: str, change: Callable[..., int], subresource: str) -> None:
    """No kind of update, of a pod or of a part of it, gives a container that runs an image without a signature."""
    made = pod(judged, scene.images.signed.by_digest)
    assert scene.api.create(made).is_good
    status = change(scene.api, made, scene.images.unsigned.by_digest, subresource=subresource)
    assert subresource or status == 403
    assert scene.images.unsigned.name not in _stored(scene.api, judged)
    assert subresource or change(scene.api, made, scene.images.push_signed().by_digest) == 200


def test_applied_pod(scene: Scene, judged: str) -> None:
    """A pod that is made by applying it is judged as one that is created."""
    made = pod(judged, scene.images.unsigned.by_digest)
    assert _apply(scene.api, made, scene.images.unsigned.by_digest) == 403
    assert _apply(scene.api, made, scene.images.signed.by_digest) == 201


def test_name_that_the_api_server_makes(scene: Scene, judged: str) -> None:
    """A pod without a name yet is judged."""
    made = pod(judged, scene.images.unsigned.by_digest)
    made["metadata"] = {"generateName": "web-", "namespace": judged}
    assert scene.api.create(made).status == 403


def test_namespace_of_the_path_counts(scene: Scene, judged: str) -> None:
    """A pod gets the rule of the namespace that it is stored in, whatever it says itself."""
    made = pod("exempts", scene.images.unsigned.by_digest)
    assert not scene.api.request("POST", f"/api/v1/namespaces/{judged}/pods", made).is_good
    del made["metadata"]["namespace"]
    assert scene.api.request("POST", f"/api/v1/namespaces/{judged}/pods", made).status == 403
