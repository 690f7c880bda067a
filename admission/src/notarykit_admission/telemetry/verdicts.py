"""The log of verdicts: one line for each image that was asked about.

Container runtimes split lines of more than 16 KiB: with all texts at their longest, and four bytes a character, a line
has less.
"""

import time
from collections.abc import Callable

from notarykit_admission.context import trace_of_request
from notarykit_admission.message import one_line
from notarykit_admission.review.review import Consequence, Origin, Review, Reviewed
from notarykit_admission.telemetry.log import Line, Write, encode, rfc3339

_LONGEST_NAME, _LONGEST_REFERENCE, _LONGEST_REASON, _LONGEST_REMARK = 256, 800, 1000, 240
_MOST_REMARKS = 3


class VerdictLine(Line, frozen=True, omit_defaults=True, kw_only=True):
    """Line about one image; what is empty or false is left out.

    Attributes:
        door: Path of the door without its slash at the front, such as `kubernetes/validate`.
        outcome: Kind of the decision: `verified`, `audited`, `skipped`, `exempt`, `refused` or `undecided`.
        consequence: What follows for the image by the mode of its namespace: `admitted`, `denied`, `warned`, `audited`.
        milliseconds: Time that the review of the whole request took.
        reference: Reference as it was asked for.
        digest: Digest that was judged.
        namespace: Namespace.
        object: Kind and name of the object.
        place: Where the image stands in it.
        policy: File name of the trust policy.
        statement: Name of the trust policy statement.
        reason: Reason for a refusal.
        remarks: What the trust policy only logs of an accepted signature.
        cached: True if the decision was made for an earlier request.
        dry_run: True if the object is not stored.
        images: Number of images, in the one line about a request that had too many of them.
        uid: Identifier of the API server's request.
        trace: Identifier of the trace that the request belongs to.
    """

    door: str
    outcome: str
    consequence: str
    milliseconds: float
    reference: str = ""
    digest: str = ""
    namespace: str = ""
    object: str = ""
    place: str = ""
    policy: str = ""
    statement: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()
    cached: bool = False
    dry_run: bool = False
    images: int = 0
    uid: str = ""
    trace: str = ""


class VerdictLog:
    """Writes a line for each image of a review at one door.

    Args:
        door: Name of the door.
        write: Function that writes a line.
        clock: Clock, in seconds since 1970.
    """

    def __init__(self, door: str, write: Write, clock: Callable[[], float] = time.time) -> None:
        self._door = door
        self._write = write
        self._clock = clock

    def observe(self, origin: Origin, review: Review, seconds: float) -> None:
        """Writes the lines of a review that took so many seconds."""
        now, milliseconds = rfc3339(self._clock()), round(seconds * 1000, 3)
        if review.is_too_large:
            self._write(encode(self._line(origin, review, review.images[0], now, milliseconds)))
            return
        for each in review.images:
            self._write(encode(self._line(origin, review, each, now, milliseconds)))

    def _line(self, origin: Origin, review: Review, image: Reviewed, now: str, milliseconds: float) -> VerdictLine:
        decision, consequence = image.decision, image.consequence
        return VerdictLine(
            time=now,
            level="info" if consequence is Consequence.ADMITTED else "warning",
            event="verdict",
            door=self._door,
            outcome=decision.outcome,
            consequence=consequence,
            milliseconds=milliseconds,
            reference=_short(image.image.text, _LONGEST_REFERENCE),
            digest=str(decision.digest),  # msgspec encodes no subclass, such as the digest of a reference
            namespace=_short(origin.namespace, _LONGEST_NAME),
            object=_short(origin.name, _LONGEST_NAME),
            place=_short(image.image.place, _LONGEST_NAME),
            policy=_short(review.rule.policy, _LONGEST_NAME),
            statement=_short(decision.policy, _LONGEST_NAME),
            reason=_short(decision.reason, _LONGEST_REASON),
            remarks=tuple(_short(remark, _LONGEST_REMARK) for remark in decision.remarks[:_MOST_REMARKS]),
            cached=decision.is_kept,
            dry_run=origin.is_dry_run,
            images=len(review.images) if review.is_too_large else 0,
            uid=_short(origin.uid, _LONGEST_NAME),
            trace=trace_of_request.get(),
        )


def _short(text: str, longest: int) -> str:
    """Returns a text as one line; most need no look at their characters one by one."""
    return text if len(text) <= longest and text.isascii() and text.isprintable() else one_line(text, longest)
