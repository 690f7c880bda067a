"""File of an audit in progress, beside the file that it will be, which keeps its old content until the end."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from typing import Any, Self

from notarykit._internal import files, locks
from notarykit._internal.ownership import other_writers
from notarykit.audit.audit_file import AuditFile, AuditWriter
from notarykit.audit.changes import Change
from notarykit.audit.header import AuditHeader
from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.record import ArtifactRecord
from notarykit.errors import StorageError, UsageError

SUFFIX = ".partial"
_ANEW = "leave out --resume to begin anew"
_GO_ON = "once it can be, run the same command with --resume to go on"


class PartialFile:
    """File of an audit in progress, in JSON Lines; a context manager.

    An audit that is interrupted leaves `PATH.partial`, from which another one goes on.

    Args:
        path: File of the complete audit; without one this is a temporary file.
        header: Header of the audit.
        is_resumed: True to take over the records of an interrupted audit, if there is one.
        echo: Function that gets each line, too.

    Attributes:
        path: Path of this file.

    Raises:
        StorageError: The file cannot be written.
        UsageError: The interrupted audit was another one.
    """

    def __init__(
        self, path: str, header: AuditHeader, *, is_resumed: bool = False, echo: Callable[[str], object] | None = None
    ) -> None:
        self._final_path = path
        self._earlier: AuditFile | None = None
        self._offsets: dict[str, int] = {}
        self.path = f"{path}{SUFFIX}" if path else _temporary_file()
        with self._as_storage_error():
            self._file = os.fdopen(locks.open_locked(self.path, 0o644), "r+b")
        self._writer = AuditWriter(self._file, echo)
        try:
            if fault := other_writers(self._file.fileno()):  # what others can write becomes the file of the audit
                raise UsageError(f"{self.path} {fault}", advice="remove it, or name another file")
            self._start = self._take_over(header) if is_resumed else 0
            with self._as_storage_error():
                self._file.seek(self._start)
                self._file.truncate()
                self._writer.header(header)
        except BaseException:
            self.close()
            raise

    def _take_over(self, header: AuditHeader) -> int:
        """Takes over the records of an interrupted audit, and returns the offset behind its last line that is whole."""
        with self._as_storage_error():
            is_begun = self._file.readline().endswith(b"\n")
        if not is_begun:  # a disk was full at the start
            return 0
        try:
            earlier = AuditFile(self.path)
            self._offsets = earlier.offsets(header.started_at)
        except StorageError as error:
            raise error.replace(advice=_ANEW) from None
        if not earlier.header.is_continued_by(header):
            raise UsageError(
                f"{self.path} is of another audit: of other registries, another shard or another trust policy",
                advice=_ANEW,
            )
        self._earlier = earlier
        return earlier.end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, which is removed if it is a temporary one."""
        with contextlib.suppress(OSError):
            self._file.close()
        if not self._final_path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def earlier_record(self, item: InventoryItem) -> ArtifactRecord | None:
        """Returns the record of an artifact out of the interrupted audit, with its present tags, or None."""
        offset = self._offsets.get(item.reference)
        if offset is None or self._earlier is None:
            return None
        record = self._earlier.record_at(offset)
        return record._replace(tags=item.tags, platform=item.platform, parent=item.parent)

    def add(self, record: ArtifactRecord) -> None:
        """Writes a record.

        Raises:
            StorageError: It cannot be written.
        """
        with self._as_storage_error(_GO_ON if self._final_path else ""):
            self._writer.record(record)

    def complete(self, changes: Iterable[Change], summary: dict[str, Any] | None) -> None:
        """Ends the audit; without a summary, it counts as interrupted.

        Raises:
            StorageError: The end cannot be written.
        """
        with self._as_storage_error():
            for change in changes:
                self._writer.change(change.to_json())
            if summary is not None:
                self._writer.summary(summary)
            os.fsync(self._file.fileno())

    def publish(self) -> None:
        """Puts the audit, without the records before its header, in the place of the file of the audit.

        Raises:
            StorageError: It cannot be replaced.
        """
        if not self._final_path:
            return
        with self._as_storage_error():
            self._file.close()
            if self._start:
                with open(self.path, "rb") as source, files.replacing(self._final_path) as target:
                    source.seek(self._start)
                    shutil.copyfileobj(source, target)
                os.unlink(self.path)
            else:
                os.replace(self.path, self._final_path)

    @contextlib.contextmanager
    def _as_storage_error(self, advice: str = "") -> Any:
        try:
            yield
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror}", advice=advice) from None


def _temporary_file() -> str:
    try:
        handle, path = tempfile.mkstemp(prefix="notarykit-audit-", suffix=".jsonl")
    except OSError as error:
        raise StorageError(f"a temporary file cannot be made: {error.strerror}") from None
    os.close(handle)
    return path
