"""Memory of facts that follow from bytes alone, bounded in number and size."""

from _thread import allocate_lock  # `threading`, which has the same, takes a millisecond to import


class Facts:
    """Facts, each a tuple of the bytes that it follows from; the oldest is forgotten first. Thread-safe.

    Only what holds is added, never a failure, and nothing that depends on time, trust or policy.

    Args:
        most: Number of facts that are remembered.
        largest: Limit for the bytes of a fact; larger ones are not remembered.
    """

    def __init__(self, most: int, largest: int) -> None:
        self._most = most
        self._largest = largest
        self._facts: dict[tuple[bytes, ...], None] = {}
        self._lock = allocate_lock()

    def __contains__(self, fact: tuple[bytes, ...]) -> bool:
        return fact in self._facts

    def __len__(self) -> int:
        return len(self._facts)

    def add(self, fact: tuple[bytes, ...]) -> None:
        """Adds a fact, unless it is too large."""
        if sum(map(len, fact)) > self._largest:
            return
        with self._lock:
            self._facts[fact] = None
            if len(self._facts) > self._most:
                del self._facts[next(iter(self._facts))]
