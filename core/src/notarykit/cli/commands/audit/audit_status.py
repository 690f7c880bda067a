"""Status of an audit, for its progress line."""

import time

from notarykit.audit.counts import Counts


class AuditStatus:
    """Status of an audit, whose total is unknown before its end: repositories, artifacts and the rate.

    Args:
        counts: Counts of the records so far.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._start = time.monotonic()

    def line(self) -> str:
        """Returns the line."""
        repositories, artifacts = len(self._counts.repositories), self._counts.total
        rate = artifacts / max(time.monotonic() - self._start, 0.001)
        return f"Auditing: {repositories} repositories, {artifacts} artifacts, {rate:.0f}/s"
