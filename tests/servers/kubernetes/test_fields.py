"""Fields that hold a reference to an image: none of the API server under test is missed, in any kind."""

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from notarykit_admission.workload.images import find_pod
from notarykit_admission.workload.kinds import POD_SPECS, Kind
from tests.servers.kubernetes.api import Object
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.objects import WORKLOADS, another_image, pod, workload
from tests.servers.kubernetes.openapi import ANY, Path, Schema, schemas
from tests.servers.kubernetes.scene import Scene

_OBJECTS_OF_A_KIND = 30
_POD_SPEC = "io.k8s.api.core.v1.PodSpec"
# Everything else with `image` on the way to it is taken for a reference to one.
_NO_REFERENCES = (
    ("imagePullPolicy",),
    ("image", "pullPolicy"),
    ("imagePullSecrets", ANY, "name"),
    ("rbd", "image"),  # a block device of Ceph
)
# What was reported of nodes and pods makes nothing run.
_REPORTED = "status"


@pytest.fixture(scope="module")
def described(cluster: Cluster) -> list[Schema]:
    """Schemas of all kinds of the API server."""
    return schemas(cluster.api)


def _references(schema: Schema) -> list[Path]:
    """Returns the paths of the fields that hold a reference to an image."""
    return [
        path
        for path in schema.texts()
        if any("image" in member.lower() for member in path)
        and path[0] != _REPORTED
        and not any(path[-len(each) :] == each for each in _NO_REFERENCES)
    ]


def test_kinds_with_pods_are_known(described: list[Schema]) -> None:
    """Each kind with the specification of a pod is known, with the place where it is, and no other has images."""
    assert {schema.kind: tuple(schema.parts(_POD_SPEC)) for schema in described if any(schema.parts(_POD_SPEC))} == {
        kind: (path,) for kind, path in POD_SPECS.items()
    }
    assert {schema.kind for schema in described if _references(schema)} == set(POD_SPECS)


def test_no_reference_is_missed(described: list[Schema]) -> None:
    """In hundreds of objects with any fields, what is found is what a walk by the description finds."""
    unmet = set()
    for schema in (each for each in described if each.kind in POD_SPECS):
        paths = _references(schema)
        unmet |= {(schema.name, path) for path in paths}
        for seed in range(_OBJECTS_OF_A_KIND):
            made = _made(schema, random.Random(f"{schema.name} {seed}"))
            walked = {path: set(_at(made, path)) for path in paths}
            images = find_pod(schema.kind, json.dumps(made).encode()).images
            assert {(image.pointer, image.text) for image in images if image.text} == set().union(*walked.values())
            unmet -= {(schema.name, path) for path, found in walked.items() if found}
    assert unmet == set()


def _made(schema: Schema, chance: random.Random) -> Object:
    """Returns an object with some of its kind's fields, the ones of images among them; each text is a reference."""
    numbers = itertools.count()
    wanted = {path[:length] for path in _references(schema) for length in range(1, len(path) + 1)}

    def make(found: Object, path: Path) -> Any:
        found = schema.resolved(found)
        if found.get("type") == "array":
            return [make(found["items"], (*path, ANY)) for _ in range(chance.randint(0, 3))]
        if isinstance(found.get("additionalProperties"), dict):
            return {f"k~/{number}": make(found["additionalProperties"], (*path, ANY)) for number in range(2)}
        if found.get("type") in {"integer", "number", "boolean"}:
            return chance.choice([0, 1]) if found["type"] != "boolean" else chance.choice([True, False])
        if found.get("type") != "object" or "properties" not in found:
            return f"r.test/n{next(numbers)}:v1"
        members = found["properties"].items()
        chosen = [each for each in members if chance.random() < (0.95 if (*path, each[0]) in wanted else 0.2)]
        return {name: make(member, (*path, name)) for name, member in chosen}

    made: Object = make(schema.all[schema.name], ())
    return made


def _at(found: Any, path: Path, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yields the JSON pointers of the fields at a path of an object, and what they hold."""
    if not path:
        yield pointer, found
    elif path[0] == ANY:
        entries = enumerate(found) if isinstance(found, list) else found.items()
        for key, entry in entries:
            yield from _at(entry, path[1:], f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif path[0] in found:
        yield from _at(found[path[0]], path[1:], f"{pointer}/{path[0]}")


def _simple(kind: str, namespace: str, image: str) -> Object:
    return pod(namespace, image) if kind == "Pod" else workload(kind, namespace, image)


def test_each_field_is_judged(described: list[Schema], scene: Scene, judged: str) -> None:
    """An image that is not signed is denied in each field of each kind, or the API server itself refuses the field."""
    good, bad = scene.images.signed.by_digest, scene.images.unsigned.by_digest
    results = {}
    for schema in (each for each in described if each.kind in POD_SPECS):
        for path in _references(schema):
            made = _simple(schema.kind.name, judged, good)
            _put(made, path, bad)
            answer = scene.api.create(made)
            results[schema.kind.name, path[-3:]] = answer.status
            assert answer.status == 422 or f"{bad}: no signature is associated with" in answer.message
    refused = {path for (_, path), status in results.items() if status == 422}
    assert refused == {("ephemeralContainers", ANY, "image")}
    assert len(results) == 4 * (1 + len(WORKLOADS))


def test_no_other_subresource_has_images(scene: Scene, judged: str) -> None:
    """The subresources whose objects have images change none, but for the one that the webhook is asked about."""
    good, bad = scene.images.signed.by_digest, scene.images.unsigned.by_digest
    tried = set()
    for version in {"v1", *WORKLOADS.values()}:
        for resource in scene.api.get(f"/{'apis' if '/' in version else 'api'}/{version}")["resources"]:
            subresource = resource["name"].partition("/")[2]
            if not subresource or Kind(version.rpartition("/")[0], resource["kind"]) not in POD_SPECS:
                continue
            made = _simple(resource["kind"], judged, good)
            assert scene.api.create(made).status == 201
            scene.api.patch(made, another_image(made, bad), subresource)
            assert bad not in json.dumps(scene.api.get(scene.api.path(made)))
            tried.add(resource["name"])
    assert tried >= {"pods/ephemeralcontainers", "pods/resize", "pods/status", "jobs/status"}


def _put(made: Any, path: Path, text: str) -> None:
    """Puts a text into a field of an object; of a list, into another entry."""
    for member, following in itertools.pairwise(path):
        if member != ANY:
            made = made.setdefault(member, [] if following == ANY else {})
        else:
            made.append({"name": "another"})
            made = made[-1]
    made[path[-1]] = text
