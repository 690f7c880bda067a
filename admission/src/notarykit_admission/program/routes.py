"""Paths: the door behind each, and how long its callers wait."""

from collections.abc import Callable, Mapping
from functools import partial

from notarykit_admission.doors.external_data import ExternalDataDoor
from notarykit_admission.doors.image_policy import ImagePolicyDoor
from notarykit_admission.doors.kubernetes import WebhookDoor
from notarykit_admission.doors.verify import VerifyDoor
from notarykit_admission.protocol.external_data import answer_system_error
from notarykit_admission.protocol.status import answer_failure
from notarykit_admission.protocol.verify_request import answer_error
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.server.route import Route

# The API server's own default for a webhook, and what Gatekeeper's webhooks leave of their 3 and 1 seconds.
_WEBHOOK_SECONDS, _GATEKEEPER_SECONDS, _MUTATION_SECONDS = 10.0, 2.0, 0.9


_OpenDoor = Callable[[Reviewer], WebhookDoor | ExternalDataDoor | ImagePolicyDoor | VerifyDoor]
_DOORS: Mapping[str, tuple[_OpenDoor, float, Callable[[str], bytes]]] = {
    "kubernetes/validate": (partial(WebhookDoor, pins=False), _WEBHOOK_SECONDS, answer_failure),
    "kubernetes/pin": (partial(WebhookDoor, pins=True), _WEBHOOK_SECONDS, answer_failure),
    "gatekeeper/verify": (partial(ExternalDataDoor, pins=False), _GATEKEEPER_SECONDS, answer_system_error),
    "gatekeeper/mutate": (partial(ExternalDataDoor, pins=True, bare=True), _MUTATION_SECONDS, answer_system_error),
    "kyverno/verify": (partial(ExternalDataDoor, pins=False), _WEBHOOK_SECONDS, answer_system_error),
    "kyverno/mutate": (partial(ExternalDataDoor, pins=True), _WEBHOOK_SECONDS, answer_system_error),
    "image-policy": (ImagePolicyDoor, _WEBHOOK_SECONDS, answer_failure),
    "v1/verify": (VerifyDoor, _WEBHOOK_SECONDS, answer_error),
}


def open_doors(reviewer: Callable[[str], Reviewer], guarded: tuple[str, ...]) -> Mapping[str, Route]:
    """Returns the routes to the doors, by their paths.

    Args:
        reviewer: Function that returns the reviewer of the door of a name: its path without the first slash.
        guarded: Beginnings of the names of doors that only clients with a certificate come through: `gatekeeper/`.
    """
    return {
        f"/{name}": Route(open_door(reviewer(name)).answer, seconds, name.startswith(guarded), failure)
        for name, (open_door, seconds, failure) in _DOORS.items()
    }
