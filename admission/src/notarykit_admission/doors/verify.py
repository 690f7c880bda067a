"""Door for anybody: verdicts on artifacts, as `notarykit verify` gives them."""

from notarykit.errors import NetworkError, UsageError
from notarykit_admission.judging.decision import Outcome
from notarykit_admission.judging.document import document_of
from notarykit_admission.protocol.verify_request import answer_results, decode_verify_request
from notarykit_admission.review.review import Origin, Reviewed
from notarykit_admission.review.reviewer import Reviewer


async def answer_verify_request(reviewer: Reviewer, body: bytes, seconds: float) -> bytes:
    """Returns a verdict on each reference, in their order, and none on all of them; it never takes longer than it may.

    Args:
        reviewer: Reviews the artifacts.
        body: The request in JSON.
        seconds: Seconds within which the answer is wanted.

    Raises:
        RequestError: It is malformed.
    """
    request = decode_verify_request(body)
    review = await reviewer.verify(Origin(request.namespace), request.references, seconds)
    return answer_results((each.image.text, _document(each)) for each in review.images)


def _document(reviewed: Reviewed) -> bytes:
    decision = reviewed.decision
    if decision.document:
        return decision.document
    # It was not verified: the text is no reference, or there was too little time.
    kind = UsageError if decision.outcome is Outcome.REFUSED else NetworkError
    return document_of(kind(decision.reason))
