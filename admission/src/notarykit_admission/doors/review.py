"""Review of the images of one request: exemptions, references, and the judge's decisions on the rest."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from notarykit import Digest, Reference, parse_reference
from notarykit.errors import UsageError
from notarykit_admission.access.asker import Asker
from notarykit_admission.access.pull_secrets import Puller
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.message import one_line
from notarykit_admission.policy.loaded import Policies
from notarykit_admission.policy.rules import Rule, Tags
from notarykit_admission.workload.images import PullSecrets

MOST_IMAGES = 250


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
        return one_line(f"{place}{self.image.text or 'no image'}: {self.decision.reason}{policy}")


class Review(NamedTuple):
    """Images of a request, with the decisions on them.

    Attributes:
        rule: Rule of the namespace, as it was when the images were looked at.
        images: The images, in their order.
    """

    rule: Rule
    images: tuple[Reviewed, ...]


class Reviewer:
    """Reviews images under the policies that count now.

    Args:
        asker: Asks for decisions on images.
        policies: Function that returns the policies.
    """

    def __init__(self, asker: Asker, policies: Callable[[], Policies]) -> None:
        self._asker = asker
        self._policies = policies

    async def review(
        self,
        namespace: str,
        images: Sequence[Image],
        seconds: float,
        *,
        pins: bool = False,
        secrets: PullSecrets | None = None,
    ) -> Review:
        """Returns the decisions on images; it never takes longer than it may.

        Args:
            namespace: Namespace of the request, or an empty string.
            images: The images.
            seconds: Seconds within which the decisions are wanted.
            pins: True if digests take the places of tags, so that a tag cannot be moved after the decision.
            secrets: Secrets of the namespace with which the images are pulled; None where the request does not say so
                on the word of the API server.
        """
        policies = self._policies()
        rule, policy = policies.rules.of(namespace), policies.policy_of(namespace)
        if len(images) > MOST_IMAGES:
            too_many = _refused(f"more than {MOST_IMAGES} images in one request")
            return Review(rule, tuple(Reviewed(image, too_many) for image in images))
        before = [_before_judging(image, rule, pins=pins) for image in images]
        references = [each for each in before if isinstance(each, Reference)]
        puller = None if secrets is None else Puller(namespace, secrets)
        decisions = iter(await self._asker.ask(policy, references, puller, seconds))
        reviewed = (
            Reviewed(image, next(decisions), each) if isinstance(each, Reference) else each
            for image, each in zip(images, before, strict=True)
        )
        return Review(rule, tuple(reviewed))


def _before_judging(image: Image, rule: Rule, *, pins: bool) -> Reviewed | Reference:
    """Returns the reference to be judged, or the image with the decision that needs no judge."""
    if rule.exempts(image.text):
        return Reviewed(image, Decision(Outcome.EXEMPT))
    try:
        reference = parse_reference(image.text)
    except UsageError as error:  # its advice is for users of a command line
        return Reviewed(image, _refused(f"{error.message}: write registry/repository@digest, in full"))
    if not pins and rule.tags is Tags.DENY and not isinstance(reference.identifier, Digest):
        return Reviewed(
            image, _refused("a tag can be moved after the decision: write registry/repository@digest"), reference
        )
    return reference


def _refused(reason: str) -> Decision:
    return Decision(Outcome.REFUSED, reason=one_line(reason))
