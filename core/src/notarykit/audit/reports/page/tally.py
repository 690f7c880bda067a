"""Counts of an audit's records."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from notarykit.audit.record import ArtifactRecord, ArtifactVerdict, SignatureOutcome

PART = "part"
"""Status of an unsigned manifest without a tag in an index that is covered, or in one that the audit did not see."""
COVERED = ("verified", "audited", "skipped", PART)
"""Statuses of artifacts that may be used under the policy."""
UNCOVERED = ("failed", "no-policy", "unknown", "unsigned")
"""Statuses of the others, the most urgent first."""
STATUSES = (*COVERED, *UNCOVERED)
"""Statuses in the order of their shares in a bar."""
BY_URGENCY = (*UNCOVERED, "audited", "skipped", PART, "verified")
"""Statuses in the order of rows."""
LABELS = {status: status for status in STATUSES} | {PART: "part of an index", "no-policy": "no policy"}
"""Words for the statuses."""
_NEVER = datetime.max.replace(tzinfo=UTC)


class Entry(NamedTuple):
    """Artifact of the page.

    Attributes:
        record: Its record.
        status: One of `STATUSES`: the verdict, or `PART`.
    """

    record: ArtifactRecord
    status: str


class Coverage(NamedTuple):
    """Statuses of a group of artifacts.

    Attributes:
        name: Repository with its registry.
        statuses: Number of artifacts with each status.
    """

    name: str
    statuses: Counter[str]

    @property
    def total(self) -> int:
        """Number of artifacts."""
        return self.statuses.total()

    @property
    def uncovered(self) -> int:
        """Number of artifacts that are not covered."""
        return sum(self.statuses[status] for status in UNCOVERED)


class SignerCount(NamedTuple):
    """Signer by the subject of the certificate.

    Attributes:
        subject: Subject of the signing certificate.
        artifacts: Number of artifacts with a signature of the signer.
        certificates: Number of signing certificates with this subject.
        first_end: Earliest end of a verdict on one of the artifacts, or None.
    """

    subject: str
    artifacts: int
    certificates: int
    first_end: datetime | None


def entries_of(records: Iterable[ArtifactRecord]) -> list[Entry]:
    """Returns the artifacts, the most urgent first: by status, by the end of the verdict, and by name."""
    known = list(records)
    covered = {(record.name, record.digest): record.verdict.value in COVERED for record in known}
    entries = [Entry(record, _status(record, covered.get((record.name, record.parent), True))) for record in known]
    return sorted(entries, key=_urgency)


def _status(record: ArtifactRecord, is_covered: bool) -> str:
    is_part = record.is_part and is_covered and record.verdict is ArtifactVerdict.UNSIGNED
    return PART if is_part else record.verdict.value


def _urgency(entry: Entry) -> tuple[int, datetime, str, tuple[str, ...], str]:
    record = entry.record
    return BY_URGENCY.index(entry.status), record.ends or _NEVER, record.name, record.tags, record.digest


def coverage(entries: Iterable[Entry]) -> list[Coverage]:
    """Counts statuses by repository, the one with the most uncovered artifacts first."""
    counts: dict[str, Counter[str]] = {}
    for record, status in entries:
        counts.setdefault(record.name, Counter())[status] += 1
    rows = [Coverage(name, statuses) for name, statuses in counts.items()]
    return sorted(rows, key=lambda row: (-row.uncovered, -row.total, row.name))


def signers(entries: Sequence[Entry], outcomes: Iterable[SignatureOutcome]) -> list[SignerCount]:
    """Counts artifacts by the signer of signatures with one of the outcomes, the signer of most artifacts first."""
    ends: dict[str, dict[int, datetime | None]] = {}
    certificates: dict[str, set[str]] = {}
    for place, (record, _) in enumerate(entries):
        for signature in record.signatures:
            if signature.outcome in outcomes and signature.signer:
                ends.setdefault(signature.signer, {})[place] = record.ends
                certificates.setdefault(signature.signer, set()).add(signature.thumbprint)
    rows = [
        SignerCount(
            subject, len(of_signer), len(certificates[subject]), min(filter(None, of_signer.values()), default=None)
        )
        for subject, of_signer in ends.items()
    ]
    return sorted(rows, key=lambda row: (-row.artifacts, row.subject))
