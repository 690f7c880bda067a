"""Counts of an audit's records, by repository and in all."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from notarykit.audit.header import AuditHeader
from notarykit.audit.record import GOOD, ArtifactRecord, ArtifactVerdict
from notarykit.oci.manifest import INDEX_TYPES

PART = "part"
"""Status of an unsigned manifest without a tag in an index that is covered, or in one of another shard."""


class Finding(StrEnum):
    """Findings that can make an audit end with exit code 1."""

    FAILED = "failed"
    UNSIGNED = "unsigned"
    NO_POLICY = "no-policy"
    AUDITED = "audited"
    ENDS = "ends"
    """A verdict ends within the time that is asked about."""


class Counts:
    """Counts of records, which come in the order of an audit: an index before the manifests below it.

    Attributes:
        repositories: Number of records of each status, by repository: the verdict, or `part`.
        total: Number of records.
        ending: Number of good verdicts that end within the time.
    """

    def __init__(self, header: AuditHeader) -> None:
        self.repositories: dict[str, Counter[str]] = {}
        self.total = self.ending = 0
        self._until = ends_until(header)
        self._indexes: dict[tuple[str, str], bool] = {}

    def add(self, record: ArtifactRecord) -> str:
        """Counts a record, and returns its status."""
        if record.media_type in INDEX_TYPES:
            self._indexes[record.name, record.digest] = record.verdict in GOOD
        is_covered = record.is_part and self._indexes.get((record.name, record.parent), True)
        status = PART if is_covered and record.verdict is ArtifactVerdict.UNSIGNED else record.verdict.value
        self.repositories.setdefault(record.name, Counter())[status] += 1
        self.total += 1
        self.ending += self.is_ending(record)
        return status

    def is_ending(self, record: ArtifactRecord) -> bool:
        """Returns True for a good verdict that ends within the time."""
        return record.ends is not None and record.ends <= self._until

    @property
    def statuses(self) -> Counter[str]:
        """Number of records of each status, in all."""
        return sum(self.repositories.values(), Counter())

    def has(self, finding: Finding) -> bool:
        """Returns True if there is such a finding."""
        return bool(self.ending if finding is Finding.ENDS else self.statuses[finding.value])

    def to_json(self) -> Mapping[str, Any]:
        """Returns the members of a summary."""
        statuses = self.statuses
        return {
            "repositories": len(self.repositories),
            "artifacts": self.total,
            "verdicts": {status: statuses[status] for status in (*map(str, ArtifactVerdict), PART)},
            "ending": self.ending,
        }


def ends_until(header: AuditHeader) -> datetime:
    """Returns the time until which ends of verdicts are reported."""
    try:
        return header.started_at + timedelta(seconds=header.ends_within)
    except OverflowError:
        return datetime.max.replace(tzinfo=header.started_at.tzinfo)
