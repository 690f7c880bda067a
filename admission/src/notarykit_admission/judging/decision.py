"""Decisions on images, and how they follow from verifications."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from notarykit import (
    Audited,
    NotarykitError,
    Skipped,
    StepResult,
    TrustPolicyDocument,
    Verdict,
    VerificationError,
    Verified,
    VerifiedArtifact,
)
from notarykit.errors import (
    AccessError,
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    RevocationError,
    UnforeseenError,
)
from notarykit_admission.judging.document import document_of
from notarykit_admission.message import one_line


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
        lacks_access: True where the registry lets nobody with these credentials read the image or its signatures.
        is_kept: True where it was made for an earlier question, and kept.
        document: What `notarykit verify --output json` prints, without the reference; empty for what was not verified.
    """

    outcome: Outcome
    digest: str = ""
    policy: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()
    ends: datetime | None = None
    lacks_access: bool = False
    is_kept: bool = False
    document: bytes = b""

    @property
    def admits(self) -> bool:
        """True for an image that may run."""
        return self.outcome not in {Outcome.REFUSED, Outcome.UNDECIDED}


def undecided(reason: str) -> Decision:
    """Returns the decision for an image about which nothing is known."""
    return Decision(Outcome.UNDECIDED, reason=reason)


def decision_end(verdict: Verdict, evidence: Iterable[datetime], now: datetime) -> datetime | None:
    """Returns the next end of anything that a verdict rests on, or None where nothing of it ends.

    It is never later than the verdict's own end. Certificates count even where a timestamp outlasts them, which costs
    one verification more. What had ended before the verification did not keep it from accepting, and is left out.

    Args:
        verdict: Verdict on the signature.
        evidence: Ends of the OCSP responses and CRLs that were used.
        now: Time of the verification.
    """
    ends = {*evidence, verdict.next_end(now)}
    if isinstance(verdict, Verified) and verdict.timestamp is not None:
        ends.update(certificate.not_valid_after_utc for certificate in verdict.timestamp.chain.certificates)
    return min((end for end in ends if end is not None and end >= now), default=None)


def decision_of_policy(policies: TrustPolicyDocument, scope: str) -> Decision | None:
    """Returns the decision that a trust policy makes without a look at the image, or None where it has to be examined.

    It skips what a statement has skipped, and refuses what none applies to. Neither does the statement for all others
    apply to a repository that one names in other words: nodes would pull the same image by both.

    Args:
        policies: The trust policy.
        scope: Repository of the image, `registry/name`.
    """
    if alike := policies.look_alike(scope):
        return Decision(Outcome.REFUSED, reason=f"the trust policy names this repository {alike}: write that instead")
    try:
        policy = policies.applicable(scope)
    except NoApplicablePolicyError as error:
        return decision_of_error(error, "")
    return decision_of_artifact(VerifiedArtifact(Skipped(policy.name))) if policy.level.is_skip else None


def decision_of_artifact(verified: VerifiedArtifact, ends: datetime | None = None) -> Decision:
    """Returns the decision for an artifact that was accepted.

    Args:
        verified: The artifact.
        ends: End of what the verdict rests on.
    """
    verdict, document = verified.verdict, document_of(verified)
    if isinstance(verdict, Skipped) or verified.artifact is None:
        return Decision(Outcome.SKIPPED, policy=verdict.policy, document=document)
    return Decision(
        Outcome.AUDITED if isinstance(verdict, Audited) else Outcome.VERIFIED,
        verified.artifact.digest,
        verdict.policy,
        remarks=tuple(map(_remark, filter(_is_failed, verdict.results))),
        ends=ends,
        document=document,
    )


def _is_failed(result: StepResult) -> bool:
    return result.outcome == "failed"


def _remark(result: StepResult) -> str:
    return one_line(f"{result.step} failed and is only logged: {result.error.one_line() if result.error else ''}")


def decision_of_error(error: NotarykitError, digest: str) -> Decision:
    """Returns the decision for an image that was not accepted: refused, or undecided where the error is transient."""
    # Advice on flags and logins is for users of the command line.
    lacks_access = isinstance(error, AccessError)
    reason = one_line(error.message if lacks_access or "--" in error.advice else error.one_line())
    document = document_of(error)
    if isinstance(error, VerificationError) and not _is_transient(error):
        return Decision(Outcome.REFUSED, digest, error.policy, reason, document=document)
    return Decision(Outcome.UNDECIDED, digest, reason=reason, lacks_access=lacks_access, document=document)


def _is_transient(error: NotarykitError) -> bool:
    """Returns True for an error that says nothing of the image: a server was not to be reached, a setting was wrong."""
    if isinstance(error, NoAcceptedSignatureError):
        return any(_is_transient(failure) for _, failure in error.failures)
    if isinstance(error, RevocationError):
        return not any(status.status == "revoked" for status in error.statuses)
    return not isinstance(error, VerificationError)


def decision_of_mistake(error: Exception) -> Decision:
    """Returns the decision after a mistake of this program; the exception's text may be anything, and stays here."""
    mistake = UnforeseenError(f"internal error: {type(error).__name__}; the log has more")
    return undecided(mistake.message)._replace(document=document_of(mistake))
