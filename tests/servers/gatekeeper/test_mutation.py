"""Tags that Gatekeeper replaces by digests, as our mutation has it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.gatekeeper.scene import Scene, manifests
from tests.servers.kubernetes.api import Object, poll
from tests.support.admission import debugging

DENIED = (
    'admission webhook "mutation.gatekeeper.sh" denied the request: failed to resolve external data placeholders: '
    "failed to retrieve external data item from provider notarykit-pin: "
)


@pytest.fixture(scope="module", autouse=True)
def pinning(scene: Scene) -> Iterator[None]:
    """Applies the mutation for the tests of this module."""
    made = manifests("assign.yaml")
    for each in made:
        scene.gatekeeper.apply(each)
    yield
    for each in made:
        scene.api.done(scene.api.delete(each))


def _found(made: Object) -> list[str]:
    """Returns the references of a pod."""
    spec: dict[str, Any] = made["spec"]
    containers = [*spec["containers"], *spec.get("initContainers", ()), *spec.get("ephemeralContainers", ())]
    volumes = [each["image"]["reference"] for each in spec.get("volumes", ()) if "image" in each]
    return [*(each["image"] for each in containers), *volumes]


def test_digests_take_the_places_of_tags(scene: Scene) -> None:
    """In all three places stands the digest that was verified, and the tag beside it, for people."""
    images = [scene.images.signed() for _ in range(3)]
    main, init, volume = (image.tagged for image in images)
    answer = scene.create(main, main, init=[init], volumes=[volume])
    assert answer.status == 201, answer.message
    pinned = [image.tagged_and_pinned for image in images]
    assert _found(answer.body) == [pinned[0], *pinned]


def test_digest_stays(scene: Scene) -> None:
    """A reference with a digest is not changed."""
    image = scene.images.signed()
    answer = scene.create(image.pinned, init=[image.tagged_and_pinned])
    assert answer.status == 201, answer.message
    assert _found(answer.body) == [image.pinned, image.tagged_and_pinned]


def test_unsigned_image_is_not_pinned(scene: Scene) -> None:
    """The message of Gatekeeper's mutation has the reference and the reason; its status is no better."""
    image = scene.images.unsigned()
    answer = scene.create(scene.images.signed().tagged, init=[image.tagged])
    assert answer.status == 500
    assert answer.message.startswith(f"{DENIED}{image.tagged}: no signature is associated with {image.digest}")


def test_update_pins_nothing(scene: Scene) -> None:
    """A pod that is updated keeps its references: another text would restart its containers."""
    before = _found(scene.tagged)
    for labels in ({"a": "b"}, {"a": "c"}):
        answer = scene.api.patch(scene.tagged, {"metadata": {"labels": labels}})
        assert answer.status == 200, answer.message
        assert _found(answer.body) == before


def test_debug_container_needs_a_digest(scene: Scene) -> None:
    """There is no place in a mutation for ephemeral containers, so a tag there is refused by the template."""
    made = scene.api.done(scene.create(scene.images.signed().tagged))
    image = scene.images.signed()
    answer = scene.api.patch(made, debugging(image.tagged), "ephemeralcontainers")
    assert answer.status == 403
    assert f"ephemeral container 'e0': {image.tagged}: a tag can be moved after the decision" in answer.message
    assert scene.api.patch(made, debugging(image.pinned), "ephemeralcontainers").status == 200


def test_registry_that_is_down(scene: Scene) -> None:
    """Nothing is pinned while nothing is known, and the next try finds what is known by then."""
    image = scene.images.signed()
    scene.take_down(image)
    answer = scene.create(image.tagged)
    assert answer.status == 500
    assert f"non-empty system error: {image.tagged}: " in answer.message
    scene.registry.clear()
    poll(lambda: scene.create(image.tagged).is_good)


def test_silent_registry(scene: Scene, silent: str) -> None:
    """The answer about a registry that keeps silent comes before the API server leaves, with what to do."""
    answer = scene.create(f"{silent}/web:1")
    assert answer.status == 500
    assert "no decision within 0.72 seconds; the examination goes on: try again" in answer.message
    assert answer.seconds < 1
