"""Reviews: the images of one request, with the decisions on them."""

from collections.abc import Callable
from typing import NamedTuple

from notarykit import Digest, Reference
from notarykit_admission.judging.decision import Decision
from notarykit_admission.message import one_line
from notarykit_admission.policy.rules import Rule

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


class Image(NamedTuple):
    """Image of a request.

    Attributes:
        place: Where it stands, for people; empty where the request does not say.
        text: Its reference as it is written there.
    """

    place: str
    text: str


class Reviewed(NamedTuple):
    """Image of a request, with the decision on it.

    Attributes:
        image: The image.
        decision: The decision.
        reference: Its reference, or None where the text is none or was not looked at.
    """

    image: Image
    decision: Decision
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
        rule: Rule of the namespace, as it was when the images were looked at.
        images: The images, in their order.
        is_too_large: True if no image was looked at, because there are too many of them.
    """

    rule: Rule
    images: tuple[Reviewed, ...]
    is_too_large: bool = False


Observe = Callable[[Origin, Review, float], None]
"""Called with each review, and the seconds that it took."""


def observe_nothing(origin: Origin, review: Review, seconds: float) -> None:
    """Observes nothing."""
