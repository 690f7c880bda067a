"""AdmissionReview v1: requests of the API server, and the answers."""

import base64
import json
from typing import Any

import pytest

from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.admission_review import (
    AdmissionRequest,
    Pin,
    admit,
    decode_admission_review,
    deny,
)
from notarykit_admission.workload.images import PullSecrets
from tests.unit.admission.workload.workloads import pod_spec

_UID = "705ab4f5-6393-11e8-b7cc-42010a800002"
_POD = {"metadata": {"name": "web", "namespace": "shop"}, "spec": pod_spec("r.test/a:1")}


def _review(**changes: Any) -> dict[str, Any]:
    """Returns a review of a new pod as the API server writes it; a member that is changed to `...` is left out."""
    request = {
        "uid": _UID,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "name": "web",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "alice", "uid": "2", "groups": ["devs"]},
        "object": _POD,
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        **changes,
    }
    members = {name: value for name, value in request.items() if value is not ...}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": members}


def _decoded(**changes: Any) -> AdmissionRequest:
    return decode_admission_review(json.dumps(_review(**changes)).encode())


def _images(**changes: Any) -> list[str]:
    return [image.text for image in _decoded(**changes).images]


def test_new_pod() -> None:
    """A request to create a pod has its images, its namespace and its name for people."""
    request = _decoded()
    assert request[:3] == (_UID, "shop", "Pod web")
    assert [image.text for image in request.images] == ["r.test/a:1"]
    assert request.is_dry_run is False


def test_optional_members_may_be_missing() -> None:
    """What the API server leaves out, or writes as null, is taken as absent."""
    absent = {"name": ..., "namespace": ..., "oldObject": ..., "dryRun": ..., "options": None, "userInfo": ...}
    assert _decoded(**absent)[1:3] == ("", "Pod")
    assert _decoded(name=None, namespace=None, dryRun=None)[1:3] == ("", "Pod")
    assert _images(object=None) == []
    assert _images(object=...) == []


def test_dry_run() -> None:
    """A dry run is known as one, and its images are judged like others."""
    request = _decoded(dryRun=True)
    assert request.is_dry_run is True
    assert request.images == _decoded().images


def test_pull_secrets() -> None:
    """A request has the secrets of its pod, or the service account of a template that names none."""
    assert _decoded().secrets == PullSecrets()
    pod = {"spec": {**pod_spec("r.test/a:1"), "imagePullSecrets": [{"name": "registry"}]}}
    assert _decoded(object=pod).secrets == PullSecrets(("registry",))
    template = {"spec": {"template": {"spec": {**pod_spec("r.test/a:1"), "serviceAccountName": "builder"}}}}
    kind = {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert _decoded(kind=kind, object=template).secrets == PullSecrets(service_account="builder")
    assert _decoded(operation="DELETE", object=pod).secrets == PullSecrets()


def test_namespace_is_the_one_of_the_request() -> None:
    """The namespace whose rules and secrets count is the one that the API server names, not that of the object."""
    pod = {"metadata": {"name": "web", "namespace": "bank"}, "spec": pod_spec("r.test/a:1")}
    assert _decoded(object=pod).namespace == "shop"
    assert _decoded(object=pod, namespace=None).namespace == ""


def test_update_has_the_new_images() -> None:
    """An update has the images that it changes, and none if it changes none."""
    relabeled = {**_POD, "metadata": {"name": "web", "labels": {"a": "b"}, "finalizers": ["f"]}}
    assert _images(operation="UPDATE", object=relabeled, oldObject=_POD) == []
    changed = {"spec": pod_spec("r.test/a:2")}
    assert _images(operation="UPDATE", object=changed, oldObject=_POD) == ["r.test/a:2"]


def test_ephemeral_container_of_the_subresource() -> None:
    """An ephemeral container comes as an update of the whole pod, and is all that is new."""
    debugged = {"spec": pod_spec("r.test/a:1", ephemeral=("r.test/debug:1",))}
    changes = {"operation": "UPDATE", "subResource": "ephemeralcontainers", "object": debugged, "oldObject": _POD}
    assert _images(**changes) == ["r.test/debug:1"]


@pytest.mark.parametrize("old", [None, ..., {}])
def test_update_without_an_older_state_has_all_images(old: Any) -> None:
    """An update whose older state is missing makes all images new."""
    assert _images(operation="UPDATE", oldObject=old) == ["r.test/a:1"]


def test_older_state_does_not_count_for_a_new_object() -> None:
    """Only an update has an older state that images may be known from."""
    assert _images(operation="CREATE", oldObject=_POD) == ["r.test/a:1"]


@pytest.mark.parametrize("operation", ["DELETE", "CONNECT"])
def test_other_operations_start_no_image(operation: str) -> None:
    """Deleting an object, or connecting to it, starts nothing, whatever the object is."""
    assert _images(operation=operation) == []
    assert _images(operation=operation, object={"spec": 7}) == []


def test_cron_job_in_its_group() -> None:
    """The kind is taken from the request, and not from the object, which the API server has converted."""
    kind = {"group": "batch", "version": "v1", "kind": "CronJob"}
    job = {"kind": "Pod", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod_spec("r.test/job:1")}}}}}
    assert _images(kind=kind, object=job) == ["r.test/job:1"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"uid": ...}, "missing required field `uid`"),
        ({"uid": ""}, "Expected `str` of length >= 1"),
        ({"uid": 7}, "Expected `str`, got `int`"),
        ({"kind": ...}, "missing required field `kind`"),
        ({"kind": "Pod"}, "Expected `object`, got `str`"),
        ({"operation": "PATCH"}, "Invalid enum value 'PATCH'"),
        ({"operation": ...}, "missing required field `operation`"),
        ({"namespace": ["shop"]}, "Expected `str | null`, got `array`"),
        ({"dryRun": "yes"}, "Expected `bool | null`, got `str`"),
    ],
)
def test_malformed_request(changes: dict[str, Any], message: str) -> None:
    """A request that is not of the form is an error with the member."""
    with pytest.raises(RequestError) as caught:
        _decoded(**changes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"object": {"spec": {"containers": 7}}}, "Expected `array | null`, got `int`"),
        ({"object": {"spec": {"volumes": [{}] * 1001}}}, "Expected `array` of length <= 1000"),
        ({"operation": "UPDATE", "oldObject": {"spec": 7}}, "Expected `object | null`"),
    ],
)
def test_malformed_object(changes: dict[str, Any], message: str) -> None:
    """A request about an object in which images cannot be found can be answered, with the reason."""
    request = _decoded(**changes)
    assert request.uid == _UID
    assert request.images == ()
    assert request.problem.startswith(f"the Pod is malformed: {message}")


