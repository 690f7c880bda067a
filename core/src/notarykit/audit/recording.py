"""Recording of an audit as it goes on: beside the file that it will be, which keeps its old content until the end."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, Self

from notarykit._internal import files
from notarykit._internal.ownership import other_writers
from notarykit.audit.audit_file import AuditFile, AuditWriter
from notarykit.audit.changes import Change
from notarykit.audit.header import AuditHeader
from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.record import ArtifactRecord
from notarykit.errors import StorageError, UsageError

SUFFIX = ".partial"


class Recording:
    """Recording of an audit in JSON Lines; a context manager.

    An audit that is interrupted leaves `PATH.partial`, from which another one goes on.

    Args:
        path: File of the complete audit; without one the recording is a temporary file.
        header: Header of the audit.
        is_resumed: True to take over the records of an interrupted audit, if there is one.
        echo: Function that gets each line, too.

    Attributes:
        path: File of the recording.

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
        is_continued = is_resumed and os.path.exists(self.path)
        with self._as_storage_error():
            self._file = _opened(self.path, is_continued=is_continued)
        try:
            if is_continued:
                self._take_over(header)
            with self._as_storage_error():
                self._writer = AuditWriter(self._file, echo)
                self._start = self._file.seek(0, os.SEEK_END)
                self._writer.header(header)
        except BaseException:
            self._file.close()
            raise

    def _take_over(self, header: AuditHeader) -> None:
        earlier = AuditFile(self.path)
        if not earlier.header.is_continued_by(header):
            raise UsageError(
                f"{self.path} is of another audit: of other registries, another shard or another trust policy",
                advice="leave out --resume to begin anew",
            )
        with self._as_storage_error():
            self._file.truncate(earlier.end)  # without a last line that was cut off
        self._earlier, self._offsets = earlier, earlier.offsets(header.started_at)

    @property
    def taken_over(self) -> int:
        """Number of artifacts whose records can be taken over."""
        return len(self._offsets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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

    def record(self, record: ArtifactRecord) -> None:
        """Writes a record.

        Raises:
            StorageError: It cannot be written.
        """
        with self._as_storage_error():
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
        """Puts the recording in the place of the file of the audit.

        Raises:
            StorageError: It cannot be replaced.
        """
        if not self._final_path:
            return
        with self._as_storage_error():
            self._file.close()
            if self._start:
                self._drop_earlier()
            os.replace(self.path, self._final_path)

    def _drop_earlier(self) -> None:
        """Leaves the last header and what follows it."""
        with open(self.path, "rb") as source, files.replacing(self.path) as target:
            source.seek(self._start)
            while content := source.read(1024 * 1024):
                target.write(content)

    @contextlib.contextmanager
    def _as_storage_error(self) -> Any:
        try:
            yield
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror}") from None


def _opened(path: str, *, is_continued: bool) -> BinaryIO:
    # A link could lead to any file of the user's; a pipe would block; what others own becomes the audit's own file.
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if is_continued else 0)
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    handle = os.open(path, flags, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise StorageError(f"{path} is not a regular file")
        if fault := other_writers(handle):
            raise UsageError(f"{path} {fault}", advice="remove it, or name another file")
        if not files.try_lock(handle, path):
            raise StorageError(f"{path} is in use by another audit", advice="wait for its end, or name another file")
        if not is_continued:
            os.truncate(handle, 0)
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "ab" if is_continued else "wb")


def _temporary_file() -> str:
    try:
        handle, path = tempfile.mkstemp(prefix="notarykit-audit-", suffix=".jsonl")
    except OSError as error:
        raise StorageError(f"a temporary file cannot be made: {error.strerror}") from None
    os.close(handle)
    return path
