"""HTML page of an audit: one file, which loads nothing from anywhere."""

from collections.abc import Iterable
from typing import TextIO

from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord


def write_page(records: Iterable[ArtifactRecord], header: AuditHeader, file: TextIO) -> None:
    """Writes the page.

    All texts of the records count as hostile: none becomes markup or script, control characters are shown as escapes,
    and the page's policy (Content-Security-Policy) permits its own script and style sheet alone.

    Args:
        records: Records of the audit, an index before the manifests below it.
        header: AuditHeader of the audit.
        file: Text file for the page, which is in ASCII.
    """
    from notarykit.audit.reports.page.document import document

    file.write(document(records, header))
