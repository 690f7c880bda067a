"""Metrics that are counted, and those that are read."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from notarykit_admission.policy.rules import Mode
from notarykit_admission.review.review import Origin
from notarykit_admission.telemetry.evidence import EvidenceState
from notarykit_admission.telemetry.metrics import Metrics
from notarykit_admission.telemetry.state import FilesState, State, StateCollector
from tests.unit.admission.telemetry.reviews import REFUSED, UNDECIDED, VERIFIED, review

STATE = State(
    policy=FilesState(100.0, 200.0, is_broken=True),
    policy_identity="abc",
    tls=FilesState(300.0, 400.0, is_broken=False),
    certificate_end=500.0,
    cached=6,
    hits=7,
    misses=8,
    examinations=9,
    reviews=10,
    connections=11,
    lost_lines=12,
    evidence=(EvidenceState("crl", 1, 500.0, 600.0, 550.0), EvidenceState("ocsp", 2, 510.0, 700.0, 650.0)),
)


def _metrics() -> Metrics:
    return Metrics(StateCollector(lambda: STATE))


def _samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = list(text_string_to_metric_families(metrics.text().decode()))
    assert len({family.name for family in families}) == len(families)
    return {
        (sample.name.removeprefix("notarykit_admission_"), frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def _value(metrics: Metrics, name: str, **labels: str) -> Any:
    return _samples(metrics).get((name, frozenset(labels.items())))


@pytest.mark.parametrize(
    ("decisions", "mode", "verdict"),
    [
        ((), Mode.ENFORCE, "admitted"),
        ((VERIFIED, VERIFIED), Mode.ENFORCE, "admitted"),
        ((VERIFIED, REFUSED), Mode.ENFORCE, "denied"),
        ((UNDECIDED, VERIFIED), Mode.ENFORCE, "undecided"),
        ((REFUSED, VERIFIED), Mode.WARN, "warned"),
        ((UNDECIDED, VERIFIED), Mode.AUDIT, "audited"),
    ],
)
def test_review_by_its_worst_image(decisions: Any, mode: Mode, verdict: str) -> None:
    """A review is counted with its time by door and by what followed for its worst image."""
    metrics = _metrics()
    metrics.review_observer("image-policy")(Origin("shop"), review(*decisions, mode=mode), 0.25)
    labels = {"door": "image-policy", "verdict": verdict}
    assert _value(metrics, "review_seconds_count", **labels) == 1
    assert _value(metrics, "review_seconds_sum", **labels) == 0.25
    assert _value(metrics, "review_seconds_bucket", le="0.1", **labels) == 0
    assert _value(metrics, "review_seconds_bucket", le="0.25", **labels) == 1


def test_decisions() -> None:
    """Each image is counted by door, decision and consequence."""
    metrics = _metrics()
    observe = metrics.review_observer("kyverno/verify")
    observe(Origin("shop"), review(VERIFIED, VERIFIED, REFUSED, mode=Mode.AUDIT), 0.1)
    found = {labels: value for (name, labels), value in _samples(metrics).items() if name == "decisions_total"}
    assert found == {
        frozenset({("door", "kyverno/verify"), ("outcome", "verified"), ("consequence", "admitted")}): 2,
        frozenset({("door", "kyverno/verify"), ("outcome", "refused"), ("consequence", "audited")}): 1,
    }


def test_counters() -> None:
    """Answers, refusals by limits, and failures are counted by their names."""
    metrics = _metrics()
    metrics.answered("readyz", 200)
    metrics.answered("readyz", 200)
    metrics.refused("connections")
    metrics.failed("network")
    assert _value(metrics, "requests_total", path="readyz", status="200") == 2
    assert _value(metrics, "refused_total", limit="connections") == 1
    assert _value(metrics, "errors_total", kind="network") == 1


def test_no_text_of_users() -> None:
    """Neither a namespace nor a reference, which anybody can make up, is in the metrics."""
    metrics = _metrics()
    observe = metrics.review_observer("kyverno/verify")
    observe(Origin("marker-namespace", "marker-uid"), review(REFUSED, text="marker.test/a:1", place="marker"), 0.1)
    assert b"marker" not in metrics.text()


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("policy_loaded_timestamp_seconds", {}, 100),
        ("policy_looked_timestamp_seconds", {}, 200),
        ("policy_broken", {}, 1),
        ("policy_info", {"identity": "abc"}, 1),
        ("tls_loaded_timestamp_seconds", {}, 300),
        ("tls_looked_timestamp_seconds", {}, 400),
        ("tls_broken", {}, 0),
        ("tls_certificate_end_timestamp_seconds", {}, 500),
        ("cache_decisions", {}, 6),
        ("cache_lookups_total", {"result": "hit"}, 7),
        ("cache_lookups_total", {"result": "miss"}, 8),
        ("examinations", {}, 9),
        ("reviews", {}, 10),
        ("connections", {}, 11),
        ("log_lines_lost_total", {}, 12),
        ("revocation_sources", {"kind": "ocsp"}, 2),
        ("revocation_oldest_timestamp_seconds", {"kind": "ocsp"}, 510),
        ("revocation_next_end_timestamp_seconds", {"kind": "crl"}, 600),
        ("revocation_used_timestamp_seconds", {"kind": "ocsp"}, 650),
    ],
)
def test_state(name: str, labels: dict[str, str], value: float) -> None:
    """What the program holds, and how old it is, is read when metrics are asked for."""
    assert _value(_metrics(), name, **labels) == value


def test_registries_are_apart() -> None:
    """Two programs in one process count for themselves."""
    one, two = _metrics(), _metrics()
    one.failed("network")
    assert _value(two, "errors_total", kind="network") is None
