"""Counts of a run's outcomes, and the reasons of its failures."""

import re
from collections import Counter
from collections.abc import Iterator

from notarykit._internal.printable import printable
from notarykit.cli.batch.operation import Result

_MANY = 20
_SHOWN_REASONS = 10
_KEPT_REASONS = 1000
_LONGEST_REASON = 160
# Parts of a message that differ from artifact to artifact.
_VARYING = re.compile(r"(?:sha(?:256|384|512):)?\b[0-9a-f]{32,}\b|\d{4}-\d\d-\d\dT[0-9:.]+Z?")


class Tally:
    """Counts of a run's outcomes.

    Attributes:
        count: Number of references with an outcome.
        failed: Number of those that failed.
        recorded: Number of those that a journal records as done.
        exit_code: Gravest exit code: 1 (not verified) before all others, then the highest.
    """

    def __init__(self) -> None:
        self.count = self.failed = self.recorded = self.exit_code = 0
        self._reasons: Counter[str] = Counter()

    def add(self, reference: str, result: Result) -> None:
        """Counts an outcome, and the reason of a failure without the parts that belong to its artifact."""
        self.count += 1
        if not result.exit_code:
            return
        self.failed += 1
        self.exit_code = 1 if 1 in (self.exit_code, result.exit_code) else max(self.exit_code, result.exit_code)
        message: str = result.members.get("error", {}).get("message", "incomplete")
        reason = _VARYING.sub("…", message.replace(reference, "…"))
        if len(reason) > _LONGEST_REASON:
            reason = f"{reason[:_LONGEST_REASON]}…"
        if reason not in self._reasons and len(self._reasons) >= _KEPT_REASONS:
            reason = "other reasons"
        self._reasons[reason] += 1

    @property
    def done(self) -> int:
        """Number of references that succeeded."""
        return self.count - self.failed

    @property
    def is_large(self) -> bool:
        """True if a summary is worth its lines."""
        return self.count > _MANY or self.recorded > 0

    def summary(self) -> Iterator[str]:
        """Yields the lines of the summary: the counts, then the reasons, the most frequent first."""
        before = f", {self.recorded} of them before" if self.recorded else ""
        yield f"{self.count} references: {self.done} done{before}, {self.failed} failed"
        for reason, number in self._reasons.most_common(_SHOWN_REASONS):
            yield f"{number:>8}  {printable(reason)}"
        if len(self._reasons) > _SHOWN_REASONS:
            yield f"{'':>8}  and {len(self._reasons) - _SHOWN_REASONS} other reasons"
