"""Pods in a cluster whose Gatekeeper asks the admission program, as our template has it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.servers.gatekeeper.scene import ELSEWHERE, TAGGED, WARNED, Scene
from tests.servers.kubernetes.objects import another_image, debugging, pod, workload
from tests.support.polling import poll

DENIED = 'admission webhook "validation.gatekeeper.sh" denied the request: [images-must-be-verified] '


def test_signed_images_are_admitted(scene: Scene) -> None:
    """A pod is created whose images, in all places, are signed by whom the policy trusts."""
    first, second, third = (scene.images.push_signed().by_digest for _ in range(3))
    answer = scene.create(first, second, init=[third], volumes=[first])
    assert answer.status == 201, answer.message


def test_unsigned_image_is_denied(scene: Scene) -> None:
    """The message has the container, the reference, the reason, what to do, and the statement of the policy."""
    image = scene.images.push()
    answer = scene.create(image.by_digest)
    assert answer.status == 403
    reason = f"no signature is associated with {image.digest}: make sure the artifact was signed"
    assert answer.message == f"{DENIED}container 'c0': {image.by_digest}: {reason} (policy statement 'tests')"


@pytest.mark.parametrize(
    ("member", "place"),
    [("init", "init container 'i0'"), ("volumes", "image volume 'v0'")],
)
def test_each_place_is_looked_at(scene: Scene, member: str, place: str) -> None:
    """An unsigned image is denied wherever it stands beside signed ones."""
    image = scene.images.push()
    places: dict[str, Any] = {member: [image.by_digest]}
    answer = scene.create(scene.images.signed.by_digest, **places)
    assert answer.status == 403
    assert answer.message.startswith(f"{DENIED}{place}: {image.by_digest}: no signature is associated")


def test_debug_container_is_looked_at(scene: Scene) -> None:
    """A container that is added to a running pod is judged as the others were, and alone."""
    main = scene.images.push_signed()
    made = scene.api.done(scene.create(main.by_digest))
    scene.take_down(main)
    unsigned, signed = scene.images.push(), scene.images.push_signed()
    answer = scene.api.patch(made, debugging(unsigned.by_digest), "ephemeralcontainers")
    assert answer.status == 403
    assert answer.message.startswith(f"{DENIED}ephemeral container 'e0': {unsigned.by_digest}: no signature")
    answer = scene.api.patch(made, debugging(signed.by_digest), "ephemeralcontainers")
    assert answer.status == 200, answer.message


def test_image_of_another_signer_is_denied(scene: Scene) -> None:
    """A signature by somebody else is none."""
    answer = scene.create(scene.images.foreign.by_digest)
    assert answer.status == 403
    assert "authenticity: no certificate of the chain is in the trust stores" in answer.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nginx", "reference 'nginx' is malformed"),
        ("[default]r.test/web", "reference '[default]r.test/web' is malformed"),
        ("r.test/web:1", "a tag can be moved after the decision"),
        ("r.test/../web@sha256:12", "is malformed"),
    ],
)
def test_what_names_no_certain_image_is_denied(scene: Scene, text: str, reason: str) -> None:
    """References that can mean several images, or none, are refused with a reason."""
    answer = scene.create(text)
    assert answer.status == 403
    assert answer.message.startswith(f"{DENIED}container 'c0': {text}: ")
    assert reason in answer.message


def test_image_of_an_update_is_judged(scene: Scene) -> None:
    """An update that changes an image is denied by that one."""
    made = scene.api.done(scene.create(scene.images.push_signed().by_digest))
    other = scene.images.push()
    answer = scene.api.patch(made, another_image(made, other.by_digest))
    assert answer.status == 403
    assert answer.message.startswith(f"{DENIED}container 'c0': {other.by_digest}: no signature")


def test_pod_from_before(scene: Scene) -> None:
    """A pod that is older than the constraint stays as it is; its unsigned image is known in its place alone."""
    unsigned = scene.older["spec"]["containers"][0]["image"]
    answer = scene.api.patch(scene.older, {"metadata": {"labels": {"a": "b"}}})
    assert answer.status == 200, answer.message
    answer = scene.api.patch(scene.older, {"spec": {"initContainers": [{"name": "i0", "image": unsigned}]}})
    assert answer.status == 403
    assert answer.message.startswith(f"{DENIED}init container 'i0': {unsigned}: no signature")
    assert "container 'c0'" not in answer.message.replace("init container", "")


@pytest.mark.parametrize(
    ("namespace", "is_admitted"), [("default", False), (WARNED, True), (TAGGED, False), (ELSEWHERE, False)]
)
def test_mode_of_the_namespace(scene: Scene, namespace: str, is_admitted: bool) -> None:
    """An unsigned image is admitted where the namespace's rule only warns."""
    answer = scene.create(scene.images.push().by_digest, namespace=namespace)
    assert answer.is_good is is_admitted, answer.message


