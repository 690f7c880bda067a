"""Files of audits: read as they were written, and refused where they are something else."""

import json
from pathlib import Path

import pytest

from notarykit.audit.audit_file import AuditFile
from notarykit.audit.shard import Shard
from notarykit.errors import StorageError
from tests.support.records import make_record
from tests.unit.audit.recordings import HEADER, record


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no file of an audit: it has no header"),
        (make_record().reference.encode() + b"\n", "line at byte 0 is malformed"),
        (b'{"audit": {"version": 2}}\n', "version 2 is not supported"),
        (b'{"audit": {"version": 1}}\n', "has no member 'registries'"),
        *(
            (json.dumps({"audit": {**HEADER.to_json(), **members}}).encode() + b"\n", "is out of range")
            for members in ({"startedAt": "9999-12-31T00:00:00Z"}, {"endsWithin": -1}, {"endsWithin": 10**30})
        ),
        (b'{"audit": 5}\n', "'audit' must be an object"),
        (b"[]\n", "line at byte 0 must be an object"),
    ],
)
def test_other_file_is_refused(content: bytes, message: str, path: str) -> None:
    """The error names the file and the place."""
    Path(path).write_bytes(content)
    with pytest.raises(StorageError, match=message) as caught:
        AuditFile(path)
    assert path in caught.value.message


def test_malformed_record_is_refused(path: str) -> None:
    """A record that is none is an error when it is read."""
    record(path, make_record())
    with open(f"{path}.partial", "ab") as file:
        file.write(b"{}\n")
    with pytest.raises(StorageError, match="has no member 'registry'"):
        list(AuditFile(f"{path}.partial").records())


def test_absent_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is no empty audit."""
    with pytest.raises(StorageError, match="does not exist"):
        AuditFile(str(tmp_path / "absent"))


@pytest.mark.parametrize("shard", [Shard(), Shard(3, 8)])
def test_header_survives_json(shard: Shard, path: str) -> None:
    """A header that is written and read again is the same."""
    header = HEADER._replace(shard=shard, registries=("a.test", "b.test/c"), recursive=False)
    record(path, header=header)
    assert AuditFile(f"{path}.partial").header == header
