"""Turns at registries: one that is slow, or asked for much, does not keep others waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class _Registry:
    """Turns at one registry, and the number of those who have one or wait for one."""

    def __init__(self, most: int) -> None:
        self.turns = asyncio.Semaphore(most)
        self.users = 0


class RegistryTurns:
    """Bounds the work at each registry; those that nobody uses are forgotten. For one event loop.

    Args:
        most: Number of turns at one registry at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._registries: dict[str, _Registry] = {}

    def __len__(self) -> int:
        return len(self._registries)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Waits for a turn at a registry, which lasts while the context is active."""
        registry = self._registries.setdefault(name, _Registry(self._most))
        registry.users += 1
        try:
            async with registry.turns:
                yield
        finally:
            registry.users -= 1
            if not registry.users:
                del self._registries[name]
