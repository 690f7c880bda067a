"""Examination of one image by notarykit's public library; it waits for registries, so it runs in threads."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import notarykit
from notarykit import (
    Audited,
    Digest,
    Evidence,
    NotarykitError,
    RevocationChecker,
    Skipped,
    StepResult,
    VerificationError,
    VerifiedArtifact,
)
from notarykit.errors import (
    AccessError,
    NoAcceptedSignatureError,
    NoApplicablePolicyError,
    RevocationError,
    UnforeseenError,
)
from notarykit_admission.judging.decision import Decision, Outcome, undecided
from notarykit_admission.judging.document import document_of
from notarykit_admission.judging.ending import decision_end
from notarykit_admission.judging.observing import Nobody, Observer
from notarykit_admission.judging.question import Question
from notarykit_admission.message import one_line

VERIFICATION_SECONDS = 20.0


class Examiner(Protocol):
    """Examines images. Called from several threads, but for `by_policy`."""

    def by_policy(self, question: Question) -> Decision | None:
        """Returns the decision that the trust policy makes without a look at the image, or None."""

    def resolve(self, question: Question) -> Digest:
        """Returns the digest that the reference's tag names.

        Raises:
            NotarykitError: It cannot be looked up.
        """

    def verify(self, question: Question) -> Decision:
        """Returns the decision on an image whose reference has a digest."""


class NotaryExaminer:
    """Examines images by their Notary Project signatures.

    Args:
        seconds: Limit for one verification; whoever asked may have been answered before.
        revocation: Function that makes a revocation check whose evidence is observed; over the network by default.
        observer: Observes the examinations.
    """

    def __init__(
        self,
        seconds: float = VERIFICATION_SECONDS,
        revocation: Callable[..., RevocationChecker] = RevocationChecker.online,
        observer: Observer | None = None,
    ) -> None:
        self._seconds = seconds
        self._revocation = revocation
        self._observer = observer or Nobody()

    def by_policy(self, question: Question) -> Decision | None:
        """Refuses what no statement of the policy applies to, and skips what the policy skips.

        Neither does the statement for all others apply to a repository that one names in other words: nodes would pull
        the same image by both.
        """
        policies, scope = question.policy.verifier.policies, question.reference.scope
        if alike := policies.look_alike(scope):
            return Decision(
                Outcome.REFUSED, reason=f"the trust policy names this repository {alike}: write that instead"
            )
        try:
            policy = policies.applicable(scope)
        except NoApplicablePolicyError as error:
            return refusal(error, "")
        return acceptance(VerifiedArtifact(Skipped(policy.name))) if policy.level.is_skip else None

    def resolve(self, question: Question) -> Digest:
        """Asks the registry for the tag."""
        try:
            with notarykit.deadline(self._seconds):
                found = question.access.read(
                    lambda registries: notarykit.resolve(question.reference, registries=registries)
                )
        except NotarykitError as error:
            self._observer.failed(error)
            raise
        return Digest(found.digest)

    def verify(self, question: Question) -> Decision:
        """Verifies the image's signatures until one is accepted."""
        ends: list[datetime] = []

        def note(evidence: Evidence) -> None:
            ends.append(evidence.until)
            self._observer.evidence_used(evidence)

        revocation = self._revocation(observe=note)
        verifier = question.policy.verifier._replace(revocation=revocation)
        now = verifier.time()
        try:
            # A timeout would cost a thread, and this is one already.
            with notarykit.deadline(self._seconds):
                verified = question.access.read(
                    lambda registries: notarykit.verify(question.reference, verifier=verifier, registries=registries)
                )
        except NotarykitError as error:
            decision = refusal(error, question.reference.identifier)
            if decision.outcome is Outcome.UNDECIDED:
                self._observer.failed(error)
            return decision
        return acceptance(verified, decision_end(verified.verdict, ends, now))


def acceptance(verified: VerifiedArtifact, ends: datetime | None = None) -> Decision:
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


def refusal(error: NotarykitError, digest: str) -> Decision:
    """Returns the decision for an image that was not accepted: refused, or undecided where the error may pass."""
    # Advice on flags and logins is for users of the command line.
    is_denied = isinstance(error, AccessError)
    reason = one_line(error.message if is_denied or "--" in error.advice else error.one_line())
    document = document_of(error)
    if not isinstance(error, VerificationError) or _may_pass(error):
        return Decision(Outcome.UNDECIDED, digest, reason=reason, is_denied=is_denied, document=document)
    return Decision(Outcome.REFUSED, digest, error.policy, reason, document=document)


def _may_pass(error: NotarykitError) -> bool:
    """Returns True for an error that says nothing of the image: a server was not to be reached, a setting was wrong."""
    if isinstance(error, NoAcceptedSignatureError):
        return any(_may_pass(failure) for _, failure in error.failures)
    if isinstance(error, RevocationError):
        return not any(status.status == "revoked" for status in error.statuses)
    return not isinstance(error, VerificationError)


def unforeseen(error: Exception) -> Decision:
    """Returns the decision after a mistake of this program; the exception's text may be anything, and stays here."""
    mistake = UnforeseenError(f"internal error: {type(error).__name__}; the log has more")
    return undecided(mistake.message)._replace(document=document_of(mistake))
