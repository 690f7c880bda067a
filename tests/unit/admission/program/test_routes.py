"""Paths: which door is behind each, and who comes through."""

import base64
import json
from typing import Any

import pytest

from notarykit_admission.program.routes import make_routes
from notarykit_admission.program.settings import ALL_GUARDED, GUARDED_BY_DEFAULT
from notarykit_admission.review.reviewer import Reviewer
from tests.unit.admission.review.reviewers import DIGEST, reviewing, run

_GATEKEEPERS = {"/gatekeeper/verify", "/gatekeeper/mutate"}
_OTHERS = {
    "/kubernetes/validate",
    "/kubernetes/pin",
    "/kyverno/verify",
    "/kyverno/mutate",
    "/image-policy",
    "/v1/verify",
}


@pytest.mark.parametrize(
    ("guarded", "paths"),
    [((), set()), (GUARDED_BY_DEFAULT, _GATEKEEPERS), (ALL_GUARDED, _GATEKEEPERS | _OTHERS)],
)
def test_guarded_doors(guarded: tuple[str, ...], paths: set[str]) -> None:
    """Those doors alone need a certificate that are told to; each has a reviewer of its own name."""
    names = []

    def reviewer(name: str) -> Reviewer:
        names.append(f"/{name}")
        return reviewing()[0]

    doors = make_routes(reviewer, guarded)
    assert set(doors) == set(names) == _GATEKEEPERS | _OTHERS
    assert {path for path, door in doors.items() if door.needs_client} == paths


_TAG = "r.test/web:1"
_POD = {"spec": {"containers": [{"name": "c", "image": _TAG}]}}
_REQUEST = {"uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE", "object": _POD}
_BODIES: dict[str, dict[str, Any]] = {
    "kubernetes": {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": _REQUEST},
    "gatekeeper": {"request": {"keys": [_TAG]}},
    "kyverno": {"request": {"keys": [_TAG]}},
    "image-policy": {
        "apiVersion": "imagepolicy.k8s.io/v1alpha1",
        "kind": "ImageReview",
        "spec": {"containers": [{"image": _TAG}]},
    },
}
_REFUSED, _PINNED = "a tag can be moved after the decision", f"{_TAG}@{DIGEST}"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/kubernetes/validate", _REFUSED),
        ("/kubernetes/pin", base64.b64encode(b'[{"op":"replace","path":"/spec/containers/0/image"')[:-4].decode()),
        ("/gatekeeper/verify", _REFUSED),
        ("/gatekeeper/mutate", _PINNED),
        ("/kyverno/verify", _REFUSED),
        ("/kyverno/mutate", _PINNED),
        ("/image-policy", _REFUSED),
    ],
)
def test_tags_at_each_door(path: str, text: str) -> None:
    """Doors that can put a digest in the place of a tag do so, and those that cannot refuse it."""
    door = make_routes(lambda _: reviewing()[0], ())[path]
    body = json.dumps(_BODIES[path.split("/")[1]]).encode()
    assert text in run(lambda: door.answer(body, 1.0)).decode()
