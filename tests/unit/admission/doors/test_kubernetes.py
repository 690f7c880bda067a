"""Webhooks of Kubernetes: reviews in, answers out."""

import base64
import json
from typing import Any

import pytest

from notarykit_admission.doors.kubernetes import answer_admission_review
from notarykit_admission.errors import RequestError
from notarykit_admission.review.review import Origin
from notarykit_admission.workload.images import PullSecrets
from tests.unit.admission.review.reviewers import DIGEST, REFUSED, UNDECIDED, FakeJudge, reviewing, run
from tests.unit.admission.workload.workloads import pod_spec

_SPEC = pod_spec(f"r.test/web@{DIGEST}", "r.test/side:1", init=("r.test/init:1",), volumes=("r.test/data:1",))


def _review(spec: dict[str, Any], namespace: str = "shop", **changes: Any) -> bytes:
    request = {
        "uid": "u1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "namespace": namespace,
        "object": {"spec": spec},
        **changes,
    }
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


def _answer(
    body: bytes, decisions: Any = None, *, pins: bool = False, **rules: Any
) -> tuple[dict[str, Any], FakeJudge]:
    reviewer, judge = reviewing(decisions, **rules)
    answer = json.loads(run(lambda: answer_admission_review(reviewer, body, 9.5, pins=pins)))
    assert answer["response"]["uid"] == "u1"
    return answer["response"], judge


def test_accepted_pod_is_admitted() -> None:
    """A pod whose images are all accepted is admitted as it is."""
    response, judge = _answer(_review(pod_spec(f"r.test/web@{DIGEST}")))
    assert response == {"uid": "u1", "allowed": True}
    assert judge.seconds == [9.5]


def test_pod_is_pinned() -> None:
    """Tags in every place get the digests that were judged, and nothing else changes."""
    response, judge = _answer(_review(_SPEC), pins=True)
    assert response["allowed"] is True
    assert "warnings" not in response
    assert json.loads(base64.b64decode(response["patch"])) == [
        {"op": "replace", "path": "/spec/initContainers/0/image", "value": f"r.test/init:1@{DIGEST}"},
        {"op": "replace", "path": "/spec/containers/1/image", "value": f"r.test/side:1@{DIGEST}"},
        {"op": "replace", "path": "/spec/volumes/1/image/reference", "value": f"r.test/data:1@{DIGEST}"},
    ]
    assert len(judge.asked) == 4


def test_validating_webhook_never_patches() -> None:
    """The validating door warns of tags where they are resolved, and changes nothing."""
    response, _ = _answer(_review(pod_spec("r.test/web:1")), default={"tags": "resolve"})
    assert response["allowed"] is True
    assert "patch" not in response
    assert response["warnings"] == ["r.test/web:1: the tag can be moved after this decision; write a digest"]


@pytest.mark.parametrize("pins", [True, False])
@pytest.mark.parametrize("decision", [REFUSED, UNDECIDED])
def test_one_bad_image_denies_the_pod(decision: Any, pins: bool) -> None:
    """One image that is not accepted denies the pod at both doors, and the message names its container."""
    spec = pod_spec(f"r.test/web@{DIGEST}", ephemeral=(f"r.test/bad@{DIGEST}",))
    response, _ = _answer(_review(spec), {"bad": decision}, pins=pins)
    assert response["allowed"] is False
    assert "patch" not in response
    assert response["status"]["message"].startswith(f"ephemeral container 'e0': r.test/bad@{DIGEST}: {decision.reason}")


def test_refused_image_is_not_pinned() -> None:
    """Where a refusal only warns, the image that was refused stays as it is, and the others are pinned."""
    response, _ = _answer(
        _review(pod_spec("r.test/web:1", "r.test/bad:1")), {"bad": REFUSED}, pins=True, default={"mode": "warn"}
    )
    assert response["allowed"] is True
    (warning,) = response["warnings"]
    assert warning.startswith("container 'c1': r.test/bad:1: no signature is associated")
    (patch,) = json.loads(base64.b64decode(response["patch"]))
    assert patch["path"] == "/spec/containers/0/image"


def test_update_without_new_images_asks_nobody() -> None:
    """A change of something else is admitted, whatever would be decided on the images now."""
    body = _review(_SPEC, operation="UPDATE", oldObject={"spec": _SPEC})
    response, judge = _answer(body, {"web": REFUSED})
    assert response["allowed"] is True
    assert judge.asked == []


def test_rule_of_the_namespace() -> None:
    """What follows is the namespace's own rule."""
    rules: dict[str, Any] = {"namespaces": {"dev": {"mode": "audit"}}}
    bad = pod_spec(f"r.test/bad@{DIGEST}")
    assert _answer(_review(bad, "dev"), {"bad": REFUSED}, **rules)[0] == {"uid": "u1", "allowed": True}
    assert _answer(_review(bad, "shop"), {"bad": REFUSED}, **rules)[0]["allowed"] is False


@pytest.mark.parametrize("pins", [True, False])
@pytest.mark.parametrize("spec", [{"containers": "web"}, {"containers": [{}] * 1001}])
def test_malformed_object_is_denied(spec: dict[str, Any], pins: bool) -> None:
    """An object in which images cannot be found is denied with the reason, and not left to what follows from errors."""
    response, judge = _answer(_review(spec), pins=pins, default={"mode": "audit", "exempt": ["r.test/"]})
    assert response["allowed"] is False
    assert response["status"]["message"].startswith("the Pod is malformed: Expected `array")
    assert judge.asked == []


def test_malformed_review_is_an_error() -> None:
    """A review without a uid cannot be answered."""
    reviewer, _ = reviewing()
    with pytest.raises(RequestError):
        run(lambda: answer_admission_review(reviewer, b"{}", 9.5, pins=False))


def test_origin_of_a_review() -> None:
    """Whoever observes gets what the API server says of the request."""
    seen: list[Origin] = []
    body = _review(_SPEC, name="web-1", dryRun=True)
    _answer(body, observe=lambda origin, *_: seen.append(origin))
    assert seen == [Origin("shop", "u1", "Pod web-1", is_dry_run=True)]


def test_malformed_object_is_observed() -> None:
    """An object whose images cannot be found is denied, and whoever observes hears of it."""
    seen: list[tuple[Origin, str]] = []
    body = _review({"containers": 7}, name="web-1")
    response, _ = _answer(
        body, observe=lambda origin, review, _: seen.append((origin, review.images[0].decision.reason))
    )
    assert response["allowed"] is False
    assert seen == [(Origin("shop", "u1", "Pod web-1"), response["status"]["message"])]


@pytest.mark.parametrize("pins", [True, False])
def test_pull_secrets_go_along(pins: bool) -> None:
    """Images are read with the pull secrets that the pod names, in the namespace that the API server says."""
    reviewer, _ = reviewing()
    seen: list[Any] = []
    review = reviewer.review

    async def reviewed(origin: Origin, *arguments: Any, **options: Any) -> Any:
        seen.append((origin.namespace, options["secrets"]))
        return await review(origin, *arguments, **options)

    vars(reviewer)["review"] = reviewed
    body = _review({**pod_spec(f"r.test/web@{DIGEST}"), "imagePullSecrets": [{"name": "registry"}]})
    run(lambda: answer_admission_review(reviewer, body, 9.5, pins=pins))
    assert seen == [("shop", PullSecrets(("registry",)))]
