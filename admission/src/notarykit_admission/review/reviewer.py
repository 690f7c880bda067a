"""Reviewer: exempts images, reads their references, and has the judge decide on the rest."""

import time
from collections.abc import Callable, Sequence

from notarykit import Digest, Reference
from notarykit.errors import UsageError
from notarykit_admission.access.pull_secrets import Puller
from notarykit_admission.judging.decision import Decision, Outcome, decision_of_policy
from notarykit_admission.message import one_line
from notarykit_admission.policy.policies import NamespacePolicy, Policies
from notarykit_admission.policy.rules import Rule, Tags
from notarykit_admission.review.asker import Asker
from notarykit_admission.review.reference import read_reference
from notarykit_admission.review.review import (
    LONGEST_IMAGE,
    Consequence,
    Observe,
    Origin,
    Review,
    Reviewed,
    consequence_of,
)
from notarykit_admission.workload.images import Image, PullSecrets

MOST_IMAGES = 250


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
        observe: Observe,
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
        rule, trust_policy = self._policies().of(origin.namespace)
        if pins:
            rule = rule._replace(tags=Tags.RESOLVE)
        return await self._review(origin, images, seconds, NamespacePolicy(rule, trust_policy), secrets)

    async def verify(self, origin: Origin, references: Sequence[str], seconds: float) -> Review:
        """Returns the decisions on artifacts by the trust policy alone: none is exempt, and tags are resolved.

        Args:
            origin: Where the request comes from.
            references: References to the artifacts.
            seconds: Seconds within which the decisions are wanted.
        """
        rule, trust_policy = self._policies().of(origin.namespace)
        rule = rule._replace(tags=Tags.RESOLVE, exempt=())
        images = [Image(reference) for reference in references]
        return await self._review(origin, images, seconds, NamespacePolicy(rule, trust_policy))

    def refuse(self, origin: Origin, problem: str) -> None:
        """Has a request observed that is denied without a look at its images, whatever its namespace's mode is.

        Args:
            origin: Where the request comes from.
            problem: Reason, as one line.
        """
        image = Reviewed(Image(""), _refused(problem), Consequence.DENIED)
        self._observed(origin, self._policies().rules.of(origin.namespace), (image,), time.monotonic())

    def _observed(self, origin: Origin, rule: Rule, images: tuple[Reviewed, ...], begun: float) -> Review:
        review = Review(rule, images, is_too_large=len(images) > self._most_images)
        self._observe(origin, review, time.monotonic() - begun)
        return review

    async def _review(
        self,
        origin: Origin,
        images: Sequence[Image],
        seconds: float,
        policy: NamespacePolicy,
        secrets: PullSecrets | None = None,
    ) -> Review:
        begun = time.monotonic()
        before = self._before_judging(policy, images)
        references = [each for each in before if isinstance(each, Reference)]
        decisions = iter(
            await self._asker.ask(policy.trust_policy, references, Puller(origin.namespace, secrets), seconds)
        )
        judged = ((next(decisions), each) if isinstance(each, Reference) else (each, None) for each in before)
        reviewed = tuple(
            Reviewed(image, decision, consequence_of(decision, policy.rule.mode), reference)
            for image, (decision, reference) in zip(images, judged, strict=True)
        )
        return self._observed(origin, policy.rule, reviewed, begun)

    def _before_judging(self, policy: NamespacePolicy, images: Sequence[Image]) -> Sequence[Reference | Decision]:
        """Returns for each image the reference to be judged, or the decision that needs no judge."""
        if len(images) > self._most_images:
            return [_refused(f"more than {self._most_images} images in one request")] * len(images)
        return [_read(image.text, policy) for image in images]


def _read(text: str, policy: NamespacePolicy) -> Reference | Decision:
    if policy.rule.exempts(text):
        return Decision(Outcome.EXEMPT)
    try:
        reference = read_reference(text)
    except UsageError as error:  # its advice is for users of a command line
        return _refused(f"{one_line(error.message, LONGEST_IMAGE)}: write registry/repository@digest, in full")
    # Where the policy looks at no image, it says the same of each that a tag may name.
    if decision := decision_of_policy(policy.trust_policy.verifier.policies, reference.scope):
        return decision
    if policy.rule.tags is Tags.DENY and not isinstance(reference.identifier, Digest):
        return _refused("a tag can be moved after the decision: write registry/repository@digest")
    return reference


def _refused(reason: str) -> Decision:
    return Decision(Outcome.REFUSED, reason=one_line(reason))
