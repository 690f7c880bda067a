"""Merging of shards: which files belong together, and what is missing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.audit.audit_file import AuditFile
from notarykit.audit.header import AuditHeader
from notarykit.audit.merging import check_shards, merged_header
from notarykit.audit.partial_file import PartialFile
from notarykit.audit.shard import Shard
from notarykit.errors import StorageError, UsageError
from tests.support.records import AUDITED_AT, make_record

_HEADER = AuditHeader(("registry.example.com",), Shard(), True, "sha256:00", AUDITED_AT, 90)
_ADVICE = "audit it again, or give --partial to merge the others"
Make = Callable[..., AuditFile]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Returns what writes the file of a shard of three."""

    def made(number: int, *, is_complete: bool = True, record: int | None = None, **changes: Any) -> AuditFile:
        path = str(tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl")
        with PartialFile(path, _HEADER._replace(**{"shard": Shard(number, 3), **changes})) as partial:
            # Digests whose first 16 hexadecimal digits are the number of the shard.
            partial.add(make_record((number if record is None else record) * 2**192))
            partial.complete([], {} if is_complete else None)
            partial.publish()
        return AuditFile(path)

    return made


def test_shards_of_one_audit(make: Make) -> None:
    """All shards, in any order, are the audit, which began with the first of them."""
    shards = [make(2), make(0, started_at=AUDITED_AT - timedelta(hours=1)), make(1)]
    assert check_shards(shards) == []
    assert merged_header(shards) == _HEADER._replace(started_at=AUDITED_AT - timedelta(hours=1))


def test_whole_audit_is_its_only_shard(make: Make) -> None:
    """A file of an audit without shards is put together already."""
    assert check_shards([make(0, shard=Shard())]) == []


def test_missing_shard(make: Make) -> None:
    """The error names the shard, and with --partial it is a warning."""
    shards = [make(0), make(2)]
    with pytest.raises(UsageError, match=r"^shard 1/3 is missing$") as caught:
        check_shards(shards)
    assert caught.value.advice == _ADVICE
    assert check_shards(shards, partial=True) == ["shard 1/3 is missing"]


def test_interrupted_shard(make: Make) -> None:
    """The error names the file, and with --partial it is a warning."""
    shards = [make(0), make(1, is_complete=False), make(2)]
    with pytest.raises(UsageError, match=r"1\.jsonl is of an audit that was interrupted$") as caught:
        check_shards(shards)
    assert caught.value.advice == _ADVICE
    assert check_shards(shards, partial=True) == [f"{shards[1].path} is of an audit that was interrupted"]


@pytest.mark.parametrize("partial", [True, False])
def test_shard_that_comes_twice(partial: bool, make: Make) -> None:
    """Two files of one shard are refused, since the artifacts would count twice."""
    with pytest.raises(UsageError, match=r"0\.jsonl and .*1\.jsonl are both of shard 1/3"):
        check_shards([make(1), make(1), make(0), make(2)], partial=partial)


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"registries": ("other.test",)}, "it is of other.test, not of registry.example.com"),
        ({"shard": Shard(1, 4)}, "it is one of 4 shards, not of 3"),
        ({"shard": Shard()}, "it is one of 1 shards, not of 3"),
        ({"policy": "sha256:01"}, "the trust policy, a trust store or a limit was another"),
        ({"recursive": False}, "one is with the manifests below indexes, one without"),
    ],
)
def test_shard_of_another_audit(change: dict[str, Any], message: str, partial: bool, make: Make) -> None:
    """Shards of other registries, other numbers or other policies do not belong together."""
    with pytest.raises(UsageError, match="is not of the same audit as") as caught:
        check_shards([make(0), make(1, record=0 if "shard" in change else None, **change)], partial=partial)
    assert caught.value.message.endswith(f": {message}")


def test_record_in_a_wrong_shard(make: Make) -> None:
    """A record that falls to another shard may stand there, too."""
    with pytest.raises(StorageError, match="does not fall to shard 1/3"):
        check_shards([make(0), make(1, record=0), make(2)])
