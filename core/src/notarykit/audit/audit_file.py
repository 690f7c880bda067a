"""Files of audits in JSON Lines: a header, a record for each artifact, and a summary, which interrupted audits lack.

An audit that goes on where an earlier one was interrupted writes its own header behind the earlier one's records: the
last header and what follows it are the audit, and records before it are those that it may take over.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, NamedTuple

from notarykit._internal import files
from notarykit._internal.strict_json import DocumentError, Members, dumps, loads
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import GOOD, ArtifactRecord
from notarykit.errors import StorageError

_LONGEST_LINE = 16 * 1024 * 1024
_OLDEST = timedelta(days=1)
_KINDS = ("audit", "change", "summary", "error")


class Line(NamedTuple):
    """Line of a file.

    Attributes:
        offset: Offset of its first byte.
        end: Offset behind its last byte.
        kind: `audit`, `change`, `summary`, `error`, or an empty string for a record.
        members: The JSON object.
    """

    offset: int
    end: int
    kind: str
    members: Members


class AuditFile:
    """File of an audit, which is read as it is needed.

    Attributes:
        path: Path of the file.
        header: Last header.
        summary: Members of the summary, or None in the file of an interrupted audit.
        start: Offset of the last header.
        end: Offset behind the last line that is whole.

    Raises:
        StorageError: The file cannot be read, or is no file of an audit.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.summary: dict[str, Any] | None = None
        header: AuditHeader | None = None
        self.start = self.end = 0
        for line in self.lines():
            self.end = line.end
            if line.kind == "audit":
                header, self.start, self.summary = self._header(line), line.offset, None
            elif line.kind == "summary":
                self.summary = line.members.object("summary").value
        if header is None:
            raise _malformed(f"{path} is no file of an audit: it has no header")
        self.header = header

    def records(self) -> Iterator[ArtifactRecord]:
        """Yields the records behind the last header."""
        return (self._record(line) for line in self.lines(self.start) if not line.kind)

    def offsets(self, now: datetime) -> dict[str, int]:
        """Returns the offset of the last record of each artifact that need not be audited again, by its reference.

        Its verdict is good, no older than a day, and has not ended.
        """
        offsets: dict[str, int] = {}
        for line in self.lines():
            if line.kind:
                continue
            record = self._record(line)
            is_recent = now - _OLDEST <= record.audited_at <= now and (record.ends is None or now < record.ends)
            if record.verdict in GOOD and is_recent:
                offsets[record.reference] = line.offset
            else:
                offsets.pop(record.reference, None)
        return offsets

    def record_at(self, offset: int) -> ArtifactRecord:
        """Returns the record at an offset."""
        return self._record(next(self.lines(offset)))

    def lines(self, offset: int = 0) -> Iterator[Line]:
        """Yields the lines from an offset on; one that was cut off, at the end, is left out."""
        try:
            with files.open_regular(self.path) as file:
                file.seek(offset)
                while (content := file.readline(_LONGEST_LINE)).endswith(b"\n"):
                    yield self._parsed(content, offset)
                    offset += len(content)
                if len(content) == _LONGEST_LINE:
                    raise _malformed(f"{self.path} has a line of more than {_LONGEST_LINE} bytes")
        except FileNotFoundError:
            raise StorageError(f"{self.path} does not exist") from None
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}") from None

    def _parsed(self, content: bytes, offset: int) -> Line:
        try:
            members = Members(loads(content[:-1]), f"{self.path}: line at byte {offset}")
            return Line(offset, offset + len(content), next((kind for kind in _KINDS if kind in members), ""), members)
        except DocumentError as error:
            raise _malformed(f"{self.path}: line at byte {offset} is malformed: {error}") from None

    def _header(self, line: Line) -> AuditHeader:
        try:
            return AuditHeader.from_json(line.members.object("audit"))
        except DocumentError as error:
            raise _malformed(str(error)) from None

    def _record(self, line: Line) -> ArtifactRecord:
        try:
            return ArtifactRecord.from_json(line.members)
        except DocumentError as error:
            raise _malformed(str(error)) from None


def _malformed(text: str) -> StorageError:
    return StorageError(text, advice="name a file that an audit has written as JSON Lines")


class AuditWriter:
    """Writer of an audit's lines; each is handed to the system before the next, so that an interruption keeps it.

    Args:
        file: File that the lines go to.
        echo: Function that gets each line, too.
    """

    def __init__(self, file: BinaryIO, echo: Callable[[str], object] | None = None) -> None:
        self._file = file
        self._echo = echo

    def header(self, header: AuditHeader) -> None:
        """Writes the header."""
        self._write({"audit": header.to_json()})

    def record(self, record: ArtifactRecord) -> None:
        """Writes a record."""
        self._write(record.to_json())

    def change(self, members: dict[str, Any]) -> None:
        """Writes a change since an earlier audit."""
        self._write({"change": members})

    def summary(self, members: dict[str, Any]) -> None:
        """Writes the summary, with which the audit is complete."""
        self._write({"summary": members})

    def _write(self, members: dict[str, Any]) -> None:
        line = dumps(members) + b"\n"
        self._file.write(line)
        self._file.flush()
        if self._echo is not None:
            self._echo(line.decode())
