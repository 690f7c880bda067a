"""Age and ends of the OCSP responses and CRLs that verifications rest on, as far as they were used lately."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from notarykit import Evidence

MOST_SOURCES = 1000
# What nobody has used for a day is of a CA that is not in use any more, and its end means nothing.
SECONDS_REMEMBERED = 86_400.0


class EvidenceState(NamedTuple):
    """State of one kind of evidence.

    Attributes:
        kind: `ocsp` or `crl`.
        sources: Number of responders, or of distribution points.
        oldest_begin: Time at which the oldest of the newest pieces of each source was made, in seconds since 1970.
        next_end: Time at which the first of the newest pieces of each source ends, in seconds since 1970.
        last_use: Time at which one was used last.
    """

    kind: str
    sources: int
    oldest_begin: float
    next_end: float
    last_use: float


class _Piece(NamedTuple):
    begin: float
    end: float
    used: float


class EvidenceEnds:
    """Remembers the newest piece of evidence of each source. For any thread.

    Args:
        clock: Clock, in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pieces: dict[tuple[str, str], _Piece] = {}

    def used(self, evidence: Evidence) -> None:
        """Remembers that a piece was used."""
        source = (evidence.kind, evidence.url)
        with self._lock:
            self._pieces.pop(source, None)
            self._pieces[source] = _Piece(evidence.since.timestamp(), evidence.until.timestamp(), self._clock())
            if len(self._pieces) > MOST_SOURCES:
                del self._pieces[next(iter(self._pieces))]

    def states(self) -> tuple[EvidenceState, ...]:
        """Returns the state of each kind that was used."""
        begin = self._clock() - SECONDS_REMEMBERED
        kinds: dict[str, list[_Piece]] = {}
        with self._lock:
            for (kind, _), piece in self._pieces.items():
                if piece.used > begin:
                    kinds.setdefault(kind, []).append(piece)
        return tuple(
            EvidenceState(
                kind,
                len(pieces),
                min(piece.begin for piece in pieces),
                min(piece.end for piece in pieces),
                max(piece.used for piece in pieces),
            )
            for kind, pieces in sorted(kinds.items())
        )
