"""Rulings: what follows from the decisions on a request's images where it comes from."""

from enum import StrEnum
from typing import NamedTuple

from notarykit import Digest
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.message import join_reasons
from notarykit_admission.policy.rules import Mode
from notarykit_admission.review.review import Review, Reviewed


class Consequence(StrEnum):
    """What follows for an image."""

    ADMITTED = "admitted"
    """It may run."""
    AUDITED = "audited"
    """It is not accepted, and the rule of the namespace has it admitted all the same."""
    WARNED = "warned"
    """The same, with a warning."""
    DENIED = "denied"
    """It may not run."""


_CONSEQUENCES = {Mode.ENFORCE: Consequence.DENIED, Mode.WARN: Consequence.WARNED, Mode.AUDIT: Consequence.AUDITED}


def consequence_of(decision: Decision, mode: Mode) -> Consequence:
    """Returns what follows for an image from the decision on it, in a namespace of that mode."""
    return Consequence.ADMITTED if decision.admits else _CONSEQUENCES[mode]


class Ruling(NamedTuple):
    """What follows for a request.

    Attributes:
        admits: True if it is admitted.
        message: Message for whoever made a request that is denied; else an empty string.
        warnings: Warnings for whoever made a request that is admitted, a line each.
    """

    admits: bool
    message: str = ""
    warnings: tuple[str, ...] = ()


def rule_on(review: Review, *, pins: bool = False) -> Ruling:
    """Returns what follows from the decisions on all images of a request.

    Args:
        review: The images.
        pins: True if digests take the places of tags.
    """
    mode = review.rule.mode
    refused = [each.line for each in review.images if not each.decision.admits]
    if refused and mode is Mode.ENFORCE:
        return Ruling(admits=False, message=join_reasons(refused))
    moved = () if pins else tuple(each.image.text for each in review.images if _rests_on_a_tag(each))
    tags = tuple(f"{text}: the tag can be moved after this decision; write a digest" for text in moved)
    return Ruling(admits=True, warnings=(*(refused if mode is Mode.WARN else ()), *tags))


def _rests_on_a_tag(reviewed: Reviewed) -> bool:
    """Tells whether an image was accepted that a tag named."""
    is_judged = reviewed.decision.outcome in {Outcome.VERIFIED, Outcome.AUDITED}
    return is_judged and reviewed.reference is not None and not isinstance(reviewed.reference.identifier, Digest)
