"""Pods in a cluster whose Kyverno asks the admission program, by each kind of policy."""

from typing import Any, NamedTuple

import pytest

from tests.servers.kubernetes.api import Object
from tests.servers.kubernetes.objects import another_image, debugging
from tests.servers.kyverno.scene import Scene, policy
from tests.support.ports import free_port

# In lower case, each is the name of the namespace in which it counts.
KINDS = (
    "ClusterPolicy",
    "ValidatingPolicy",
    "NamespacedValidatingPolicy",
    "ImageValidatingPolicy",
    "NamespacedImageValidatingPolicy",
)


class _Guarded(NamedTuple):
    """Namespace in which one of our policies counts.

    Attributes:
        kind: Kind of the policy.
        name: Name of the namespace.
        older: Pod that was there before the policy.
    """

    kind: str
    name: str
    older: Object


@pytest.fixture(scope="module", params=KINDS)
def guarded(request: pytest.FixtureRequest, scene: Scene) -> _Guarded:
    """Namespace in which a policy of each kind counts."""
    kind: str = request.param
    name = kind.lower()
    older = scene.make_namespace(name)
    scene.apply(policy(kind, name, scene.address, scene.ca_file), name)
    return _Guarded(kind, name, older)


@pytest.fixture
def namespace(guarded: _Guarded) -> str:
    """Name of the namespace."""
    return guarded.name


def test_signed_images_are_admitted(scene: Scene, namespace: str) -> None:
    """A pod is created whose images, in all places, are signed by whom the program trusts."""
    first, second, third = (scene.images.push_signed().by_digest for _ in range(3))
    answer = scene.create(namespace, first, second, init=[third], volumes=[first])
    assert answer.status == 201, answer.message


@pytest.mark.parametrize(
    ("member", "place"), [("", "container 'c0'"), ("init", "init container 'i0'"), ("volumes", "image volume 'v0'")]
)
def test_unsigned_image_is_denied(scene: Scene, guarded: _Guarded, member: str, place: str) -> None:
    """Wherever it stands, the message has its reference, the reason, what to do, and the statement of the policy."""
    image = scene.images.push()
    places: dict[str, Any] = {member: [image.by_digest]} if member else {}
    answer = scene.create(guarded.name, scene.images.push_signed().by_digest if member else image.by_digest, **places)
    reason = f"{image.by_digest}: no signature is associated with {image.digest}: make sure the artifact was signed"
    assert not answer.is_good
    assert (
        reason if guarded.kind == "ClusterPolicy" else f"{place}: {reason} (policy statement 'tests')"
    ) in answer.message


def test_image_of_another_signer_is_denied(scene: Scene, namespace: str) -> None:
    """A signature by somebody else is none."""
    answer = scene.create(namespace, scene.images.foreign.by_digest)
    assert not answer.is_good
    assert "authenticity: no certificate of the chain is in the trust stores" in answer.message


def test_tag_is_denied(scene: Scene, namespace: str) -> None:
    """Without a mutation a tag is refused with what to do."""
    image = scene.images.push_signed()
    answer = scene.create(namespace, image.by_tag)
    assert not answer.is_good
    assert f"{image.by_tag}: a tag can be moved after the decision: write registry/repository@digest" in answer.message


def test_images_of_updates_are_judged(scene: Scene, namespace: str) -> None:
    """Images that an update adds or changes are judged, and those that are there already are no reason to deny it."""
    image, unsigned, signed = scene.images.push_signed(), scene.images.push(), scene.images.push_signed()
    made = scene.api.done(scene.create(namespace, image.by_digest, init=[image.by_digest]))
    for answer in (
        scene.api.patch(made, another_image(made, unsigned.by_digest)),
        scene.api.patch(made, debugging(unsigned.by_digest), "ephemeralcontainers"),
    ):
        assert f"{unsigned.by_digest}: no signature is associated" in answer.message
    answer = scene.api.patch(made, debugging(signed.by_digest), "ephemeralcontainers")
    assert answer.status == 200, answer.message


def test_pod_from_before(scene: Scene, guarded: _Guarded) -> None:
    """A pod that is older than the policy stays as it is, whatever its images are; new ones in it are judged."""
    answer = scene.api.patch(guarded.older, {"metadata": {"labels": {"a": "b"}}})
    assert answer.status == 200, answer.message
    signed = scene.images.push_signed()
    answer = scene.api.patch(guarded.older, debugging(signed.by_digest), "ephemeralcontainers")
    assert answer.is_good is (guarded.kind != "ClusterPolicy"), answer.message


def test_registry_that_says_nothing(scene: Scene, namespace: str) -> None:
    """While nothing is known the pod is denied with the reason."""
    image = scene.images.push_signed()
    scene.close(image)
    answer = scene.create(namespace, image.by_digest)
    assert not answer.is_good
    assert f"{image.by_digest}: {scene.images.proxy.host} denies GET" in answer.message


def test_program_that_is_down(scene: Scene, guarded: _Guarded) -> None:
    """Without the program nothing is admitted, the message says that it is not there, and labels can be changed."""
    name = f"{guarded.name}-alone"
    older = scene.make_namespace(name)
    scene.apply(policy(guarded.kind, name, f"https://127.0.0.1:{free_port()}", scene.ca_file), name)
    answer = scene.create(name, scene.images.push_signed().by_digest)
    assert not answer.is_good
    assert "connection refused" in answer.message
    answer = scene.api.patch(older, {"metadata": {"labels": {"a": "b"}}})
    assert answer.status == 200, answer.message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{{ request.object.metadata.name }}", " request.object.metadata.name "),
        ("r.test/{{ `[]` }}:1", " `[]` "),
        ("$(request.object)", "$(request.object)"),
        ("'] || [", "'] || ["),
        ("[warned]r.test/web:1", "[warned]r.test/web:1"),
        ("a\nb", "a b: reference"),
    ],
)
def test_text_of_an_image_is_no_part_of_the_policy(scene: Scene, namespace: str, text: str, named: str) -> None:
    """What Kyverno could take for its own language, in one image, is not carried out, and lets no other image pass."""
    unsigned = scene.images.push().by_digest
    answer = scene.create(namespace, text, unsigned, init=[text])
    assert not answer.is_good
    assert f"{unsigned}: no signature is associated" in answer.message
    assert named in answer.message
    assert not scene.create(namespace, scene.images.push_signed().by_digest, text).is_good
