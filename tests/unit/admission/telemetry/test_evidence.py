"""Age and ends of OCSP responses and CRLs."""

from datetime import UTC, datetime

from notarykit import Evidence
from notarykit_admission.telemetry.evidence import MOST_SOURCES, EvidenceEnds, EvidenceState


class _Clock:
    """Clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def _evidence(kind: str, url: str, until: float) -> Evidence:
    return Evidence(kind, url, b"", *(datetime.fromtimestamp(seconds, UTC) for seconds in (until - 200, until)))


def test_newest_of_each_source_counts() -> None:
    """Of each source the newest piece counts, and of each kind the oldest of them, the first end and the last use."""
    clock = _Clock()
    ends = EvidenceEnds(clock)
    ends.used(_evidence("crl", "http://a.test/1", 1_000_100))
    ends.used(_evidence("ocsp", "http://a.test/1", 1_000_050))
    clock.now += 10
    ends.used(_evidence("crl", "http://a.test/1", 1_000_900))
    ends.used(_evidence("crl", "http://a.test/2", 1_000_800))
    clock.now += 10
    assert ends.states() == (
        EvidenceState("crl", 2, 1_000_600, 1_000_800, 1_000_010),
        EvidenceState("ocsp", 1, 999_850, 1_000_050, 1_000_000),
    )


def test_unused_source_is_forgotten() -> None:
    """A source that nobody has used for a day is no reason for an alarm."""
    clock = _Clock()
    ends = EvidenceEnds(clock)
    ends.used(_evidence("crl", "http://a.test/1", 1_000_100))
    clock.now += 86_399
    ends.used(_evidence("crl", "http://a.test/2", 2_000_000))
    assert ends.states() == (EvidenceState("crl", 2, 999_900, 1_000_100, 1_086_399),)
    clock.now += 1
    assert ends.states() == (EvidenceState("crl", 1, 1_999_800, 2_000_000, 1_086_399),)


def test_sources_are_bounded() -> None:
    """Certificates can name any number of sources, and those that were used last are remembered."""
    ends = EvidenceEnds(_Clock())
    for number in range(MOST_SOURCES + 10):
        ends.used(_evidence("crl", f"http://a.test/{number}", 1000 + number))
    assert ends.states() == (EvidenceState("crl", MOST_SOURCES, 810, 1010, 1_000_000),)
