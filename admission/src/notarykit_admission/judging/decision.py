"""Decisions on images."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """Kind of a decision."""

    VERIFIED = "verified"
    """A signature by a trusted signer was accepted."""
    AUDITED = "audited"
    """The trust policy lets pass that the signer is not trusted."""
    SKIPPED = "skipped"
    """The trust policy does not have the image verified."""
    EXEMPT = "exempt"
    """The rule of the namespace does not have the image judged at all."""
    REFUSED = "refused"
    """The image is not acceptable: it will be refused again until it, its signatures or the policy change."""
    UNDECIDED = "undecided"
    """Nothing is known, for a reason that may pass: a registry that does not answer, or too little time."""


class Decision(NamedTuple):
    """Decision on an image under a trust policy.

    Attributes:
        outcome: Its kind.
        digest: Digest of the image, or an empty string where it was not looked up.
        policy: Name of the trust policy statement, or an empty string.
        reason: Reason for a refusal, and what to do; for an accepted image, an empty string.
        remarks: What the policy only logs of the accepted signature, a line each.
        ends: Time from which it has to be made anew in any case; None if nothing that is known ends it.
        is_denied: True where the registry lets nobody with these credentials read the image or its signatures.
        is_kept: True where it was made for an earlier question, and kept.
        document: What `notarykit verify --output json` prints, without the reference; empty for what was not verified.
    """

    outcome: Outcome
    digest: str = ""
    policy: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()
    ends: datetime | None = None
    is_denied: bool = False
    is_kept: bool = False
    document: bytes = b""

    @property
    def admits(self) -> bool:
        """True for an image that may run."""
        return self.outcome not in {Outcome.REFUSED, Outcome.UNDECIDED}


def undecided(reason: str) -> Decision:
    """Returns the decision for an image about which nothing is known."""
    return Decision(Outcome.UNDECIDED, reason=reason)
