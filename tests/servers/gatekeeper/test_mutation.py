"""Tags that Gatekeeper replaces by digests, as our mutation has it."""

from collections.abc import Iterator

import pytest

from tests.servers.gatekeeper.scene import WARNED, Scene, manifests
from tests.servers.kubernetes.api import Answer
from tests.servers.kubernetes.objects import debugging, references
from tests.support.polling import poll

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


def test_digests_take_the_places_of_tags(scene: Scene) -> None:
    """In all three places stands the digest that was verified, and the tag beside it, for people."""
    images = [scene.images.push_signed() for _ in range(3)]
    main, init, volume = (image.by_tag for image in images)
    answer = scene.create(main, main, init=[init], volumes=[volume])
    assert answer.status == 201, answer.message
    pinned = [image.pinned for image in images]
    assert references(answer.body) == [pinned[0], *pinned]


def test_digest_stays(scene: Scene) -> None:
    """A reference with a digest is not changed."""
    image = scene.images.push_signed()
    answer = scene.create(image.by_digest, init=[image.pinned])
    assert answer.status == 201, answer.message
    assert references(answer.body) == [image.by_digest, image.pinned]


def test_text_of_an_image_names_no_namespace(scene: Scene) -> None:
    """Whoever writes a namespace that only warns before an image gets neither its rule nor the image without it."""
    image = f"[{WARNED}]{scene.images.push().by_digest}"
    answer = scene.create(image)
    assert answer.status == 500
    assert answer.message.startswith(f"{DENIED}{image}: reference '{image}' is malformed")


def test_unsigned_image_is_not_pinned(scene: Scene) -> None:
    """The message of Gatekeeper's mutation has the reference and the reason; its status is no better."""
    image = scene.images.push()
    answer = scene.create(scene.images.push_signed().by_tag, init=[image.by_tag])
    assert answer.status == 500
    assert answer.message.startswith(f"{DENIED}{image.by_tag}: no signature is associated with {image.digest}")


def test_update_pins_nothing(scene: Scene) -> None:
    """A pod that is updated keeps its references: another text would restart its containers."""
    before = references(scene.tagged)
    for labels in ({"a": "b"}, {"a": "c"}):
        answer = scene.api.patch(scene.tagged, {"metadata": {"labels": labels}})
        assert answer.status == 200, answer.message
        assert references(answer.body) == before


def test_debug_container_needs_a_digest(scene: Scene) -> None:
    """There is no place in a mutation for ephemeral containers, so a tag there is refused by the template."""
    made = scene.api.done(scene.create(scene.images.push_signed().by_tag))
    image = scene.images.push_signed()
    answer = scene.api.patch(made, debugging(image.by_tag), "ephemeralcontainers")
    assert answer.status == 403
    assert f"ephemeral container 'e0': {image.by_tag}: a tag can be moved after the decision" in answer.message
    assert scene.api.patch(made, debugging(image.by_digest), "ephemeralcontainers").status == 200


def test_registry_that_is_down(scene: Scene) -> None:
    """Nothing is pinned while nothing is known, and the next try finds what is known by then."""
    image = scene.images.push_signed()
    scene.take_down(image)
    answer = scene.create_once(image.by_tag)
    assert answer.status == 500
    assert f"non-empty system error: {image.by_tag}: " in answer.message
    scene.images.proxy.clear()
    poll(lambda: scene.create(image.by_tag).is_good)


def test_silent_registry(scene: Scene, silent: str) -> None:
    """The answer about a registry that keeps silent comes before the API server leaves, with what to do."""
    answers: list[Answer] = []

    def is_in_time() -> bool:
        answers.append(scene.create_once(f"{silent}/web:1"))
        return "no decision within" in answers[-1].message

    poll(is_in_time)  # the API server waits for one second, in which a busy machine may do nothing
    assert answers[-1].status == 500
    assert "no decision within 0.72 seconds; the examination goes on: try again" in answers[-1].message
    assert answers[-1].seconds < 1
