"""Door for anybody: verdicts on artifacts, as `notarykit verify` gives them."""

from notarykit.errors import NetworkError, UsageError
from notarykit_admission.judging.decision import Outcome
from notarykit_admission.judging.document import document_of
from notarykit_admission.protocol.verify_request import answer_results, decode_verify_request
from notarykit_admission.review.review import Origin, Reviewed
from notarykit_admission.review.reviewer import Reviewer


class VerifyDoor:
    """Answers requests for verdicts. An answer says nothing of all of its artifacts together: each has its own verdict.

    Args:
        reviewer: Reviews images.
    """

    def __init__(self, reviewer: Reviewer) -> None:
        self._reviewer = reviewer

    async def answer(self, body: bytes, seconds: float) -> bytes:
        """Returns the verdict on each reference, in their order; never later.

        Args:
            body: The request in JSON.
            seconds: Seconds within which the answer is wanted.

        Raises:
            RequestError: The request is malformed.
        """
        request = decode_verify_request(body)
        review = await self._reviewer.verify(Origin(request.namespace), request.references, seconds)
        return answer_results((each.image.text, _document(each)) for each in review.images)


def _document(reviewed: Reviewed) -> bytes:
    decision = reviewed.decision
    if decision.document:
        return decision.document
    # It was not verified: the text is no reference, or there was too little time.
    kind = UsageError if decision.outcome is Outcome.REFUSED else NetworkError
    return document_of(kind(decision.reason))
