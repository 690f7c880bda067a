"""HTML page of an audit: one file, which loads nothing from anywhere."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TextIO

from notarykit.audit.record import ArtifactRecord


class Header(Protocol):
    """Header of an audit."""

    @property
    def registries(self) -> tuple[str, ...]:
        """Registries, prefixes and repositories."""

    @property
    def policy(self) -> str:
        """Digest of the trust policy."""

    @property
    def started_at(self) -> datetime:
        """Time of the audit."""

    @property
    def ends_within(self) -> int:
        """Seconds in which an end stands out."""


def write_page(records: Iterable[ArtifactRecord], header: Header, file: TextIO) -> None:
    """Writes the page.

    All texts of the records count as hostile: none becomes markup or script, control characters are shown as escapes,
    and the page's policy (Content-Security-Policy) permits its own script and style sheet alone.

    Args:
        records: Records of the audit.
        header: Header of the audit.
        file: Text file for the page; its encoding is UTF-8.
    """
    from notarykit.audit.reports.page.document import document

    file.write(document(records, header))
