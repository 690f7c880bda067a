"""Audits in progress: whole or not at all in their file, and beside it until then."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.audit.audit_file import AuditFile
from notarykit.audit.changes import Change, ChangeKind
from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.partial_file import PartialFile
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.shard import Shard
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import StorageError, UsageError
from tests.support.records import AUDITED_AT, make_record
from tests.unit.audit.recordings import HEADER, record

_LATER = HEADER._replace(started_at=AUDITED_AT + timedelta(hours=1), ends_within=5)


def _item(record: ArtifactRecord, **changes: Any) -> InventoryItem:
    descriptor = Descriptor(record.media_type, record.digest, record.size)
    return InventoryItem(record.registry, record.repository, descriptor, record.artifact_type, record.tags)._replace(
        **changes
    )


def _lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def test_complete_audit_replaces_the_old_one(path: str) -> None:
    """The file has header, records, changes and summary, and nothing is left beside it."""
    with PartialFile(path, HEADER) as partial:
        partial.add(make_record())
        assert Path(path).read_text() == "old"
        partial.complete([Change(ChangeKind.GONE, "r/a", "verified", "")], {"artifacts": 1})
        partial.publish()
    header, record, change, summary = _lines(path)
    assert header == {"audit": HEADER.to_json()}
    assert record == make_record().to_json()
    assert change == {"change": {"kind": "gone", "reference": "r/a", "before": "verified", "after": "", "ends": None}}
    assert summary == {"summary": {"artifacts": 1}}
    assert os.listdir(os.path.dirname(path)) == ["audit.jsonl"]


def test_lines_are_echoed(path: str) -> None:
    """Who wants them gets the lines as they come."""
    lines: list[str] = []
    with PartialFile(path, HEADER, echo=lines.append) as partial:
        partial.add(make_record())
        assert [json.loads(line) for line in lines] == [{"audit": HEADER.to_json()}, make_record().to_json()]


def test_audit_without_a_file_is_temporary() -> None:
    """Without a path nothing is left behind."""
    with PartialFile("", HEADER) as partial:
        partial.add(make_record())
        temporary = partial.path
        assert [*AuditFile(temporary).records()] == [make_record()]
        partial.complete([], {})
        partial.publish()
    assert not os.path.exists(temporary)


def test_interrupted_audit_stays_beside_the_old_one(path: str) -> None:
    """What was recorded is kept, without a summary, and the old file is untouched."""
    record(path, make_record())
    assert Path(path).read_text() == "old"
    interrupted = AuditFile(f"{path}.partial")
    assert interrupted.summary is None
    assert [*interrupted.records()] == [make_record()]


def test_resumed_audit_takes_over_records(path: str) -> None:
    """Records come with the tags of today; artifacts without a good verdict are audited again."""
    verdicts = (ArtifactVerdict.UNKNOWN, ArtifactVerdict.FAILED, ArtifactVerdict.UNSIGNED, ArtifactVerdict.NO_POLICY)
    unknown, *others = (make_record(10 + number, verdict=verdict) for number, verdict in enumerate(verdicts))
    record(path, make_record(), unknown, *others, make_record(3))
    with PartialFile(path, _LATER, is_resumed=True) as partial:
        taken = partial.earlier_record(_item(make_record(), tags=("v2", "v3"), platform="linux/arm64"))
        assert taken == make_record(tags=("v2", "v3"), platform="linux/arm64")
        assert partial.earlier_record(_item(unknown)) is None
        assert partial.earlier_record(_item(make_record(4))) is None
        assert taken is not None
        partial.add(taken)
        partial.complete([], {})
        partial.publish()
    complete = AuditFile(path)
    assert (complete.header, complete.start) == (_LATER, 0)
    assert [*complete.records()] == [taken]
    assert os.listdir(os.path.dirname(path)) == ["audit.jsonl"]


@pytest.mark.parametrize(
    ("later", "is_taken"),
    [
        (timedelta(), True),
        (timedelta(days=1), True),
        (timedelta(days=1, seconds=1), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_old_records_are_not_taken_over(later: timedelta, is_taken: bool, path: str) -> None:
    """A day later a certificate may be revoked, and a record of the future is nobody's."""
    record(path, make_record())
    with PartialFile(path, HEADER._replace(started_at=AUDITED_AT + later), is_resumed=True) as partial:
        assert (partial.earlier_record(_item(make_record())) is not None) is is_taken


