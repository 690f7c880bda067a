"""In-process cache in which threads with the same key wait for one load, like Go's `singleflight`."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from notarykit.revocation.limits import SECONDS_OF_A_FAILURE
from notarykit.revocation.result import CallerSpecificError, UnknownStatusError

Value = TypeVar("Value")


class Loaded(NamedTuple, Generic[Value]):
    """A value, and whether the cache had it already."""

    value: Value
    from_cache: bool


class _Entry(Generic[Value]):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Value | None = None
        self.failure: tuple[float, str] | None = None


class SingleFlightCache(Generic[Value]):
    """Caches values by key, and failures for seconds; the least recently used go first. Thread-safe.

    Args:
        max_weight: The limit for all values together.
        weigh: Returns the weight of a value, or of a key that has none.
    """

    def __init__(self, max_weight: int, weigh: Callable[[Value | None], int]) -> None:
        self._max_weight = max_weight
        self._weigh = weigh
        self._entries: dict[Hashable, _Entry[Value]] = {}
        self._lock = threading.Lock()

    def get(
        self,
        key: Hashable,
        is_usable: Callable[[Value], bool],
        load: Callable[[Value | None], Value],
        seconds: float,
    ) -> Loaded[Value]:
        """Returns the cached value of a key, or loads it.

        Args:
            key: The key.
            is_usable: Whether a cached value can still be used.
            load: Loads a value, given the one that cannot be used any more, if there was one.
            seconds: The limit for waiting while another thread loads it.

        Raises:
            UnknownStatusError: Loading failed, here or in another thread just now.
        """
        with self._lock:
            entry = self._entries.pop(key, None) or _Entry[Value]()
            self._entries[key] = entry  # the most recently used
        if not entry.lock.acquire(timeout=max(0.0, seconds)):
            raise CallerSpecificError("no answer in time")
        try:
            if entry.value is not None and is_usable(entry.value):
                return Loaded(entry.value, from_cache=True)
            if entry.failure is not None and time.monotonic() < entry.failure[0]:
                raise UnknownStatusError(entry.failure[1])
            try:
                entry.value, entry.failure = load(entry.value), None
            except CallerSpecificError:
                raise
            except UnknownStatusError as error:
                entry.failure = (time.monotonic() + SECONDS_OF_A_FAILURE, str(error))
                raise
            finally:
                self._evict()
            return Loaded(entry.value, from_cache=False)
        finally:
            entry.lock.release()

    def _evict(self) -> None:
        with self._lock:
            weights = [(key, self._weigh(entry.value)) for key, entry in self._entries.items()]
            total = sum(weight for _, weight in weights)
            for key, weight in weights[:-1]:
                if total <= self._max_weight:
                    break
                del self._entries[key]
                total -= weight
