"""Tags that Kyverno replaces by digests, as our mutating policy has it, beside one that verifies."""

from typing import Any, NamedTuple

import pytest

from tests.servers.kubernetes.api import Object, poll
from tests.servers.kyverno.scene import WARNED, Scene, policy
from tests.support.admission import debugging, pod


class _Pinned(NamedTuple):
    """Namespace in which both policies count.

    Attributes:
        name: Its name.
        older: Pod with tags that was there before.
    """

    name: str
    older: Object


@pytest.fixture(scope="module", params=["MutatingPolicy", "NamespacedMutatingPolicy"])
def pinned(request: pytest.FixtureRequest, scene: Scene) -> _Pinned:
    """Namespace in which both policies count."""
    name = str(request.param).lower()
    older = scene.make_namespace(name)
    for kind in ("ValidatingPolicy", request.param):
        made = policy(kind, name, scene.program.url(""), scene.program.ca_file)
        made["metadata"]["name"] = f"{name}-{kind.lower()}"
        scene.apply(made, name)
    return _Pinned(name, older)


@pytest.fixture
def namespace(pinned: _Pinned) -> str:
    """Name of the namespace."""
    return pinned.name


def _found(made: Object) -> list[str]:
    """Returns the references of a pod."""
    spec: dict[str, Any] = made["spec"]
    containers = [*spec["containers"], *spec.get("initContainers", ())]
    volumes = [each["image"]["reference"] for each in spec.get("volumes", ()) if "image" in each]
    return [*(each["image"] for each in containers), *volumes]


def test_digests_take_the_places_of_tags(scene: Scene, namespace: str) -> None:
    """In all three places stands the digest that was verified, and the tag beside it, for people."""
    images = [scene.images.signed() for _ in range(3)]
    main, init, volume = (image.tagged for image in images)
    made = pod(main, main, init=[init], volumes=[volume], namespace=namespace)
    made["spec"]["volumes"].insert(0, {"name": "scratch", "emptyDir": {}})
    answer = scene.api.create(made)
    assert answer.status == 201, answer.message
    pinned = [image.tagged_and_pinned for image in images]
    assert _found(answer.body) == [pinned[0], *pinned]


def test_digest_stays(scene: Scene, namespace: str) -> None:
    """A reference with a digest is not changed."""
    image = scene.images.signed()
    answer = scene.create(namespace, image.pinned, init=[image.tagged_and_pinned])
    assert answer.status == 201, answer.message
    assert _found(answer.body) == [image.pinned, image.tagged_and_pinned]


def test_unsigned_image_is_not_pinned(scene: Scene, namespace: str) -> None:
    """The message of the mutation has the reference and the reason."""
    image, other = scene.images.unsigned(), scene.images.unsigned()
    answer = scene.create(namespace, scene.images.signed().tagged, init=[image.tagged], volumes=[other.tagged])
    assert not answer.is_good
    for each in (image, other):
        assert f"{each.tagged}: no signature is associated with {each.digest}" in answer.message


def test_registry_that_says_nothing(scene: Scene, namespace: str) -> None:
    """Nothing is pinned while nothing is known, and the message says why."""
    image = scene.images.signed()
    scene.close(image)
    answer = scene.create(namespace, image.tagged)
    assert not answer.is_good
    assert f"{image.tagged}: {image.host} denies GET" in answer.message


def test_updates_pin_nothing(scene: Scene, pinned: _Pinned) -> None:
    """Labels leave tags as they are: another text would restart containers, and cannot be put into a volume."""
    answer = scene.api.patch(pinned.older, {"metadata": {"labels": {"a": "b"}}})
    assert answer.status == 200, answer.message
    assert _found(answer.body) == _found(pinned.older)


def test_debug_container_needs_a_digest(scene: Scene, namespace: str) -> None:
    """Ephemeral containers come by updates, so a tag there is refused."""
    made = scene.api.done(scene.create(namespace, scene.images.signed().tagged))
    image = scene.images.signed()
    answer = scene.api.patch(made, debugging(image.tagged), "ephemeralcontainers")
    assert f"ephemeral container 'e0': {image.tagged}: a tag can be moved after the decision" in answer.message
    assert scene.api.patch(made, debugging(image.pinned), "ephemeralcontainers").status == 200


def test_mode_of_the_namespace(scene: Scene) -> None:
    """Where the namespace's rule only warns, unsigned images are admitted, and their tags are pinned all the same."""
    scene.make_namespace(WARNED)
    for kind in ("ValidatingPolicy", "MutatingPolicy"):
        made = policy(kind, WARNED, scene.program.url(""), scene.program.ca_file)
        made["metadata"]["name"] = f"{WARNED}-{kind.lower()}"
        scene.kyverno.apply(made)
    image = scene.images.unsigned()
    poll(lambda: _found(scene.create(WARNED, image.tagged).body) == [image.tagged_and_pinned])