def test_verdict_that_has_ended_is_not_taken_over(path: str) -> None:
    """A record is worth nothing from the end of its verdict on."""
    record(path, make_record(ends=_LATER.started_at), make_record(2, ends=_LATER.started_at + timedelta(seconds=1)))
    with PartialFile(path, _LATER, is_resumed=True) as partial:
        assert [partial.earlier_record(_item(make_record(number))) is None for number in (1, 2)] == [True, False]


def test_last_record_of_an_artifact_counts(path: str) -> None:
    """An artifact that failed in the second try is audited in the third."""
    record(path, make_record())
    record(path, make_record(verdict=ArtifactVerdict.FAILED), header=_LATER, is_resumed=True)
    with PartialFile(path, _LATER, is_resumed=True) as partial:
        assert partial.earlier_record(_item(make_record())) is None


def test_audit_can_be_interrupted_again_and_again(path: str) -> None:
    """No record of an earlier try is lost, however early the next one ends."""
    record(path, make_record(1), make_record(2), make_record(3))
    record(path, make_record(1), header=_LATER, is_resumed=True)
    with PartialFile(path, _LATER, is_resumed=True) as partial:
        assert [partial.earlier_record(_item(make_record(number))) for number in (1, 2, 3)] == [
            make_record(number) for number in (1, 2, 3)
        ]


def test_torn_line_is_dropped(path: str) -> None:
    """A line that was cut off, as by a power failure, is none, and the next begins anew."""
    record(path, make_record(1), make_record(2))
    partial = Path(f"{path}.partial")
    partial.write_bytes(partial.read_bytes()[:-20])
    assert [*AuditFile(str(partial)).records()] == [make_record(1)]
    record(path, make_record(2), header=_LATER, is_resumed=True)
    assert [*AuditFile(str(partial)).records()] == [make_record(2)]


def test_nothing_to_resume_is_a_beginning(path: str) -> None:
    """A pod that is started for the first time may have the same arguments as one that is started again."""
    record(path, make_record(), is_resumed=True)
    assert [*AuditFile(f"{path}.partial").records()] == [make_record()]


def test_empty_file_is_a_beginning(path: str) -> None:
    """An audit that was killed before its first line has left nothing to take over."""
    Path(f"{path}.partial").touch()
    record(path, make_record(), is_resumed=True)
    assert [*AuditFile(f"{path}.partial").records()] == [make_record()]


@pytest.mark.parametrize("is_resumed", [False, True])
def test_audit_in_progress_is_left_alone(is_resumed: bool, path: str) -> None:
    """A second audit with the same file ends, and takes no byte from the first, not even of half a line."""
    with PartialFile(path, HEADER) as partial:
        partial.add(make_record())
        with open(partial.path, "ab") as file:
            file.write(b'{"half')
        before = Path(partial.path).read_bytes()
        with pytest.raises(StorageError, match=r"audit\.jsonl\.partial is in use by another command"):
            PartialFile(path, _LATER, is_resumed=is_resumed)
        assert Path(partial.path).read_bytes() == before


def test_new_audit_begins_anew(path: str) -> None:
    """Without the flag an interrupted audit is overwritten."""
    record(path, make_record(1), make_record(3))
    record(path, make_record(2))
    assert [*AuditFile(f"{path}.partial").records()] == [make_record(2)]


