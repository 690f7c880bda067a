"""Review of the images of one request: exemptions, references, and the judge's decisions on the rest."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from notarykit import Digest, Reference
from notarykit.errors import UsageError
from notarykit_admission.access.asker import Asker
from notarykit_admission.access.pull_secrets import Puller
from notarykit_admission.doors.reading import read_reference
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.question import LoadedPolicy
from notarykit_admission.message import one_line
from notarykit_admission.policy.loaded import Policies
from notarykit_admission.policy.rules import Rule, Tags
from notarykit_admission.workload.images import PullSecrets

MOST_IMAGES = 250
# The API server takes references of any length; the reason and the advice have to fit beside it.
_LONGEST_IMAGE = 400


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
        image = one_line(self.image.text, _LONGEST_IMAGE) or "no image"
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


def _nobody(origin: Origin, review: Review, seconds: float) -> None:
    """Observes nothing."""


class Reviewer:
    """Reviews images under the policies that count now.

    Args:
        asker: Asks for decisions on images.
        policies: Function that returns the policies.
        observe: Called with each review before it is returned.
        most_images: Number of images of a request; one with more is refused.
    """

    def __init__(
        self,
        asker: Asker,
        policies: Callable[[], Policies],
        observe: Observe = _nobody,
        most_images: int = MOST_IMAGES,
    ) -> None:
        self._asker = asker
        self._policies = policies
        self._observe = observe
        self._most_images = most_images

    async def review(
        self,
        origin: Origin,
        images: Sequence[Image],
        seconds: float,
        *,
        pins: bool = False,
        secrets: PullSecrets | None = None,
    ) -> Review:
        """Returns the decisions on images; it never takes longer than it may.

        Args:
            origin: Where the request comes from.
            images: The images.
            seconds: Seconds within which the decisions are wanted.
            pins: True if digests take the places of tags, so that a tag cannot be moved after the decision.
            secrets: Secrets of the namespace with which the images are pulled; None where the request does not say so
                on the word of the API server.
        """
        policies, begun = self._policies(), time.monotonic()
        rule = policies.rules.of(origin.namespace)
        judged = rule._replace(tags=Tags.RESOLVE) if pins else rule
        puller = Puller(origin.namespace, secrets)
        reviewed = await self._judge(policies.policy_of(origin.namespace), judged, images, puller, seconds)
        return self._observed(origin, rule, reviewed, begun)

    async def verify(self, origin: Origin, references: Sequence[str], seconds: float) -> Review:
        """Returns the decisions on artifacts by the trust policy alone: none is exempt, and tags are resolved.

        Args:
            origin: Where the request comes from.
            references: References to the artifacts.
            seconds: Seconds within which the decisions are wanted.
        """
        policies, begun = self._policies(), time.monotonic()
        rule = policies.rules.of(origin.namespace)._replace(tags=Tags.RESOLVE, exempt=())
        images = [Image("", reference) for reference in references]
        puller = Puller(origin.namespace)
        reviewed = await self._judge(policies.policy_of(origin.namespace), rule, images, puller, seconds)
        return self._observed(origin, rule, reviewed, begun)

    def _observed(self, origin: Origin, rule: Rule, images: tuple[Reviewed, ...], begun: float) -> Review:
        review = Review(rule, images, is_too_large=len(images) > self._most_images)
        self._observe(origin, review, time.monotonic() - begun)
        return review

    async def _judge(
        self, policy: LoadedPolicy, rule: Rule, images: Sequence[Image], puller: Puller, seconds: float
    ) -> tuple[Reviewed, ...]:
        if len(images) > self._most_images:
            too_many = _refused(f"more than {self._most_images} images in one request")
            return tuple(Reviewed(image, too_many) for image in images)
        before = [_before_judging(image, rule) for image in images]
        references = [each for each in before if isinstance(each, Reference)]
        decisions = iter(await self._asker.ask(policy, references, puller, seconds))
        return tuple(
            Reviewed(image, next(decisions), each) if isinstance(each, Reference) else each
            for image, each in zip(images, before, strict=True)
        )


def _before_judging(image: Image, rule: Rule) -> Reviewed | Reference:
    """Returns the reference to be judged, or the image with the decision that needs no judge."""
    if rule.exempts(image.text):
        return Reviewed(image, Decision(Outcome.EXEMPT))
    try:
        reference = read_reference(image.text)
    except UsageError as error:  # its advice is for users of a command line
        reason = one_line(error.message, _LONGEST_IMAGE)
        return Reviewed(image, _refused(f"{reason}: write registry/repository@digest, in full"))
    if rule.tags is Tags.DENY and not isinstance(reference.identifier, Digest):
        return Reviewed(
            image, _refused("a tag can be moved after the decision: write registry/repository@digest"), reference
        )
    return reference


def _refused(reason: str) -> Decision:
    return Decision(Outcome.REFUSED, reason=one_line(reason))
