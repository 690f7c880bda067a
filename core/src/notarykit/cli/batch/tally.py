"""Counts of a run's outcomes, and the reasons of its failures."""

from collections.abc import Iterator

from notarykit._internal.reasons import Reasons
from notarykit.cli.batch.operation import Result

_MANY = 20


class Tally:
    """Counts of a run's outcomes.

    Attributes:
        count: Number of items with an outcome.
        failed: Number of those that failed.
        recorded: Number of those that a journal records as done.
        left_out: Number of those that `sign --skip-signed` left out.
        exit_code: Gravest exit code: 1 (not verified) before all others, then the highest.
    """

    def __init__(self) -> None:
        self.count = self.failed = self.recorded = self.left_out = self.exit_code = 0
        self._reasons = Reasons()

    def add(self, item: str, result: Result) -> None:
        """Counts an outcome, and the reason of a failure without the parts that belong to its item."""
        self.count += 1
        self.left_out += "alreadySigned" in result.members
        if not result.exit_code:
            return
        self.failed += 1
        self.exit_code = 1 if 1 in (self.exit_code, result.exit_code) else max(self.exit_code, result.exit_code)
        self._reasons.add(item, result.members.get("error", {}).get("message", "incomplete"))

    @property
    def done(self) -> int:
        """Number of items that succeeded."""
        return self.count - self.failed

    @property
    def is_large(self) -> bool:
        """True if a summary is worth its lines."""
        return self.count > _MANY or self.recorded > 0

    def summary(self, noun: str) -> Iterator[str]:
        """Yields the lines of the summary: counts of what the noun names, then the reasons, the most frequent first."""
        before = f", {self.recorded} of them before" if self.recorded else ""
        left_out = f", {self.left_out} of them signed already" if self.left_out else ""
        yield f"{self.count} {noun}s: {self.done} done{before}{left_out}, {self.failed} failed"
        yield from self._reasons.lines()
