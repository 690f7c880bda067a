"""Questions: images that a decision is wanted on."""

from typing import NamedTuple

from notarykit import Digest, Reference
from notarykit_admission.access.access import Access
from notarykit_admission.judging.cache import DecisionKey
from notarykit_admission.policy.policies import LoadedPolicy


class Question(NamedTuple):
    """Image that a decision is wanted on.

    Attributes:
        policy: Trust policy and trust stores.
        access: Access to its registry.
        reference: Reference to it.
        namespace: Namespace of whoever asks, which counts for the order of the work and not for the decision.
    """

    policy: LoadedPolicy
    access: Access
    reference: Reference
    namespace: str = ""

    @property
    def key(self) -> DecisionKey:
        """Everything that the decision depends on; of a tag, until it is moved."""
        return DecisionKey(
            self.policy.identity, self.access.identity, self.reference.scope, self.reference.identifier.suffix
        )

    def at(self, digest: Digest) -> "Question":
        """Returns the question about the image that the tag names now."""
        return self._replace(reference=self.reference._replace(identifier=digest))
