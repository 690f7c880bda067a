"""What a verification ends with. Each kind of verdict is a type of its own, so that none is mistaken for another."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError
from notarykit.keys.chain import Chain
from notarykit.trust.policy import Action, VerificationLevel

if TYPE_CHECKING:
    from notarykit.timestamp.token import Timestamp


class Step(StrEnum):
    """The steps of a verification: the specification's validations, and the two that no level can relax."""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    EXPIRY = "expiry"
    AUTHENTIC_TIMESTAMP = "authenticTimestamp"
    REVOCATION = "revocation"
    EXTENDED_VALIDATION = "extendedValidation"
    USER_METADATA = "userMetadata"


class StepResult(NamedTuple):
    """What one step found.

    Attributes:
        step: The step.
        action: What its failure does under the policy.
        error: Why it failed, or None.
        note: Something to know about a step that passed or was skipped, or an empty string.
        explained: What was asked on the way and what was answered, a line for each.
    """

    step: Step
    action: Action
    error: NotarykitError | None = None
    note: str = ""
    explained: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """`passed`, `failed` or `skipped`."""
        if self.action is Action.SKIP:
            return "skipped"
        return "failed" if self.error else "passed"


class Verified(NamedTuple):
    """The signature is of the artifact, by a signer whom the policy trusts.

    A level below `strict` may have let other steps fail: `results` says so.

    Attributes:
        target: The artifact as it was signed; its annotations are the user's metadata.
        attributes: The signed attributes.
        chain: The signer's chain.
        policy: The name of the policy statement.
        level: The level that it sets.
        results: What each step found.
        timestamp: The timestamp that was verified, or None where the policy asks for none.
    """

    target: Descriptor
    attributes: SignedAttributes
    chain: Chain
    policy: str
    level: VerificationLevel
    results: tuple[StepResult, ...]
    timestamp: "Timestamp | None" = None

    @property
    def user_metadata(self) -> Mapping[str, str]:
        """The metadata that was signed along."""
        return self.target.annotations


class Audited(NamedTuple):
    """The policy lets the artifact pass although the signer is not trusted: the signature is of the artifact, no more.

    Attributes:
        untrusted_target: The artifact as somebody signed it; anybody can have written its annotations.
        untrusted_attributes: The signed attributes, by the same.
        untrusted_chain: Their chain.
        policy: The name of the policy statement.
        level: The level that it sets.
        results: What each step found.
    """

    untrusted_target: Descriptor
    untrusted_attributes: SignedAttributes
    untrusted_chain: Chain
    policy: str
    level: VerificationLevel
    results: tuple[StepResult, ...]


class Skipped(NamedTuple):
    """The policy says that the artifact's signatures are not to be verified; nothing was looked at.

    Attributes:
        policy: The name of the policy statement.
    """

    policy: str


Verdict = Verified | Audited | Skipped
