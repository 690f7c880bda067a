"""Routes: the door behind each path, and how long its callers wait."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from notarykit_admission.doors.external_data import answer_external_data
from notarykit_admission.doors.image_policy import answer_image_review
from notarykit_admission.doors.kubernetes import answer_admission_review
from notarykit_admission.doors.verify import answer_verify_request
from notarykit_admission.protocol.conventions import answer_failure
from notarykit_admission.protocol.external_data import answer_system_error
from notarykit_admission.protocol.verify_request import answer_error
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.server.route import Route

# The API server's own default for a webhook, and what Gatekeeper's webhooks leave of their 3 and 1 seconds.
_WEBHOOK_SECONDS, _GATEKEEPER_SECONDS, _MUTATION_SECONDS = 10.0, 2.0, 0.9
_Door = Callable[[Reviewer, bytes, float], Awaitable[bytes]]
_DOORS: Mapping[str, tuple[_Door, float, Callable[[str], bytes]]] = {
    "kubernetes/validate": (partial(answer_admission_review, pins=False), _WEBHOOK_SECONDS, answer_failure),
    "kubernetes/pin": (partial(answer_admission_review, pins=True), _WEBHOOK_SECONDS, answer_failure),
    "gatekeeper/verify": (partial(answer_external_data, pins=False), _GATEKEEPER_SECONDS, answer_system_error),
    "gatekeeper/mutate": (partial(answer_external_data, pins=True, bare=True), _MUTATION_SECONDS, answer_system_error),
    "kyverno/verify": (partial(answer_external_data, pins=False), _WEBHOOK_SECONDS, answer_system_error),
    "kyverno/mutate": (partial(answer_external_data, pins=True), _WEBHOOK_SECONDS, answer_system_error),
    "image-policy": (answer_image_review, _WEBHOOK_SECONDS, answer_failure),
    "v1/verify": (answer_verify_request, _WEBHOOK_SECONDS, answer_error),
}


def make_routes(reviewer: Callable[[str], Reviewer], guarded: tuple[str, ...]) -> Mapping[str, Route]:
    """Returns the routes to the doors, by their paths.

    Args:
        reviewer: Function that returns the reviewer of the door of a name: its path without the first slash.
        guarded: Beginnings of the names of doors that only clients with a certificate come through: `gatekeeper/`.
    """
    return {
        f"/{name}": Route(partial(door, reviewer(name)), seconds, failure, name.startswith(guarded))
        for name, (door, seconds, failure) in _DOORS.items()
    }
