"""Counts of an audit's records."""

import pytest

from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.reports.page.tally import coverage, entries_of
from tests.support.audit_records import records


def _index_and_part(index_verdict: ArtifactVerdict, **changes: object) -> list[ArtifactRecord]:
    record = next(records(1, 1))._replace(reason="", signatures=(), ends=None)
    index = record._replace(digest="sha256:1", verdict=index_verdict, parent="", tags=("1.0",))
    part = record._replace(digest="sha256:2", verdict=ArtifactVerdict.UNSIGNED, parent="sha256:1", tags=())
    return [index, part._replace(**changes)]  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", ["verified", "audited", "skipped"])
def test_unsigned_part_of_a_covered_index_is_covered(verdict: str) -> None:
    """A manifest without a tag and a signature is covered by those of its index."""
    entries = entries_of(_index_and_part(ArtifactVerdict(verdict)))
    assert {entry.record.digest: entry.status for entry in entries} == {"sha256:1": verdict, "sha256:2": "part"}
    assert coverage(entries)[0].uncovered == 0


@pytest.mark.parametrize("verdict", ["failed", "unsigned", "unknown", "no-policy"])
def test_part_of_an_uncovered_index_is_not_covered(verdict: str) -> None:
    """An index that is not covered covers no other manifest."""
    entries = entries_of(_index_and_part(ArtifactVerdict(verdict)))
    assert {entry.record.digest: entry.status for entry in entries} == {"sha256:1": verdict, "sha256:2": "unsigned"}
    assert coverage(entries)[0].uncovered == 2


@pytest.mark.parametrize("changes", [{"tags": ("1.0-amd64",)}, {"verdict": ArtifactVerdict.FAILED}, {"parent": ""}])
def test_other_manifests_are_no_parts(changes: dict[str, object]) -> None:
    """A manifest with a tag, with a signature, or in no index has the status of its verdict."""
    entries = entries_of(_index_and_part(ArtifactVerdict.VERIFIED, **changes))
    assert "part" not in {entry.status for entry in entries}


def test_part_of_an_index_elsewhere_is_covered() -> None:
    """The index of a part may be in another shard."""
    entries = entries_of(_index_and_part(ArtifactVerdict.FAILED, parent="sha256:3"))
    assert {entry.record.digest: entry.status for entry in entries} == {"sha256:1": "failed", "sha256:2": "part"}
