"""Reviews: the images of one request, with the decisions on them."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from notarykit import Digest, Reference
from notarykit_admission.judging.decision import Decision
from notarykit_admission.message import one_line
from notarykit_admission.policy.rules import Mode, Rule
from notarykit_admission.workload.images import Image

# The API server takes references of any length; the reason and the advice have to fit beside it.
LONGEST_IMAGE = 400


class Origin(NamedTuple):
    """Where a request comes from.

    Attributes:
        namespace: Namespace of the request, or an empty string.
        uid: Identifier that the API server gave it; empty where it has none.
        name: Name of the object for people, or an empty string.
        is_dry_run: True if the object is not stored.
    """

    namespace: str
    uid: str = ""
    name: str = ""
    is_dry_run: bool = False


class Consequence(StrEnum):
    """Consequence for an image of the decision on it."""

    ADMITTED = "admitted"
    """It may run."""
    AUDITED = "audited"
    """It is not accepted, and the rule of the namespace has it admitted all the same."""
    WARNED = "warned"
    """The same, with a warning."""
    DENIED = "denied"
    """It may not run."""


_OF_MODES = {Mode.ENFORCE: Consequence.DENIED, Mode.WARN: Consequence.WARNED, Mode.AUDIT: Consequence.AUDITED}


def consequence_of(decision: Decision, mode: Mode) -> Consequence:
    """Returns what follows for an image from the decision on it, in a namespace of that mode."""
    return Consequence.ADMITTED if decision.admits else _OF_MODES[mode]


class Reviewed(NamedTuple):
    """Image of a request, with the decision on it.

    Attributes:
        image: The image.
        decision: The decision.
        consequence: What follows for it in its namespace.
        reference: The reference that was judged, or None where there was nothing to judge.
    """

    image: Image
    decision: Decision
    consequence: Consequence
    reference: Reference | None = None

    @property
    def pinned(self) -> str:
        """The reference with the digest that was judged; the text itself where it has one, or none was judged."""
        if self.reference is None or isinstance(self.reference.identifier, Digest) or not self.decision.digest:
            return self.image.text
        return f"{self.image.text}@{self.decision.digest}"

    @property
    def line(self) -> str:
        """The image and the reason for its refusal, as one line."""
        place = f"{self.image.place}: " if self.image.place else ""
        policy = f" (policy statement {self.decision.policy!r})" if self.decision.policy else ""
        image = one_line(self.image.text, LONGEST_IMAGE) or "no image"
        return one_line(f"{place}{image}: {self.decision.reason}{policy}")


class Review(NamedTuple):
    """Images of a request, with the decisions on them.

    Attributes:
        rule: Rule that the images were looked at by.
        images: The images, in their order.
        is_too_large: True if no image was looked at, because there are too many of them.
    """

    rule: Rule
    images: tuple[Reviewed, ...]
    is_too_large: bool = False


Observe = Callable[[Origin, Review, float], None]
"""Called with each review, and the seconds that it took."""
