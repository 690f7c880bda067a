"""ImageReview v1alpha1: requests of the API server's own plugin, and the answers."""

import json
from typing import Any

import pytest

from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.image_review import (
    MOST_CONTAINERS,
    ImageReview,
    allow_images,
    decode_image_review,
    refuse_images,
)

_REVIEW = {
    "apiVersion": "imagepolicy.k8s.io/v1alpha1",
    "kind": "ImageReview",
    "metadata": {"creationTimestamp": None},
    "spec": {
        "containers": [{"image": "r.test/a:1"}, {"image": "r.test/b:1"}, {"image": "r.test/a:1"}],
        "annotations": {"x.image-policy.k8s.io/break-glass": "ticket 7"},
        "namespace": "shop",
    },
    "status": {"allowed": False},
}


def _decoded(**changes: Any) -> ImageReview:
    return decode_image_review(json.dumps({**_REVIEW, **changes}).encode())


def test_images() -> None:
    """A review has the images of a pod, each once; annotations of its maker are no part of it."""
    assert _decoded() == ImageReview("shop", ("r.test/a:1", "r.test/b:1"))


@pytest.mark.parametrize("spec", [{}, {"containers": None, "namespace": None}, {"containers": []}])
def test_no_images(spec: dict[str, Any]) -> None:
    """A review may have no images."""
    assert _decoded(spec=spec) == ImageReview("", ())


def test_missing_image_is_an_empty_reference() -> None:
    """A container without an image is not passed over."""
    assert _decoded(spec={"containers": [{}]}).images == ("",)


def test_too_many_containers() -> None:
    """Of a pod with more containers than any has nothing is looked at but their number."""
    review = _decoded(spec={"containers": [{"image": "r.test/a:1"}] * (MOST_CONTAINERS + 1), "namespace": "shop"})
    assert review == ImageReview("shop", (), "the pod has more than 4000 containers")
    assert _decoded(spec={"containers": [{"image": "r.test/a:1"}] * MOST_CONTAINERS}).images == ("r.test/a:1",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"apiVersion": "imagepolicy.k8s.io/v1"}, "'ImageReview' of 'imagepolicy.k8s.io/v1': send"),
        ({"kind": "AdmissionReview"}, "'AdmissionReview' of"),
        ({"spec": None}, "Expected `object`, got `null`"),
        ({"spec": {"containers": [{"image": None}]}}, "Expected `str`, got `null`"),
        ({"spec": {"containers": ["r.test/a:1"]}}, "Expected `object`, got `str`"),
    ],
)
def test_malformed_review(changes: dict[str, Any], message: str) -> None:
    """A review of another form or version is an error with the member."""
    with pytest.raises(RequestError) as caught:
        _decoded(**changes)
    assert message in str(caught.value)


def test_answers() -> None:
    """An answer is a review with a status alone; a refusal has its reason as one line."""
    head = {"apiVersion": "imagepolicy.k8s.io/v1alpha1", "kind": "ImageReview"}
    assert json.loads(allow_images()) == {**head, "status": {"allowed": True}}
    refused = json.loads(refuse_images("not\nsigned"))
    assert refused == {**head, "status": {"allowed": False, "reason": "not signed"}}
