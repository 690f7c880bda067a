"""Cache of decisions, bounded in number and by each decision's own end."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from notarykit_admission.judging.decision import Decision

MOST_DECISIONS = 10_000
# The document of an image with one good signature has about 1,600; a hundred bad ones make it 70,000.
MOST_BYTES = 16 * 1024 * 1024
SECONDS_ACCEPTED = 300.0
SECONDS_REFUSED = 5.0


class DecisionKey(NamedTuple):
    """Everything that a decision depends on beside the time.

    Attributes:
        policy: Identity of the trust policy document and its trust stores.
        access: Identity of the credentials with which the signatures are read.
        repository: Repository of the image, `registry/name`, by which the policy statement is chosen.
        digest: Digest of the image.
    """

    policy: str
    access: str
    repository: str
    digest: str


class KeepTimes(NamedTuple):
    """Longest times that decisions are kept.

    Attributes:
        accepted: Seconds for an accepted image of which the policy had nothing to log.
        other: Seconds for everything else, such as a refusal, after which a new signature counts.
    """

    accepted: float = SECONDS_ACCEPTED
    other: float = SECONDS_REFUSED


DEFAULT_TIMES = KeepTimes()


class _Entry(NamedTuple):
    decision: Decision
    until: float  # monotonic, so that a clock that is set back keeps nothing longer


class DecisionCache:
    """Decisions by key; the least recently used are forgotten first. For one thread.

    Args:
        most: Number of decisions that are kept.
        times: How long they are kept.
        most_bytes: Bytes of all of their documents together.
        now: Clock for the ends of certificates and revocation data.
        monotonic: Clock that is never set.

    Attributes:
        hits: Number of look-ups that found a decision.
        misses: Number of those that found none.
    """

    def __init__(
        self,
        most: int = MOST_DECISIONS,
        times: KeepTimes = DEFAULT_TIMES,
        *,
        most_bytes: int = MOST_BYTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._times = times
        self._now = now
        self._monotonic = monotonic
        self._entries: dict[DecisionKey, _Entry] = {}
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: DecisionKey) -> Decision | None:
        """Returns the decision of a key, or None where there is none that holds."""
        entry = self._entries.get(key)
        if entry is None or self._monotonic() >= entry.until or self._is_over(entry.decision):
            self._forget(key)
            self.misses += 1
            return None
        self.hits += 1
        self._entries[key] = self._entries.pop(key)  # the most recently used
        return entry.decision

    def put(self, key: DecisionKey, decision: Decision) -> None:
        """Keeps a decision for as long as it holds."""
        self._forget(key)
        if self._is_over(decision):
            return
        is_plain = decision.admits and not decision.remarks
        seconds = self._times.accepted if is_plain else self._times.other
        self._entries[key] = _Entry(decision._replace(is_kept=True), self._monotonic() + seconds)
        self._bytes += len(decision.document)
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: DecisionKey) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._bytes -= len(entry.decision.document)

    def _is_over(self, decision: Decision) -> bool:
        return decision.ends is not None and self._now() >= decision.ends
