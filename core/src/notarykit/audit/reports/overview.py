"""Overview of an audit for people: counts by repository, then what is to be looked at, then what ends soon."""

from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import timedelta

from notarykit._internal.printable import printable
from notarykit._internal.reasons import Reasons
from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.audit.changes import Change
from notarykit.audit.counts import PART, Counts
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict

MOST_LINES = 100
"""Maximum number of artifacts in a list; the counts have all."""
_COLUMNS = (*map(str, ArtifactVerdict), PART)
_LISTS = {
    ArtifactVerdict.FAILED: "Not accepted",
    ArtifactVerdict.NO_POLICY: "No trust policy applies",
    ArtifactVerdict.UNKNOWN: "Could not be read",
    ArtifactVerdict.UNSIGNED: "Unsigned",
}
_WITH_REASONS = (ArtifactVerdict.FAILED, ArtifactVerdict.NO_POLICY, ArtifactVerdict.UNKNOWN)
# So many artifacts with a reason are seen at a glance.
_FEW = 20


class Overview:
    """Overview of an audit, made of records as they come; memory does not grow with their number.

    Args:
        header: Header of the audit.
        changes: Changes since an earlier audit, or None where there is no comparison.

    Attributes:
        counts: Counts of the records.
    """

    def __init__(self, header: AuditHeader, changes: Sequence[Change] | None = None) -> None:
        self.counts = Counts(header)
        self._header = header
        self._changes = changes
        self._reasons = Reasons()
        self._lists: dict[str, list[str]] = {status: [] for status in _LISTS}
        self._ending: list[tuple[str, str]] = []

    def add(self, record: ArtifactRecord) -> None:
        """Adds a record."""
        listed = self._lists.get(self.counts.add(record))
        if listed is not None and len(listed) < MOST_LINES:
            listed.append(_line(record))
        if record.verdict in _WITH_REASONS:
            self._reasons.add(record.reference, record.reason)
        if self.counts.is_ending(record):
            assert record.ends is not None
            insort(self._ending, (format_rfc3339(record.ends), f"{_name(record)} ({record.ends_by})"))
            del self._ending[MOST_LINES:]

    def lines(self) -> Iterable[str]:
        """Yields the lines of the overview; control characters are escaped."""
        yield from self._table()
        statuses = self.counts.statuses
        if sum(statuses[verdict] for verdict in _WITH_REASONS) > _FEW:
            yield from ("", "Reasons, the most frequent first:", *self._reasons.lines())
        for status, title in _LISTS.items():
            yield from _section(title, self._lists[status], statuses[status])
        days = timedelta(seconds=self._header.ends_within)
        ending = [f"{time}  {name}" for time, name in self._ending]
        yield from _section(f"Ends within {_duration(days)}", ending, self.counts.ending)
        if self._changes:
            changes = [_change(change) for change in self._changes[:MOST_LINES]]
            yield from _section("Changes", changes, len(self._changes))
        elif self._changes is not None:
            yield from ("", "No changes")

    def _table(self) -> Iterable[str]:
        shown = [status for status in _COLUMNS if self.counts.statuses[status]]
        rows = [("REPOSITORY", "ARTIFACTS", *(status.upper() for status in shown))]
        for name, statuses in self.counts.repositories.items():
            rows.append((printable(name), *_numbers(statuses.total(), [statuses[status] for status in shown])))
        if len(self.counts.repositories) > 1:
            total = self.counts.statuses
            rows.append(("in all", *_numbers(total.total(), [total[status] for status in shown])))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for name, *numbers in rows:
            cells = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
            yield "  ".join((name.ljust(widths[0]), *cells)).rstrip()


def _numbers(total: int, counts: Sequence[int]) -> list[str]:
    return [str(total), *(str(count or "-") for count in counts)]


def _section(title: str, lines: Sequence[str], total: int) -> Iterable[str]:
    if not lines:
        return
    yield ""
    yield f"{title} ({total}):"
    yield from (f"  {line}" for line in lines)
    if total > len(lines):
        yield f"  … and {total - len(lines)} more"


def _name(record: ArtifactRecord) -> str:
    tags = f" ({', '.join(record.tags)})" if record.digest and record.tags else ""
    return printable(f"{record.reference}{tags}")


def _line(record: ArtifactRecord) -> str:
    if record.verdict is ArtifactVerdict.UNSIGNED:  # the list's title is the reason
        return _name(record)
    return f"{_name(record)}: {printable(record.reason)}"


def _change(change: Change) -> str:
    verdicts = " -> ".join(filter(None, (change.before, change.after)))
    ends = f", ends {format_rfc3339(change.ends)}" if change.ends is not None and change.kind == "ending" else ""
    return f"{change.kind}: {printable(change.reference)} ({verdicts}{ends})"


def _duration(time: timedelta) -> str:
    return f"{time.days} days" if time.days and not time.seconds else str(time)
