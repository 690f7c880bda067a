"""Comparison of an audit with an earlier one."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.audit.audit_file import AuditFile
from notarykit.audit.changes import Change, ChangeKind, Comparison
from notarykit.audit.header import AuditHeader
from notarykit.audit.partial_file import PartialFile
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.shard import Shard
from notarykit.errors import UsageError
from tests.support.records import AUDITED_AT, ENDS, make_record

_DAY = 24 * 3600
_HEADER = AuditHeader(("registry.example.com",), Shard(), True, "sha256:00", AUDITED_AT, _DAY)
_REGISTRY = "registry.example.com/software/net-monitor"


def _earlier(folder: Path, *records: ArtifactRecord, is_complete: bool = True, **changes: Any) -> AuditFile:
    path = str(folder / "audit.jsonl")
    with PartialFile(path, _HEADER._replace(**changes)) as partial:
        for record in records:
            partial.add(record)
        partial.complete([], {} if is_complete else None)
        partial.publish()
    return AuditFile(path)


def test_changes(tmp_path: Path) -> None:
    """Artifacts are new, gone, or of another verdict; what is as before is no change."""
    earlier = _earlier(tmp_path, make_record(1), make_record(2), make_record(3))
    comparison = Comparison(earlier, _HEADER._replace(started_at=AUDITED_AT + timedelta(days=1)))
    failed = make_record(2, verdict=ArtifactVerdict.FAILED, ends=None)
    assert comparison.change(make_record(1, tags=("moved",))) is None
    assert comparison.change(failed) == Change(ChangeKind.CHANGED, failed.reference, "verified", "failed", None)
    assert comparison.change(make_record(4)) == Change(
        ChangeKind.NEW, f"{_REGISTRY}@sha256:{4:064x}", "", "verified", ENDS
    )
    assert [*comparison.gone()] == [Change(ChangeKind.GONE, f"{_REGISTRY}@sha256:{3:064x}", "verified", "")]


@pytest.mark.parametrize(
    ("before", "now", "is_ending"),
    [(_DAY, _DAY, False), (_DAY, 400 * _DAY, True), (400 * _DAY, 400 * _DAY, False)],
)
def test_verdict_that_ends_soon_now(before: int, now: int, is_ending: bool, tmp_path: Path) -> None:
    """An end is a change once, in the audit from which on it is near."""
    comparison = Comparison(_earlier(tmp_path, make_record(), ends_within=before), _HEADER._replace(ends_within=now))
    change = comparison.change(make_record())
    if not is_ending:
        assert change is None
        return
    assert change == Change(ChangeKind.ENDING, make_record().reference, "verified", "verified", ENDS)
    assert change.to_json()["ends"] == "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("registries", "gone"),
    [
        (("registry.example.com",), 2),
        (("registry.example.com/software",), 1),
        (("registry.example.com/other", "registry.example.com/software/net-monitor"), 2),
        (("other.test",), 0),
    ],
)
def test_only_what_is_audited_can_be_gone(registries: tuple[str, ...], gone: int, tmp_path: Path) -> None:
    """What the present audit does not look at is not gone."""
    earlier = _earlier(tmp_path, make_record(1), make_record(2, repository="other"))
    assert len([*Comparison(earlier, _HEADER._replace(registries=registries)).gone()]) == gone


def test_shard_compares_its_own_artifacts(tmp_path: Path) -> None:
    """Each of the shards finds a part of what is gone, and together all."""
    earlier = _earlier(tmp_path, *(make_record(number * 2**192) for number in range(10)))
    gone = [[*Comparison(earlier, _HEADER._replace(shard=Shard(number, 4))).gone()] for number in range(4)]
    assert sorted(map(len, gone)) == [2, 2, 3, 3]


def test_unreadable_tags_are_told_apart(tmp_path: Path) -> None:
    """What has no digest goes by its tag."""
    unknown = [make_record(digest="", tags=(tag,), verdict=ArtifactVerdict.UNKNOWN) for tag in ("a", "b")]
    comparison = Comparison(_earlier(tmp_path, *unknown), _HEADER)
    assert [comparison.change(record) for record in unknown] == [None, None]


def test_interrupted_audit_is_no_measure(tmp_path: Path) -> None:
    """Everything behind the interruption would be new."""
    with pytest.raises(UsageError, match="is of an audit that was interrupted"):
        Comparison(_earlier(tmp_path, make_record(), is_complete=False), _HEADER)
