"""Webhooks of Kubernetes: the validating door, and the one that pins tags to digests."""

from notarykit_admission.protocol.admission_review import Pin, admit, decode_admission_review, deny
from notarykit_admission.review.review import Origin, Review
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.review.ruling import ruling_of


async def answer_admission_review(reviewer: Reviewer, body: bytes, seconds: float, *, pins: bool) -> bytes:
    """Returns the answer to an AdmissionReview; it never takes longer than it may.

    Args:
        reviewer: Reviews its images.
        body: The AdmissionReview in JSON.
        seconds: Seconds within which the answer is wanted.
        pins: True to put the digest that was judged in the place of each tag, in a mutating webhook.

    Raises:
        RequestError: It is malformed, or of another version.
    """
    request = decode_admission_review(body)
    origin = Origin(request.namespace, request.uid, request.name, request.is_dry_run)
    if request.problem:
        reviewer.refuse(origin, request.problem)
        return deny(request.uid, request.problem)
    review = await reviewer.review(origin, request.images, seconds, pins=pins, secrets=request.secrets)
    ruling = ruling_of(review, pins=pins)
    if not ruling.admits:
        return deny(request.uid, ruling.message)
    return admit(request.uid, ruling.warnings, _pins(review) if pins else ())


def _pins(review: Review) -> list[Pin]:
    return [
        Pin(each.image.pointer, each.pinned)
        for each in review.images
        if each.decision.admits and each.pinned != each.image.text
    ]
