"""Examination of one image by notarykit's public library; it waits for registries, so it runs in threads."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import notarykit
from notarykit import Digest, Evidence, NotarykitError, RevocationChecker
from notarykit_admission.judging.decision import (
    Decision,
    Outcome,
    decision_end,
    decision_of_artifact,
    decision_of_error,
)
from notarykit_admission.judging.question import Question


class Examiner(Protocol):
    """Examines images that the trust policy wants examined. Called from several threads."""

    def resolve(self, question: Question) -> Digest:
        """Returns the digest that the reference's tag names.

        Raises:
            NotarykitError: It cannot be looked up.
        """

    def verify(self, question: Question) -> Decision:
        """Returns the decision on an image whose reference has a digest."""


class Observer(Protocol):
    """Observes examinations. Called from several threads."""

    def evidence_used(self, evidence: Evidence) -> None:
        """Called with each OCSP response or CRL that is used."""

    def failed(self, error: NotarykitError) -> None:
        """Called with the reason why nothing could be decided."""


class NotaryExaminer:
    """Examines images by their Notary Project signatures.

    Args:
        seconds: Limit for one verification; whoever asked may have been answered before.
        observer: Observes the examinations.
        revocation: Function that makes a revocation check whose evidence is observed; over the network by default.
    """

    def __init__(
        self,
        seconds: float,
        observer: Observer,
        revocation: Callable[..., RevocationChecker] = RevocationChecker.online,
    ) -> None:
        self._seconds = seconds
        self._observer = observer
        self._revocation = revocation

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
            decision = decision_of_error(error, question.reference.identifier)
            if decision.outcome is Outcome.UNDECIDED:
                self._observer.failed(error)
            return decision
        return decision_of_artifact(verified, decision_end(verified.verdict, ends, now))
