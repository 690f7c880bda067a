"""What the page counts: statuses of artifacts, coverage of repositories, and signers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from notarykit.audit.counts import PART, Counts
from notarykit.audit.record import GOOD, ArtifactRecord, SignatureOutcome

UNCOVERED = ("failed", "no-policy", "unknown", "unsigned")
"""Statuses of artifacts that the policy does not let pass, the most urgent first."""
STATUSES = (*map(str, GOOD), PART, *UNCOVERED)
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
        status: One of `STATUSES`.
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


def entries_of(records: Iterable[ArtifactRecord], counts: Counts) -> list[Entry]:
    """Counts the records and returns the artifacts, the most urgent first: by status, end of the verdict, and name."""
    return sorted((Entry(record, counts.add(record)) for record in records), key=_urgency)


def _urgency(entry: Entry) -> tuple[int, datetime, str, tuple[str, ...], str]:
    record = entry.record
    return BY_URGENCY.index(entry.status), record.ends or _NEVER, record.name, record.tags, record.digest


def coverage(counts: Counts) -> list[Coverage]:
    """Returns the coverage of the repositories, the one with the most uncovered artifacts first."""
    rows = [Coverage(name, statuses) for name, statuses in counts.repositories.items()]
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