@pytest.mark.parametrize("operation", ["DELETE", "CONNECT"])
def test_object_that_starts_nothing_is_not_looked_at(operation: str) -> None:
    """What deletes an object, or connects to one, has no problem with its form."""
    assert _decoded(operation=operation, object={"spec": 7}, oldObject={"spec": 7}).problem == ""


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"apiVersion": "admission.k8s.io/v1beta1"}, "'AdmissionReview' of 'admission.k8s.io/v1beta1': send"),
        ({"kind": "ImageReview"}, "the request is a 'ImageReview' of"),
        ({"apiVersion": "x\ny" * 2000}, "the request is a"),
        ({"request": None}, "the request is an AdmissionReview without a request"),
    ],
)
def test_other_review(members: dict[str, Any], message: str) -> None:
    """A review of another version or kind, or an answer, is an error of one line."""
    with pytest.raises(RequestError) as caught:
        decode_admission_review(json.dumps({**_review(), **members}).encode())
    assert message in str(caught.value)
    assert len(str(caught.value)) <= 1000
    assert str(caught.value).isprintable()


def _response(answer: bytes) -> dict[str, Any]:
    review = json.loads(answer)
    assert review["apiVersion"] == "admission.k8s.io/v1"
    assert review["kind"] == "AdmissionReview"
    assert review["response"]["uid"] == _UID
    assert set(review) == {"apiVersion", "kind", "response"}
    response: dict[str, Any] = review["response"]
    return response


def test_uid_is_repeated_as_it_is() -> None:
    """An answer has the identifier of its request letter by letter, whatever it is."""
    for uid in (" a\t", '"\\', "\u00e9\U0001f511"):
        assert [json.loads(answer)["response"]["uid"] for answer in (admit(uid), deny(uid, "no"))] == [uid, uid]


def test_admitted() -> None:
    """An object that is admitted as it is has neither a status nor a patch."""
    assert _response(admit(_UID)) == {"uid": _UID, "allowed": True}


def test_admitted_with_warnings() -> None:
    """Warnings are lines without control characters, which the API server would drop."""
    assert _response(admit(_UID, ["one\ntwo", "three"]))["warnings"] == ["one two", "three"]


def test_pinned() -> None:
    """A patch replaces references and nothing else (RFC 6902)."""
    pins = [Pin("/spec/containers/0/image", "r.test/a:1@sha256:aa"), Pin("/spec/volumes/1/image/reference", "b@c")]
    response = _response(admit(_UID, pins=pins))
    assert response["allowed"] is True
    assert response["patchType"] == "JSONPatch"
    assert json.loads(base64.b64decode(response["patch"], validate=True)) == [
        {"op": "replace", "path": "/spec/containers/0/image", "value": "r.test/a:1@sha256:aa"},
        {"op": "replace", "path": "/spec/volumes/1/image/reference", "value": "b@c"},
    ]


def test_denied() -> None:
    """A denial has the code and the message that the API server passes on, as one line of bounded length."""
    response = _response(deny(_UID, f"not\nsigned {'x' * 2000}"))
    assert response["allowed"] is False
    assert "patch" not in response
    status = response["status"]
    assert status["code"] == 403
    assert status["reason"] == "Forbidden"
    assert status["message"].startswith("not signed x")
    assert len(status["message"]) == 1000
