"""Metrics that are counted while requests are answered. Each label has few values, and none is a user's text."""

from collections.abc import Callable
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from notarykit_admission.judging.decision import Outcome
from notarykit_admission.review.review import Consequence, Origin, Review

PREFIX = "notarykit_admission"
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# The API server waits for 1 to 30 seconds, Gatekeeper's webhooks for 1 and 3.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SEVERITY = tuple(Consequence)  # from the mildest to the gravest


class Metrics:
    """Metrics, in a registry of their own.

    Args:
        state: Collector of what is read when metrics are asked for.
    """

    def __init__(self, state: Collector) -> None:
        # Nobody asks for the time of each one's first value, which would be a metric of its own.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._reviews = Histogram(
            "review_seconds",
            "Time of a review by door and verdict: what followed for its worst image, or undecided.",
            ("door", "verdict"),
            namespace=PREFIX,
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._decisions = self._counter(
            "decisions", "Images by decision and what followed.", "door", "outcome", "consequence"
        )
        self._requests = self._counter("requests", "Requests by path and status of the answer.", "path", "status")
        self._refused = self._counter("refused", "Requests and connections that a limit refused.", "limit")
        self._errors = self._counter("errors", "Failures of registries and others that were asked.", "kind")
        ProcessCollector(registry=self._registry)
        self._registry.register(state)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace=PREFIX, registry=self._registry)

    def review_observer(self, door: str) -> Callable[[Origin, Review, float], None]:
        """Returns the observer of the reviews at a door."""
        # Labels are looked up once each: that costs more than to count.
        decisions = cache(lambda *labels: self._decisions.labels(door, *labels))
        reviews = cache(lambda verdict: self._reviews.labels(door, verdict))

        def observe(_: Origin, review: Review, seconds: float) -> None:
            worst = Consequence.ADMITTED
            for each in review.images:
                found = each.consequence
                worst = max(worst, found, key=_SEVERITY.index)
                decisions(each.decision.outcome.value, found.value).inc()
            reviews(_verdict(review, worst)).observe(seconds)

        return observe

    def answered(self, path: str, status: int) -> None:
        """Counts an answer to a request for a path that is served; all others have the same name."""
        self._requests.labels(path, str(status)).inc()

    def refused(self, limit: str) -> None:
        """Counts what a limit has refused."""
        self._refused.labels(limit).inc()

    def failed(self, kind: str) -> None:
        """Counts a failure of a certain kind; called from any thread."""
        self._errors.labels(kind).inc()

    def text(self) -> bytes:
        """Returns all metrics in Prometheus' text format."""
        return generate_latest(self._registry)


def _verdict(review: Review, worst: Consequence) -> str:
    is_undecided = any(each.decision.outcome is Outcome.UNDECIDED for each in review.images)
    return Outcome.UNDECIDED.value if is_undecided and worst is Consequence.DENIED else worst.value
