"""Progress of an audit: repositories and artifacts that are done, and the rate."""

import time

from notarykit.audit.counts import Counts
from notarykit.cli.batch.progress import Progress
from notarykit.cli.batch.tally import Tally


class AuditProgress(Progress):
    """Progress line of an audit, whose total nobody knows before its end.

    Args:
        counts: Counts of the records so far.
    """

    def __init__(self, counts: Counts) -> None:
        super().__init__("Auditing", Tally(), lambda: None)
        self._counts = counts
        self._started = time.monotonic()

    def text(self) -> str:
        """Returns the line."""
        repositories, artifacts = len(self._counts.repositories), self._counts.total
        rate = artifacts / max(time.monotonic() - self._started, 0.001)
        return f"Auditing: {repositories} repositories, {artifacts} artifacts, {rate:.0f}/s"
