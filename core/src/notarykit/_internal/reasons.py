"""Reasons of failures, counted without what belongs to one artifact alone."""

import re
from collections import Counter
from collections.abc import Iterator

from notarykit._internal.printable import printable

_SHOWN = 10
_KEPT = 1000
_LONGEST = 160
# Parts of a message that differ from artifact to artifact.
_VARYING = re.compile(r"(?:sha(?:256|384|512):)?\b[0-9a-f]{32,}\b|\d{4}-\d\d-\d\dT[0-9:.]+Z?")


class Reasons:
    """Counts of reasons; memory does not grow with their number."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, reference: str, message: str) -> None:
        """Counts the reason of a failure that an artifact has."""
        reason = _VARYING.sub("…", message.replace(reference, "…"))
        if len(reason) > _LONGEST:
            reason = f"{reason[:_LONGEST]}…"
        if reason not in self._counts and len(self._counts) >= _KEPT:
            reason = "other reasons"
        self._counts[reason] += 1

    def lines(self) -> Iterator[str]:
        """Yields a line for each of the most frequent reasons; control characters are escaped."""
        for reason, number in self._counts.most_common(_SHOWN):
            yield f"{number:>8}  {printable(reason)}"
        if len(self._counts) > _SHOWN:
            yield f"{'':>8}  and {len(self._counts) - _SHOWN} other reasons"
