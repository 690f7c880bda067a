"""Rulings: what follows for a request from what follows for its images."""

from typing import NamedTuple

from notarykit import Digest
from notarykit_admission.judging.decision import Outcome
from notarykit_admission.message import join_reasons
from notarykit_admission.review.review import Consequence, Review, Reviewed


class Ruling(NamedTuple):
    """Decision on a request, by the consequences for its images.

    Attributes:
        admits: True if it is admitted.
        message: Reason for the user, if the request is denied; else an empty string.
        warnings: Warnings for the user, if it is admitted; a line each.
    """

    admits: bool
    message: str = ""
    warnings: tuple[str, ...] = ()


def ruling_of(review: Review, *, pins: bool = False) -> Ruling:
    """Returns what follows from the decisions on all images of a request.

    Args:
        review: The images.
        pins: True if digests take the places of tags.
    """
    if denied := [each.line for each in review.images if each.consequence is Consequence.DENIED]:
        return Ruling(admits=False, message=join_reasons(denied))
    warned = (each.line for each in review.images if each.consequence is Consequence.WARNED)
    moved = () if pins else tuple(each.image.text for each in review.images if _rests_on_a_tag(each))
    tags = tuple(f"{text}: the tag can be moved after this decision; write a digest" for text in moved)
    return Ruling(admits=True, warnings=(*warned, *tags))


def _rests_on_a_tag(reviewed: Reviewed) -> bool:
    """Tells whether an image was accepted that a tag named."""
    is_judged = reviewed.decision.outcome in {Outcome.VERIFIED, Outcome.AUDITED}
    return is_judged and reviewed.reference is not None and not isinstance(reviewed.reference.identifier, Digest)
