"""Pool of registries: connections and tokens, each for one host and one credential, lent to those who examine images.

Whoever may create pods names hosts and repositories without end, and core keeps connections, tokens and locks for each
as long as its registries live. So the pool has a bound, and replaces what has been used for long.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from notarykit import Registries
from notarykit.errors import AccessError


class PoolLimits(NamedTuple):
    """Limits of a pool.

    Attributes:
        registries: Number of registries that are kept open.
        uses: Number of times that one is lent, so that what it keeps for each repository has a bound.
        seconds: Time after which one is lent no more.
        seconds_refused: The same for one whose credentials were refused, or are missing: there may be others now.
    """

    registries: int = 64
    uses: int = 2000
    seconds: float = 3600.0
    seconds_refused: float = 30.0


DEFAULT_LIMITS = PoolLimits()


class _Entry:
    """Registries, with how often they were lent, and to how many they are now."""

    def __init__(self, registries: Registries, now: float) -> None:
        self.registries = registries
        self.made = now
        self.is_refused = False
        self.uses = 0
        self.users = 0
        self.is_over = False


class RegistryPool:
    """Registries by key; the least recently used are closed first. For any number of threads.

    Args:
        limits: Limits of what is kept.
        monotonic: Clock that is never set.
    """

    def __init__(self, limits: PoolLimits = DEFAULT_LIMITS, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._entries: dict[Hashable, _Entry] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @contextmanager
    def lend(self, key: Hashable, make: Callable[[], Registries]) -> Iterator[Registries]:
        """Lends registries; they are not closed while the context is active.

        Args:
            key: What they are for: the host and the credentials.
            make: Function that makes them where there are none.
        """
        entry = self._take(key, make)
        try:
            yield entry.registries
        except AccessError:
            entry.is_refused = True
            raise
        finally:
            self._give_back(entry)

    def close(self) -> None:
        """Closes all registries: those that are lent, when they are given back."""
        with self._lock:
            entries, self._entries = list(self._entries.values()), {}
            ended = [entry for entry in entries if self._end(entry)]
        _close(ended)

    def _take(self, key: Hashable, make: Callable[[], Registries]) -> _Entry:
        ended: list[_Entry] = []
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is not None and self._is_worn(entry):
                ended += [entry] if self._end(entry) else []
                entry = None
            if entry is None:
                entry = _Entry(make(), self._monotonic())
            self._entries[key] = entry  # the most recently used
            entry.uses += 1
            entry.users += 1
            while len(self._entries) > self._limits.registries:
                oldest = self._entries.pop(next(iter(self._entries)))
                ended += [oldest] if self._end(oldest) else []
        _close(ended)
        return entry

    def _is_worn(self, entry: _Entry) -> bool:
        seconds = self._limits.seconds_refused if entry.is_refused else self._limits.seconds
        return entry.uses >= self._limits.uses or self._monotonic() >= entry.made + seconds

    def _give_back(self, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            is_last = entry.is_over and not entry.users
        _close([entry] if is_last else [])

    @staticmethod
    def _end(entry: _Entry) -> bool:
        """Marks an entry that is lent no more, and returns True if nobody has it."""
        entry.is_over = True
        return not entry.users


def _close(entries: list[_Entry]) -> None:
    for entry in entries:
        entry.registries.close()
