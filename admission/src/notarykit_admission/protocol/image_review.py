"""ImageReview v1alpha1: what the API server's own plugin ImagePolicyWebhook asks, and the answer.

Kubernetes, "Admission Controllers Reference", "ImagePolicyWebhook". The review holds neither image volumes nor the
names of containers, and its annotations are the user's: none of them lets an image pass.
"""

from typing import Any, NamedTuple

import msgspec

from notarykit_admission.forms import decode
from notarykit_admission.message import one_line
from notarykit_admission.protocol.conventions import check_version

# The API server has no such limit.
MOST_CONTAINERS = 4000
_API_VERSION, _KIND = "imagepolicy.k8s.io/v1alpha1", "ImageReview"


class _Container(msgspec.Struct, frozen=True):
    image: str = ""


class _Spec(msgspec.Struct, frozen=True):
    containers: tuple[_Container, ...] | None = None
    namespace: str | None = None


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    spec: _Spec


class ImageReview(NamedTuple):
    """Question of the API server about the images of a pod.

    Attributes:
        namespace: Namespace of the pod.
        images: References, each once, in their order.
        problem: Reason why they are not looked at, so that the pod cannot be allowed; or an empty string.
    """

    namespace: str
    images: tuple[str, ...]
    problem: str = ""


_DECODER = msgspec.json.Decoder(_Review)


def decode_image_review(body: bytes) -> ImageReview:
    """Decodes a request of the API server.

    Raises:
        RequestError: It is malformed, or of another version.
    """
    review = decode(_DECODER, body, _KIND)
    check_version(review, _API_VERSION, _KIND)
    containers, namespace = review.spec.containers or (), review.spec.namespace or ""
    if len(containers) > MOST_CONTAINERS:
        return ImageReview(namespace, (), f"the pod has more than {MOST_CONTAINERS} containers")
    return ImageReview(namespace, tuple(dict.fromkeys(container.image for container in containers)))


def allow_images() -> bytes:
    """Returns the answer that allows the pod."""
    return _answer({"allowed": True})


def refuse_images(reason: str) -> bytes:
    """Returns the answer that refuses the pod, with a reason for the user who made it."""
    return _answer({"allowed": False, "reason": one_line(reason)})


def _answer(status: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"apiVersion": _API_VERSION, "kind": _KIND, "status": status})