@pytest.mark.parametrize(
    "change", [{"policy": "sha256:01"}, {"shard": Shard(0, 2)}, {"registries": ("other.test",)}, {"recursive": False}]
)
def test_another_audit_is_not_resumed(change: dict[str, Any], path: str) -> None:
    """Under another policy, or of something else, records are worth nothing."""
    record(path, make_record())
    before = Path(f"{path}.partial").read_bytes()
    with pytest.raises(UsageError, match=r"audit\.jsonl\.partial is of another audit"):
        PartialFile(path, HEADER._replace(**change), is_resumed=True)
    assert Path(f"{path}.partial").read_bytes() == before


def test_link_is_not_written_through(path: str, tmp_path: Path) -> None:
    """A link in the place of the file could lead to any file of the user's."""
    (tmp_path / "precious").write_text("precious")
    os.symlink(tmp_path / "precious", f"{path}.partial")
    with pytest.raises(StorageError, match="cannot be written"):
        PartialFile(path, HEADER)
    assert (tmp_path / "precious").read_text() == "precious"


def test_link_is_not_taken_over(path: str, tmp_path: Path) -> None:
    """An interrupted audit of the user's own is not read through a link that another may have made."""
    record(path, make_record())
    os.rename(f"{path}.partial", tmp_path / "other")
    os.symlink(tmp_path / "other", f"{path}.partial")
    with pytest.raises(StorageError, match="cannot be written"):
        PartialFile(path, _LATER, is_resumed=True)


@pytest.mark.parametrize("is_resumed", [False, True])
def test_pipe_is_refused(is_resumed: bool, path: str) -> None:
    """A pipe is refused, with a reader and without, and not waited for."""
    os.mkfifo(f"{path}.partial")
    with pytest.raises(StorageError, match="is not a regular file"):
        PartialFile(path, HEADER, is_resumed=is_resumed)
    reader = os.open(f"{path}.partial", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(StorageError, match="is not a regular file"):
            PartialFile(path, HEADER, is_resumed=is_resumed)
    finally:
        os.close(reader)


@pytest.mark.parametrize("is_resumed", [False, True])
def test_file_that_others_can_write_is_refused(is_resumed: bool, path: str) -> None:
    """Whoever can write the file could change the audit that it becomes, and the verdicts that are taken over."""
    record(path, make_record())
    os.chmod(f"{path}.partial", 0o666)
    before = Path(f"{path}.partial").read_bytes()
    with pytest.raises(UsageError, match="can be written by everybody"):
        PartialFile(path, _LATER, is_resumed=is_resumed)
    assert Path(f"{path}.partial").read_bytes() == before


def test_refused_file_is_not_locked(path: str) -> None:
    """After an error, the next audit is not kept waiting by the lock of the first."""
    record(path, make_record())
    with pytest.raises(UsageError, match="is of another audit"):
        PartialFile(path, _LATER._replace(policy="sha256:01"), is_resumed=True)
    record(path, header=_LATER, is_resumed=True)


def test_nothing_is_written_beside_the_audit_through_a_link(path: str, tmp_path: Path) -> None:
    """The end of a resumed audit is written to a file of a name that nobody can know before."""
    (tmp_path / "precious").write_text("precious")
    record(path, make_record())
    os.symlink(tmp_path / "precious", f"{path}.partial.{os.getpid()}")
    with PartialFile(path, _LATER, is_resumed=True) as partial:
        partial.complete([], {})
        partial.publish()
    assert (tmp_path / "precious").read_text() == "precious"
    assert AuditFile(path).header == _LATER


def test_recording_without_a_whole_line_is_begun_anew(path: str) -> None:
    """A disk that was full at the start leaves a file from which nothing can be taken over, and that is no obstacle."""
    for content in ("", '{"audit":'):
        Path(f"{path}.partial").write_text(content)
        record(path, make_record(), is_resumed=True)
        assert _lines(f"{path}.partial") == [{"audit": HEADER.to_json()}, make_record().to_json()]


def test_advice_of_a_malformed_recording_is_to_begin_anew(path: str) -> None:
    """The flag is what stands in the way."""
    Path(f"{path}.partial").write_text("{}\n")
    with pytest.raises(StorageError) as caught:
        record(path, is_resumed=True)
    assert caught.value.advice == "leave out --resume to begin anew"
