"""Changes since an earlier audit: artifacts that are new or gone, verdicts that changed, verdicts that end soon now."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.audit.audit_file import AuditFile
from notarykit.audit.counts import ends_until
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord
from notarykit.audit.selection import parse_selection
from notarykit.errors import UsageError


class ChangeKind(StrEnum):
    """Kinds of changes."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    ENDING = "ending"


class Change(NamedTuple):
    """Change of an artifact.

    Attributes:
        kind: Kind of the change.
        reference: Reference with the digest.
        before: Verdict in the earlier audit, or an empty string for a new artifact.
        after: Verdict now, or an empty string for an artifact that is gone.
        ends: End of the verdict now, or None.
    """

    kind: ChangeKind
    reference: str
    before: str
    after: str
    ends: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the JSON object."""
        ends = None if self.ends is None else format_rfc3339(self.ends)
        return {**self._asdict(), "kind": self.kind.value, "ends": ends}


class Comparison:
    """Comparison of an audit with an earlier one.

    Args:
        earlier: File of the earlier audit.
        header: Header of the present audit, whose registries and shard limit the comparison.

    Raises:
        UsageError: The earlier audit was interrupted.
    """

    def __init__(self, earlier: AuditFile, header: AuditHeader) -> None:
        if earlier.summary is None:
            raise UsageError(f"{earlier.path} is of an audit that was interrupted", advice="compare with another one")
        self._until = ends_until(header)
        until = ends_until(earlier.header)
        selections = [parse_selection(text) for text in header.registries]
        # Verdict, and whether its end was reported already.
        self._before: dict[str, tuple[str, bool]] = {
            record.reference: (record.verdict.value, _ends_by(record, until))
            for record in earlier.records()
            if any(selection.covers(record.registry, record.repository) for selection in selections)
            and header.shard.has(record.digest, record.reference)
        }

    def change(self, record: ArtifactRecord) -> Change | None:
        """Returns the change of an artifact, or None; each artifact is compared once."""
        before, was_ending = self._before.pop(record.reference, ("", False))
        after = record.verdict.value
        if not before:
            return Change(ChangeKind.NEW, record.reference, "", after, record.ends)
        if before != after:
            return Change(ChangeKind.CHANGED, record.reference, before, after, record.ends)
        if _ends_by(record, self._until) and not was_ending:
            return Change(ChangeKind.ENDING, record.reference, before, after, record.ends)
        return None

    def gone(self) -> Iterator[Change]:
        """Yields the artifacts that were not compared."""
        for reference, (before, _) in self._before.items():
            yield Change(ChangeKind.GONE, reference, before, "")


def _ends_by(record: ArtifactRecord, until: datetime) -> bool:
    return record.ends is not None and record.ends <= until
