"""Counts of an audit: what is covered by an index, and what makes an audit fail."""

from datetime import timedelta
from typing import Any

import pytest

from notarykit.audit.counts import PART, Counts, Finding
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.shard import Shard
from notarykit.oci.manifest import IMAGE_INDEX
from tests.support.records import AUDITED_AT, ENDS, make_record

_HEADER = AuditHeader(("registry.example.com",), Shard(), True, "sha256:00", AUDITED_AT, 0)
_INDEX = make_record(1, media_type=IMAGE_INDEX)


def _counts(*records: ArtifactRecord, ends_within: timedelta = timedelta(days=1)) -> Counts:
    counts = Counts(_HEADER._replace(ends_within=int(ends_within.total_seconds())))
    for record in records:
        counts.add(record)
    return counts


def _part(number: int = 2, **changes: Any) -> ArtifactRecord:
    return make_record(number, **{"verdict": ArtifactVerdict.UNSIGNED, "tags": (), "parent": _INDEX.digest, **changes})


def test_verdicts_are_counted_by_repository() -> None:
    """Each repository has its counts, and the summary those of all."""
    counts = _counts(
        make_record(1),
        make_record(2, verdict=ArtifactVerdict.FAILED),
        make_record(3, repository="other"),
        make_record(4, repository="other", verdict=ArtifactVerdict.NO_POLICY),
    )
    assert counts.repositories == {
        "registry.example.com/software/net-monitor": {"verified": 1, "failed": 1},
        "registry.example.com/other": {"verified": 1, "no-policy": 1},
    }
    verdicts = {"verified": 2, "audited": 0, "skipped": 0, "failed": 1, "unsigned": 0, "no-policy": 1, "unknown": 0}
    assert counts.to_json() == {"repositories": 2, "artifacts": 4, "verdicts": {**verdicts, "part": 0}, "ending": 0}


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ([_INDEX, _part()], PART),
        ([_part()], PART),  # its index is in another shard
        ([_INDEX._replace(verdict=ArtifactVerdict.AUDITED), _part()], PART),
        ([_INDEX._replace(verdict=ArtifactVerdict.UNSIGNED), _part()], "unsigned"),
        ([_INDEX._replace(verdict=ArtifactVerdict.FAILED), _part()], "unsigned"),
        ([_INDEX._replace(repository="other", verdict=ArtifactVerdict.FAILED), _part()], PART),
        ([_INDEX, _part(tags=("v1",))], "unsigned"),
        ([_INDEX, _part(parent="")], "unsigned"),
        ([_INDEX, _part(verdict=ArtifactVerdict.FAILED)], "failed"),
        ([_INDEX, _part(verdict=ArtifactVerdict.VERIFIED)], "verified"),
    ],
)
def test_index_covers_what_it_lists(records: list[ArtifactRecord], status: str) -> None:
    """An unsigned manifest without a tag is covered by the index that lists it, if that is good itself."""
    counts = Counts(_HEADER)
    assert [counts.add(record) for record in records][-1] == status
    assert counts.has(Finding.UNSIGNED) is ("unsigned" in counts.statuses)


@pytest.mark.parametrize(
    ("days", "is_ending"), [((ENDS - AUDITED_AT).days, False), ((ENDS - AUDITED_AT).days + 1, True), (10**9, True)]
)
def test_ends_within_the_time(days: int, is_ending: bool) -> None:
    """A good verdict that ends within the time counts, and a time beyond the calendar is all of it."""
    counts = Counts(_HEADER._replace(ends_within=days * 24 * 3600))
    counts.add(make_record())
    counts.add(make_record(2, ends=None))
    assert (counts.ending, counts.has(Finding.ENDS)) == (int(is_ending), is_ending)


@pytest.mark.parametrize("finding", Finding)
def test_findings(finding: Finding) -> None:
    """Each finding is there with its verdict, and not with another."""
    verdicts = [ArtifactVerdict(value) for value in Finding if value != Finding.ENDS]
    for verdict in verdicts:
        assert _counts(make_record(verdict=verdict)).has(finding) is (verdict == finding.value)
    assert not _counts(make_record()).has(finding)
