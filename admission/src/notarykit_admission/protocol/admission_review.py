"""AdmissionReview v1: what the API server asks validating and mutating webhooks, and the answers.

Kubernetes, "Dynamic Admission Control", "Webhook request and response".
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from notarykit_admission.errors import RequestError
from notarykit_admission.forms import decode
from notarykit_admission.message import one_line, warning_lines
from notarykit_admission.protocol.conventions import check_version
from notarykit_admission.workload.images import NO_POD, NO_SECRETS, Image, PullSecrets, find_new
from notarykit_admission.workload.kinds import Kind

_API_VERSION, _KIND = "admission.k8s.io/v1", "AdmissionReview"
_FORBIDDEN = 403
_NOTHING = msgspec.Raw(b"null")


class _ObjectKind(msgspec.Struct, frozen=True):
    version: str
    kind: str
    group: str = ""


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    uid: Annotated[str, msgspec.Meta(min_length=1)]
    kind: _ObjectKind
    operation: Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
    namespace: str | None = None
    name: str | None = None
    object: msgspec.Raw = _NOTHING
    old_object: msgspec.Raw = _NOTHING
    dry_run: bool | None = None


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    request: _Request | None = None


class AdmissionRequest(NamedTuple):
    """Question of the API server about one object.

    Attributes:
        uid: Identifier of the request, which its answer repeats.
        namespace: Namespace of the object; empty for objects outside of namespaces. The API server says it of the
            request, and what the object itself says of it is not read.
        name: Name of the object for people: its kind and its name, if it has one yet.
        images: Images that the request makes run; those that run already are not among them.
        is_dry_run: True if the object is not stored.
        secrets: Secrets of this namespace with which the images are pulled.
        problem: Reason why nothing is known of the object's images, so that it cannot be admitted; or an empty string.
    """

    uid: str
    namespace: str
    name: str
    images: tuple[Image, ...]
    is_dry_run: bool
    secrets: PullSecrets = NO_SECRETS
    problem: str = ""


_DECODER = msgspec.json.Decoder(_Review)


def decode_admission_review(body: bytes) -> AdmissionRequest:
    """Decodes a request of the API server.

    Requests that delete an object or connect to one make no image run. Neither does an update that leaves the images as
    they are, so that labels, finalizers and owners can be changed whatever has become of the images.

    Raises:
        RequestError: It is malformed, but for the object, or of another version.
    """
    review = decode(_DECODER, body, _KIND)
    check_version(review, _API_VERSION, _KIND)
    if review.request is None:
        raise RequestError(f"the request is an {_KIND} without a request")
    request = review.request
    kind = Kind(request.kind.group, request.kind.kind)
    starts = request.operation in {"CREATE", "UPDATE"}
    old = request.old_object if request.operation == "UPDATE" else _NOTHING
    pod, problem = NO_POD, ""
    try:
        pod = find_new(kind, request.object, old) if starts else NO_POD
    except RequestError as error:  # a denial counts, whatever follows from errors
        problem = str(error)
    name = f"{kind.name} {request.name}" if request.name else kind.name
    namespace, is_dry_run = request.namespace or "", bool(request.dry_run)
    return AdmissionRequest(request.uid, namespace, name, pod.images, is_dry_run, pod.secrets, problem)


class Pin(NamedTuple):
    """Replacement of a reference by one with a digest.

    Attributes:
        pointer: JSON pointer to the reference.
        reference: Reference with the digest.
    """

    pointer: str
    reference: str


def admit(uid: str, warnings: Iterable[str] = (), pins: Sequence[Pin] = ()) -> bytes:
    """Returns the answer that admits an object.

    Args:
        uid: Identifier of the request.
        warnings: Warnings for the user who made the request.
        pins: References that are replaced; only a mutating webhook may do that.
    """
    answer: dict[str, Any] = {"allowed": True}
    if lines := warning_lines(warnings):
        answer["warnings"] = lines
    if pins:
        patch = [{"op": "replace", "path": pin.pointer, "value": pin.reference} for pin in pins]
        answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(msgspec.json.encode(patch)).decode("ascii")}
    return _answer(uid, answer)


def deny(uid: str, message: str) -> bytes:
    """Returns the answer that denies an object, with a message for the user who made the request."""
    # Without a status, the API server answers 400 "without explanation".
    status = {"code": _FORBIDDEN, "reason": "Forbidden", "message": one_line(message)}
    return _answer(uid, {"allowed": False, "status": status})


def _answer(uid: str, answer: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"apiVersion": _API_VERSION, "kind": _KIND, "response": {"uid": uid, **answer}})
