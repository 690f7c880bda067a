"""Tags in a real cluster: what was verified is what is stored, or a tag starts nothing unseen."""

import pytest

from tests.servers.kubernetes.api import Object
from tests.servers.kubernetes.objects import WORKLOADS, another_image, debugging, pod, references, workload
from tests.servers.kubernetes.scene import Scene


def test_tag_gets_the_digest_that_was_verified(scene: Scene, pinned: str) -> None:
    """In each place of a pod a tag keeps standing, with the digest beside it that was verified."""
    image = scene.images.signed
    made = pod(pinned, image.by_tag, init=[image.by_tag], volumes=[image.by_tag])
    answer = scene.api.create(made)
    assert (answer.status, answer.warnings) == (201, ())
    assert references(scene.api.get(scene.api.path(made))) == [image.pinned] * 3


def test_digest_stays_as_it_is(scene: Scene, pinned: str) -> None:
    """A reference with a digest is stored as it was written, whatever its tag says now."""
    image = scene.images.push_signed()
    scene.images.move_tag(image, scene.images.push_beside(image).digest)
    for text in (image.by_digest, image.pinned):
        assert scene.run(pinned, text).body["spec"]["containers"][0]["image"] == text


def test_moved_tag_starts_nothing_unsigned(scene: Scene, pinned: str) -> None:
    """A tag that is moved to an image without a signature is denied at once, although it was admitted before."""
    image = scene.images.push_signed()
    assert scene.run(pinned, image.by_tag).body["spec"]["containers"][0]["image"] == image.pinned
    other = scene.images.push_beside(image)
    scene.images.move_tag(image, other.digest)
    answer = scene.run(pinned, image.by_tag)
    assert answer.status == 403
    assert f"container 'c0': {image.by_tag}: " in answer.message
    assert other.digest in answer.message


def test_unsigned_tag_is_denied_by_the_webhook_that_pins(scene: Scene, pinned: str) -> None:
    """The webhook that pins judges too: an image without a signature goes no further."""
    answer = scene.run(pinned, scene.images.unsigned.by_tag)
    assert answer.status == 403
    assert answer.message.startswith('admission webhook "pin.notarykit.test" denied the request: container ')


def test_ephemeral_container_is_pinned(scene: Scene, pinned: str) -> None:
    """The image of a debug container gets its digest."""
    image = scene.images.signed
    made = pod(pinned, image.by_digest)
    assert scene.api.create(made).status == 201
    assert scene.api.patch(made, debugging(image.by_tag), "ephemeralcontainers").status == 200
    stored = scene.api.get(scene.api.path(made))
    assert [each["image"] for each in stored["spec"]["ephemeralContainers"]] == [image.pinned]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_template_is_pinned(scene: Scene, pinned: str, kind: str) -> None:
    """The template of a workload of each kind gets the digest."""
    image = scene.images.signed
    answer = scene.api.create(workload(kind, pinned, image.by_tag))
    assert answer.status == 201
    assert _template(answer.body)["spec"]["containers"][0]["image"] == image.pinned


def _template(made: Object) -> Object:
    holder = made["spec"]["jobTemplate"]["spec"] if made["kind"] == "CronJob" else made.get("spec", made)
    template: Object = holder["template"]
    return template


def test_update_to_a_tag_is_pinned(scene: Scene, pinned: str) -> None:
    """An update that gives a container another image by its tag is stored with the digest."""
    made = workload("Deployment", pinned, scene.images.signed.by_tag)
    assert scene.api.create(made).status == 201
    other = scene.images.push_signed()
    answer = scene.api.patch(made, another_image(made, other.by_tag))
    assert _template(answer.body)["spec"]["containers"][0]["image"] == other.pinned


def test_applying_a_tag_again_is_pinned_again(scene: Scene, pinned: str) -> None:
    """Applying the same manifest with its tag again stores the digest again, without a warning or a conflict."""
    image = scene.images.push_signed()
    made = workload("Deployment", pinned, image.by_tag)
    for _ in range(3):
        stored = scene.api.apply(made)
        assert _template(stored)["spec"]["containers"][0]["image"] == image.pinned
    assert stored["metadata"]["generation"] == 1


def test_tag_alone_is_denied(scene: Scene, judged: str) -> None:
    """Where nothing is pinned, a tag is denied by default, and the message says what to write."""
    answer = scene.run(judged, scene.images.signed.by_tag)
    assert answer.status == 403
    assert "a tag can be moved after the decision: write registry/repository@digest" in answer.message


def test_tag_is_resolved_with_a_warning(scene: Scene) -> None:
    """Where the rule resolves tags, the image behind it is judged, and the API server shows the warning."""
    images = scene.images
    answer = scene.run("resolves", images.signed.by_tag)
    assert answer.status == 201
    assert answer.warnings == (f"{images.signed.by_tag}: the tag can be moved after this decision; write a digest",)
    assert answer.body["spec"]["containers"][0]["image"] == images.signed.by_tag
    assert scene.run("resolves", images.unsigned.by_tag).status == 403
    assert scene.run("resolves", images.signed.by_digest).warnings == ()
