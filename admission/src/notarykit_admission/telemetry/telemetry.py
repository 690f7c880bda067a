"""Telemetry of the program: what its parts report goes into the log and the metrics."""

import logging
from collections.abc import Callable

from notarykit import Evidence, NotarykitError
from notarykit_admission.review.review import Observe, Origin, Review
from notarykit_admission.telemetry.evidence import EvidenceEnds
from notarykit_admission.telemetry.failures import kind_of
from notarykit_admission.telemetry.log import Write
from notarykit_admission.telemetry.metrics import CONTENT_TYPE, Metrics
from notarykit_admission.telemetry.state import State, StateCollector
from notarykit_admission.telemetry.verdicts import VerdictLog

_log = logging.getLogger(__name__)


class Telemetry:
    """Telemetry: observes reviews, examinations, and the server.

    Args:
        write: Function that writes a line of the log.
        state: Function that returns the program's state when metrics are asked for.

    Attributes:
        evidence: Ends of OCSP responses and CRLs.
        content_type: Type of the metrics' text.
    """

    content_type = CONTENT_TYPE

    def __init__(self, write: Write, state: Callable[[], State]) -> None:
        self._write = write
        self._metrics = Metrics(StateCollector(state))
        self.evidence = EvidenceEnds()
        self.answered = self._metrics.answered
        self.refused = self._metrics.refused

    def review_observer(self, door: str) -> Observe:
        """Returns the observer of the reviews at a door."""
        log, count = VerdictLog(door, self._write).observe, self._metrics.review_observer(door)

        def observe(origin: Origin, review: Review, seconds: float) -> None:
            try:
                log(origin, review, seconds)
                count(origin, review, seconds)
            except Exception:  # noqa: BLE001 - a mistake here is none of whoever asked
                _log.exception("a review at %s cannot be recorded", door)

        return observe

    def evidence_used(self, evidence: Evidence) -> None:
        """Remembers until when an OCSP response or CRL is valid."""
        self.evidence.used(evidence)

    def failed(self, error: NotarykitError) -> None:
        """Counts a failure by its kind."""
        self._metrics.failed(kind_of(error))

    def metrics(self) -> bytes:
        """Returns all metrics in Prometheus' text format."""
        return self._metrics.text()
