"""Webhooks of Kubernetes: the validating door, and the one that pins tags to digests."""

from notarykit_admission.protocol.admission_review import Pin, admit, decode_admission_review, deny
from notarykit_admission.review.review import Origin
from notarykit_admission.review.reviewer import Reviewer
from notarykit_admission.review.ruling import ruling_of


class WebhookDoor:
    """Answers AdmissionReviews.

    Args:
        reviewer: Reviews images.
        pins: True to put the digest that was judged in the place of each tag, in a mutating webhook.
    """

    def __init__(self, reviewer: Reviewer, *, pins: bool) -> None:
        self._reviewer = reviewer
        self._pins = pins

    async def answer(self, body: bytes, seconds: float) -> bytes:
        """Returns the answer to a review; it never takes longer.

        Args:
            body: The review in JSON.
            seconds: Seconds within which the answer is wanted.

        Raises:
            RequestError: The review is malformed, or of another version.
        """
        request = decode_admission_review(body)
        origin = Origin(request.namespace, request.uid, request.name, request.is_dry_run)
        if request.problem:
            self._reviewer.refuse(origin, request.problem)
            return deny(request.uid, request.problem)
        review = await self._reviewer.review(origin, request.images, seconds, pins=self._pins, secrets=request.secrets)
        ruling = ruling_of(review, pins=self._pins)
        if not ruling.admits:
            return deny(request.uid, ruling.message)
        pins = [
            Pin(each.image.pointer, each.pinned)
            for each in review.images
            if self._pins and each.decision.admits and each.pinned != each.image.text
        ]
        return admit(request.uid, ruling.warnings, pins)