def test_policy_of_the_namespace(scene: Scene) -> None:
    """Each namespace has the trust policy that its rule names, for one and the same image too."""
    ours, theirs = scene.images.signed.by_digest, scene.images.foreign.by_digest
    found = {
        (name, image): scene.create(image, namespace=name).is_good
        for name in ("default", ELSEWHERE)
        for image in (ours, theirs)
    }
    assert found == {
        ("default", ours): True,
        ("default", theirs): False,
        (ELSEWHERE, ours): False,
        (ELSEWHERE, theirs): True,
    }


def test_tags_of_the_namespace(scene: Scene) -> None:
    """A tag is looked up where the namespace's rule says so, and the image behind it is judged."""
    answer = scene.create(scene.images.push_signed().by_tag, namespace=TAGGED)
    assert answer.status == 201, answer.message
    assert scene.create(scene.images.push().by_tag, namespace=TAGGED).status == 403


def test_registry_that_is_down(scene: Scene) -> None:
    """While nothing is known the pod is denied with the reason, and the next try finds what is known by then."""
    image, refused = scene.images.push_signed(), scene.images.push()
    scene.take_down(image)
    answer = scene.create_once(image.by_digest, init=[refused.by_digest])
    assert answer.status == 403
    assert answer.message.startswith(f"{DENIED}images cannot be verified: {image.by_digest}: ")
    assert refused.by_digest not in answer.message
    scene.images.proxy.clear()
    poll(lambda: scene.create(image.by_digest).is_good)


def test_gatekeeper_keeps_refusals(scene: Scene) -> None:
    """A refusal is remembered by Gatekeeper for minutes, for its namespace; the program looks again after seconds."""
    image = scene.images.push()
    first = scene.create(image.by_digest)
    scene.images.sign(image)
    poll(lambda: scene.door.ask("/kyverno/verify", image.by_digest)[1]["items"][0].get("value") == "verified")
    again, elsewhere = scene.create(image.by_digest), scene.create(image.by_digest, namespace=TAGGED)
    assert (again.status, again.message) == (403, first.message)
    assert elsewhere.status == 201, elsewhere.message


def test_silent_registry(scene: Scene, silent: str) -> None:
    """The answer about a registry that keeps silent comes before the API server leaves, with what to do."""
    answer = scene.create_once(f"{silent}/web@sha256:{'ab' * 32}")
    assert answer.status == 403
    assert "no decision within 1.6 seconds; the examination goes on: try again" in answer.message
    assert answer.seconds < 3


def test_pods_that_wait_at_once(scene: Scene, silent: str) -> None:
    """Many pods whose registry keeps silent are answered in time, since Gatekeeper may have them wait side by side."""
    with ThreadPoolExecutor(8) as threads:
        references = (f"{silent}/web-{number}@sha256:{'ab' * 32}" for number in range(8))
        answers = list(threads.map(scene.create_once, references))
    assert [answer.status for answer in answers] == [403] * 8
    assert all("no decision within 1.6 seconds" in answer.message for answer in answers)


def test_dry_run_is_judged(scene: Scene) -> None:
    """A dry run has the answer that the pod would have."""
    unsigned, signed = scene.images.unsigned.by_digest, scene.images.signed.by_digest
    assert scene.api.create(pod("default", unsigned), dry_run=True).status == 403
    assert scene.api.create(pod("default", signed), dry_run=True).status == 201


def test_workloads_are_not_looked_at(scene: Scene) -> None:
    """A workload's template is stored whatever it names, even where Gatekeeper looks at templates as pods."""
    expansion = {
        "apiVersion": "expansion.gatekeeper.sh/v1alpha1",
        "kind": "ExpansionTemplate",
        "metadata": {"name": "deployments"},
        "spec": {
            "applyTo": [{"groups": ["apps"], "versions": ["v1"], "kinds": ["Deployment"]}],
            "templateSource": "spec.template",
            "generatedGVK": {"group": "", "version": "v1", "kind": "Pod"},
        },
    }
    scene.gatekeeper.apply(expansion)
    answer = scene.api.create(workload("Deployment", "default", scene.images.unsigned.by_tag))
    assert answer.status == 201, answer.message
    scene.api.done(scene.api.delete(expansion))
