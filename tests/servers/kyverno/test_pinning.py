"""Tags that Kyverno replaces by digests, as our mutating policy has it, beside one that verifies."""

from typing import NamedTuple

import pytest

from tests.servers.kubernetes.api import Object
from tests.servers.kubernetes.objects import debugging, pod, references
from tests.servers.kyverno.scene import WARNED, Scene, policy
from tests.support.polling import poll


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
        made = policy(kind, name, scene.address, scene.ca_file)
        made["metadata"]["name"] = f"{name}-{kind.lower()}"
        scene.apply(made, name)
    return _Pinned(name, older)


@pytest.fixture
def namespace(pinned: _Pinned) -> str:
    """Name of the namespace."""
    return pinned.name


def test_digests_take_the_places_of_tags(scene: Scene, namespace: str) -> None:
    """In all three places stands the digest that was verified, and the tag beside it, for people."""
    images = [scene.images.push_signed() for _ in range(3)]
    main, init, volume = (image.by_tag for image in images)
    made = pod(namespace, main, main, init=[init], volumes=[volume])
    made["spec"]["volumes"].insert(0, {"name": "scratch", "emptyDir": {}})
    answer = scene.api.create(made)
    assert answer.status == 201, answer.message
    pinned = [image.pinned for image in images]
    assert references(answer.body) == [pinned[0], *pinned]


def test_digest_stays(scene: Scene, namespace: str) -> None:
    """A reference with a digest is not changed."""
    image = scene.images.push_signed()
    answer = scene.create(namespace, image.by_digest, init=[image.pinned])
    assert answer.status == 201, answer.message
    assert references(answer.body) == [image.by_digest, image.pinned]


def test_unsigned_image_is_not_pinned(scene: Scene, namespace: str) -> None:
    """The message of the mutation has the reference and the reason."""
    image, other = scene.images.push(), scene.images.push()
    answer = scene.create(namespace, scene.images.push_signed().by_tag, init=[image.by_tag], volumes=[other.by_tag])
    assert not answer.is_good
    for each in (image, other):
        assert f"{each.by_tag}: no signature is associated with {each.digest}" in answer.message


def test_registry_that_says_nothing(scene: Scene, namespace: str) -> None:
    """Nothing is pinned while nothing is known, and the message says why."""
    image = scene.images.push_signed()
    scene.close(image)
    answer = scene.create(namespace, image.by_tag)
    assert not answer.is_good
    assert f"{image.by_tag}: {scene.images.proxy.host} denies GET" in answer.message


def test_updates_pin_nothing(scene: Scene, pinned: _Pinned) -> None:
    """Labels leave tags as they are: another text would restart containers, and cannot be put into a volume."""
    answer = scene.api.patch(pinned.older, {"metadata": {"labels": {"a": "b"}}})
    assert answer.status == 200, answer.message
    assert references(answer.body) == references(pinned.older)


def test_debug_container_needs_a_digest(scene: Scene, namespace: str) -> None:
    """Ephemeral containers come by updates, so a tag there is refused."""
    made = scene.api.done(scene.create(namespace, scene.images.push_signed().by_tag))
    image = scene.images.push_signed()
    answer = scene.api.patch(made, debugging(image.by_tag), "ephemeralcontainers")
    assert f"ephemeral container 'e0': {image.by_tag}: a tag can be moved after the decision" in answer.message
    assert scene.api.patch(made, debugging(image.by_digest), "ephemeralcontainers").status == 200


def test_mode_of_the_namespace(scene: Scene) -> None:
    """Where the namespace's rule only warns, unsigned images are admitted, and their tags are pinned all the same."""
    scene.make_namespace(WARNED)
    for kind in ("ValidatingPolicy", "MutatingPolicy"):
        made = policy(kind, WARNED, scene.address, scene.ca_file)
        made["metadata"]["name"] = f"{WARNED}-{kind.lower()}"
        scene.kyverno.apply(made)
    image = scene.images.push()
    poll(lambda: references(scene.create(WARNED, image.by_tag).body) == [image.pinned])
