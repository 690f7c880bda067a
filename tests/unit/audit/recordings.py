"""Audits that were interrupted, for tests."""

from notarykit.audit.header import AuditHeader
from notarykit.audit.partial_file import PartialFile
from notarykit.audit.record import ArtifactRecord
from notarykit.audit.shard import Shard
from tests.support.records import AUDITED_AT

HEADER = AuditHeader(("registry.example.com",), Shard(), True, "sha256:00", AUDITED_AT, 90)


def record(path: str, *records: ArtifactRecord, header: AuditHeader = HEADER, is_resumed: bool = False) -> None:
    """Records an audit that is interrupted behind the records."""
    with PartialFile(path, header, is_resumed=is_resumed) as partial:
        for record in records:
            partial.add(record)
