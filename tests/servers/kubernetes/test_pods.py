"""Pods in a real cluster: what starts, and what whoever is refused reads."""

import pytest

from tests.servers.kubernetes.objects import pod
from tests.servers.kubernetes.scene import Scene

_DENIED = 'admission webhook "validate.notarykit.test" denied the request: '


def test_signed_image_starts(scene: Scene, judged: str) -> None:
    """A pod whose images are signed is created, as it was written, without a warning."""
    image = scene.images.signed.by_digest
    made = pod(judged, image, init=[image], volumes=[image])
    answer = scene.api.create(made)
    assert (answer.status, answer.warnings) == (201, ())
    stored = scene.api.get(scene.api.path(made))
    assert stored["spec"]["containers"][0]["image"] == image
    assert stored["spec"]["volumes"][0]["image"]["reference"] == image


def test_unsigned_image_is_denied(scene: Scene, judged: str) -> None:
    """Whoever is refused reads container, reference, the step that failed and what to do, in one line."""
    image = scene.images.unsigned.by_digest
    answer = scene.run(judged, image)
    assert (answer.status, answer.body["reason"]) == (403, "Forbidden")
    line = answer.message.removeprefix(_DENIED)
    assert answer.message == _DENIED + line
    assert line.startswith(f"container 'c0': {image}: ")
    assert "no signature is associated with" in line
    assert "sign" in line.partition("no signature")[2]
    assert line.isprintable()
    assert len(line) <= 1000
    assert "--" not in line  # no advice for users of the command line


def test_image_of_a_stranger_is_denied(scene: Scene, judged: str) -> None:
    """The message about a signature by somebody who is not trusted names the step and the policy statement."""
    answer = scene.run(judged, scene.images.foreign.by_digest)
    assert answer.status == 403
    assert "authenticity" in answer.message
    assert "(policy statement 'tests')" in answer.message


@pytest.mark.parametrize("place", ["container", "init container", "image volume"])
def test_one_unsigned_image_is_enough(scene: Scene, judged: str, place: str) -> None:
    """One image that is not signed, in any place of a pod, keeps the pod out."""
    good, bad = scene.images.signed.by_digest, scene.images.unsigned.by_digest
    made = {
        "container": pod(judged, good, bad),
        "init container": pod(judged, good, init=[good, bad]),
        "image volume": pod(judged, good, volumes=[good, bad]),
    }[place]
    answer = scene.api.create(made)
    assert answer.status == 403
    assert (
        f"{place} '{ {'container': 'c', 'init container': 'i', 'image volume': 'v'}[place] }1': {bad}: "
        in answer.message
    )
    assert good not in answer.message


def test_all_refusals_are_told(scene: Scene, judged: str) -> None:
    """A pod with many images that are refused gets one line of bounded length about them, and the number of others."""
    images = [f"{scene.images.proxy.host}/none/n{number}@{scene.images.unsigned.digest}" for number in range(40)]
    answer = scene.api.create(pod(judged, *images))
    assert answer.status == 403
    line = answer.message.removeprefix(_DENIED)
    assert len(line) <= 1000
    assert line.isprintable()
    assert line.startswith(f"container 'c0': {images[0]}: ")
    assert line.rpartition("; and ")[2].endswith(" more")


@pytest.mark.parametrize(
    "image",
    ["nginx", "r.test/A:1", "r.test/a@sha256:zz", "r.test/a@md5:0123", "../../etc", "r.test/a", "x" * 4000, "a\u202eb"],
)
def test_text_that_is_no_reference_is_denied(scene: Scene, judged: str, image: str) -> None:
    """What the API server itself stores unchecked is denied where it cannot be parsed, in one line."""
    answer = scene.run(judged, image)
    assert answer.status == 403
    assert answer.message.isprintable()
    assert len(answer.message) <= len(_DENIED) + 1000
    assert answer.message.endswith("write registry/repository@digest, in full")


def test_dry_run_is_judged(scene: Scene, judged: str) -> None:
    """A dry run gets the same verdict, and stores nothing."""
    bad, good = pod(judged, scene.images.unsigned.by_digest), pod(judged, scene.images.signed.by_digest)
    assert scene.api.create(bad, dry_run=True).status == 403
    assert scene.api.create(good, dry_run=True).status == 201
    assert scene.api.request("GET", scene.api.path(good)).status == 404


def test_ephemeral_container_is_judged(scene: Scene, judged: str) -> None:
    """A debug container is added to a running pod only if its image is signed."""
    made = pod(judged, scene.images.signed.by_digest)
    assert scene.api.create(made).status == 201

    def debug(name: str, image: str) -> int:
        containers = [{"name": name, "image": image}]
        return scene.api.patch(made, {"spec": {"ephemeralContainers": containers}}, "ephemeralcontainers").status

    assert debug("bad", scene.images.unsigned.by_digest) == 403
    assert debug("good", scene.images.signed.by_digest) == 200
    stored = scene.api.get(scene.api.path(made))
    assert [each["name"] for each in stored["spec"]["ephemeralContainers"]] == ["good"]
