"""Observation of examinations: what they rest on, and what keeps them from a decision."""

from typing import Protocol

from notarykit import Evidence, NotarykitError


class Observer(Protocol):
    """Observes examinations. Called from several threads."""

    def evidence_used(self, evidence: Evidence) -> None:
        """Called with each OCSP response or CRL that is used."""

    def failed(self, error: NotarykitError) -> None:
        """Called with the reason why nothing could be decided."""


class Nobody:
    """Observes nothing."""

    def evidence_used(self, evidence: Evidence) -> None:
        """Does nothing."""

    def failed(self, error: NotarykitError) -> None:
        """Does nothing."""
