"""Telemetry as the program's parts see it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from notarykit import Evidence
from notarykit.errors import NetworkError
from notarykit_admission.review.review import Origin
from notarykit_admission.telemetry.state import State
from notarykit_admission.telemetry.telemetry import Telemetry
from tests.unit.admission.telemetry.reviews import VERIFIED, Lines, review
from tests.unit.admission.telemetry.test_metrics import STATE


def _telemetry(write: Any) -> Telemetry:
    return Telemetry(write, lambda: STATE)


def test_review_is_logged_and_counted() -> None:
    """A review at a door has its lines in the log, and is in the metrics."""
    lines = Lines()
    telemetry = _telemetry(lines.write)
    telemetry.review_observer("v1/verify")(Origin("shop"), review(VERIFIED), 0.1)
    assert [line["door"] for line in lines.parsed] == ["v1/verify"]
    assert b'review_seconds_count{door="v1/verify",verdict="admitted"} 1.0' in telemetry.metrics()


def test_mistake_in_the_telemetry(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong when a review is recorded is logged, and the review goes on."""

    def fail(_: bytes) -> None:
        raise RuntimeError

    _telemetry(fail).review_observer("v1/verify")(Origin("shop"), review(VERIFIED), 0.1)
    assert "a review at v1/verify cannot be recorded" in caplog.text


def test_examinations() -> None:
    """What examinations rest on, and why they fail, is remembered and counted."""
    telemetry = _telemetry(Lines().write)
    since, until = (datetime.fromtimestamp(seconds, UTC) for seconds in (1_900_000_000, 2_000_000_000))
    telemetry.evidence_used(Evidence("crl", "http://a.test/1", b"", since, until))
    telemetry.failed(NetworkError("no answer"))
    assert [(each.kind, each.next_end) for each in telemetry.evidence.states()] == [("crl", 2_000_000_000)]
    assert b'errors_total{kind="network"} 1.0' in telemetry.metrics()


def test_server() -> None:
    """Answers and refusals of the server are counted."""
    telemetry = _telemetry(Lines().write)
    telemetry.answered("readyz", 200)
    telemetry.refused("connections")
    text = telemetry.metrics()
    assert b'requests_total{path="readyz",status="200"} 1.0' in text
    assert b'refused_total{limit="connections"} 1.0' in text


def test_state_is_read_when_it_is_asked_for() -> None:
    """The program's state is read with each look at the metrics, and never before it has any."""
    looks = 0

    def state() -> State:
        nonlocal looks
        looks += 1
        return STATE

    telemetry = Telemetry(Lines().write, state)
    assert looks == 0
    telemetry.metrics()
    telemetry.metrics()
    assert looks == 2
