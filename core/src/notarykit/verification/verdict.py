"""Verdicts. Each kind of verdict is a type of its own, so that none is mistaken for another."""

from collections.abc import Mapping
from datetime import datetime
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
    """Steps of a verification: the specification's validations, and the two that no level can relax."""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    EXPIRY = "expiry"
    AUTHENTIC_TIMESTAMP = "authenticTimestamp"
    REVOCATION = "revocation"
    EXTENDED_VALIDATION = "extendedValidation"
    USER_METADATA = "userMetadata"


class StepResult(NamedTuple):
    """Result of one step.

    Attributes:
        step: The step.
        action: Action of the policy for a failure of the step.
        error: Error of the step, or None.
        note: Remark on a step that passed, or an empty string.
        explained: Requests that the step made and their answers, a line each.
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
    """Verdict on a signature of an artifact or blob by a signer whom the policy trusts.

    A level below `strict` may have let other steps fail: `results` says so.

    Attributes:
        target: Signed descriptor of the artifact or blob; its annotations are the user's metadata.
        attributes: Signed attributes.
        chain: Chain of the signer.
        policy: Name of the policy statement.
        level: Verification level of the statement.
        results: Results of the steps.
        timestamp: Verified timestamp, or None where the policy needs none.
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
        """User metadata of the signature."""
        return self.target.annotations

    def next_end(self, now: datetime) -> datetime | None:
        """Returns the next end of a validity: the signature's expiry, or the last second of a certificate of its chain.

        Until then the clock changes no step. The verdict may hold longer, as `verification.ending` finds out.

        Args:
            now: Time of the verification, or earlier.
        """
        return _next_end(self.chain, self.attributes, now)


class Audited(NamedTuple):
    """Verdict on a signature of an artifact or blob by a signer who is not trusted, which the policy lets pass.

    Attributes:
        untrusted_target: Signed descriptor of the artifact or blob; anyone may have written its annotations.
        untrusted_attributes: Signed attributes.
        untrusted_chain: Chain of the signer.
        policy: Name of the policy statement.
        level: Verification level of the statement.
        results: Results of the steps.
    """

    untrusted_target: Descriptor
    untrusted_attributes: SignedAttributes
    untrusted_chain: Chain
    policy: str
    level: VerificationLevel
    results: tuple[StepResult, ...]

    def next_end(self, now: datetime) -> datetime | None:
        """Returns the next end of a validity, as `Verified.next_end`: a stranger's signature ends, too."""
        return _next_end(self.untrusted_chain, self.untrusted_attributes, now)


class Skipped(NamedTuple):
    """Verdict on an artifact or blob whose signatures the policy does not have verified; nothing was read.

    Attributes:
        policy: Name of the policy statement.
    """

    policy: str

    def next_end(self, now: datetime) -> None:
        """Returns None: what is not verified has no end by the clock."""


Verdict = Verified | Audited | Skipped


def _next_end(chain: Chain, attributes: SignedAttributes, now: datetime) -> datetime | None:
    ends = [certificate.not_valid_after_utc for certificate in chain.certificates]
    return min((end for end in (*ends, attributes.expiry) if end is not None and end >= now), default=None)
