"""Door of the API server's plugin ImagePolicyWebhook."""

import json
from typing import Any

import pytest

from notarykit_admission.doors.image_policy import answer_image_review
from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.image_review import MOST_CONTAINERS
from tests.unit.admission.review.reviewers import DIGEST, REFUSED, reviewing, run

_WEB, _BAD = f"r.test/web@{DIGEST}", f"r.test/bad@{DIGEST}"


def _status(*images: str, namespace: str = "shop", **rules: Any) -> Any:
    reviewer, _ = reviewing({"bad": REFUSED}, **rules)
    spec = {"containers": [{"image": image} for image in images], "namespace": namespace}
    body = json.dumps({"apiVersion": "imagepolicy.k8s.io/v1alpha1", "kind": "ImageReview", "spec": spec}).encode()
    return json.loads(run(lambda: answer_image_review(reviewer, body, 9.5)))["status"]


def test_accepted_images_are_allowed() -> None:
    """A pod whose images are all accepted is allowed."""
    assert _status(_WEB, _WEB) == {"allowed": True}


def test_one_bad_image_refuses_the_pod() -> None:
    """One image that is not accepted refuses the pod, with the reason."""
    reason = f"{_BAD}: no signature is associated (policy statement 'one')"
    assert _status(_WEB, _BAD) == {"allowed": False, "reason": reason}


def test_tags_are_refused_unless_resolved() -> None:
    """Nothing is pinned here, so that a tag is refused where the rule does not have it resolved."""
    assert _status("r.test/web:1")["allowed"] is False
    assert _status("r.test/web:1", default={"tags": "resolve"}) == {"allowed": True}


@pytest.mark.parametrize("mode", ["warn", "audit"])
def test_namespace_that_does_not_enforce(mode: str) -> None:
    """A namespace that only warns or logs has its pods allowed."""
    assert _status(_BAD, namespaces={"shop": {"mode": mode}}) == {"allowed": True}
    assert _status(_BAD, namespace="other", namespaces={"shop": {"mode": mode}})["allowed"] is False


def test_too_many_containers_are_refused() -> None:
    """A pod of which the images are not looked at is refused, whatever the rule of its namespace."""
    status = _status(*[_WEB] * (MOST_CONTAINERS + 1), namespaces={"shop": {"mode": "audit"}})
    assert status == {"allowed": False, "reason": "the pod has more than 4000 containers"}


def test_malformed_review_is_an_error() -> None:
    """A review of another kind cannot be answered."""
    reviewer, _ = reviewing()
    with pytest.raises(RequestError):
        run(lambda: answer_image_review(reviewer, b'{"apiVersion": "v1", "kind": "Pod", "spec": {}}', 9.5))
