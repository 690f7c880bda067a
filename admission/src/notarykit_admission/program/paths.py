"""Paths: the door behind each, and how long its callers wait."""

from collections.abc import Callable, Mapping

from notarykit_admission.doors.external_data import ExternalDataDoor, failure
from notarykit_admission.doors.image_policy import ImagePolicyDoor
from notarykit_admission.doors.kubernetes import WebhookDoor
from notarykit_admission.doors.verify import VerifyDoor
from notarykit_admission.protocol.status import answer_failure
from notarykit_admission.protocol.verify_request import answer_error
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.server.door import Door

# The API server's own default for a webhook, and what Gatekeeper's webhooks leave of their 3 and 1 seconds.
_WEBHOOK_SECONDS, _GATEKEEPER_SECONDS, _MUTATION_SECONDS = 10.0, 2.0, 0.9


def open_doors(reviewer: Callable[[str], Reviewer], guarded: tuple[str, ...]) -> Mapping[str, Door]:
    """Returns the doors by their paths.

    Args:
        reviewer: Function that returns the reviewer of the door of a name: its path without the first slash.
        guarded: Beginnings of the names of doors that only clients with a certificate come through: `gatekeeper/`.
    """
    doors: Mapping[str, Callable[[Reviewer], Door]] = {
        "kubernetes/validate": lambda each: Door(
            WebhookDoor(each, pins=False).answer, _WEBHOOK_SECONDS, failure=answer_failure
        ),
        "kubernetes/pin": lambda each: Door(
            WebhookDoor(each, pins=True).answer, _WEBHOOK_SECONDS, failure=answer_failure
        ),
        "gatekeeper/verify": lambda each: Door(
            ExternalDataDoor(each, pins=False).answer, _GATEKEEPER_SECONDS, failure=failure
        ),
        "gatekeeper/mutate": lambda each: Door(
            ExternalDataDoor(each, pins=True, bare=True).answer, _MUTATION_SECONDS, failure=failure
        ),
        "kyverno/verify": lambda each: Door(
            ExternalDataDoor(each, pins=False).answer, _WEBHOOK_SECONDS, failure=failure
        ),
        "kyverno/mutate": lambda each: Door(
            ExternalDataDoor(each, pins=True).answer, _WEBHOOK_SECONDS, failure=failure
        ),
        "image-policy": lambda each: Door(ImagePolicyDoor(each).answer, _WEBHOOK_SECONDS, failure=answer_failure),
        "v1/verify": lambda each: Door(VerifyDoor(each).answer, _WEBHOOK_SECONDS, failure=answer_error),
    }
    return {
        f"/{name}": make(reviewer(name))._replace(needs_client=name.startswith(guarded)) for name, make in doors.items()
    }
