"""Turns at registries, and of namespaces: one that is slow, or asks for much, does not keep others waiting."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class _Place:
    """Turns at one place, and the number of those who have one or wait for one."""

    def __init__(self, most: int) -> None:
        self.turns = asyncio.Semaphore(most)
        self.users = 0


class Turns:
    """Bounds the work at each of many places; those that nobody uses are forgotten. For one event loop.

    Args:
        most: Number of turns at one place at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: dict[Hashable, _Place] = {}

    def __len__(self) -> int:
        return len(self._places)

    @asynccontextmanager
    async def turn(self, name: Hashable) -> AsyncIterator[None]:
        """Waits for a turn at a place, which lasts while the context is active."""
        place = self._places.setdefault(name, _Place(self._most))
        place.users += 1
        try:
            async with place.turns:
                yield
        finally:
            place.users -= 1
            if not place.users:
                del self._places[name]
