"""Values that are read once, whoever asks for them, and kept for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
# What the entry itself takes, beside its value.
_LEAST_WEIGHT = 1024


class Read(NamedTuple, Generic[_Value]):
    """Value that was read.

    Attributes:
        value: The value.
        seconds: Time for which it is kept.
        weight: Bytes that it takes.
    """

    value: _Value
    seconds: float
    weight: int = 0


class _Entry(NamedTuple, Generic[_Value]):
    read: Read[_Value]
    begun: float


class Remembered(Generic[_Key, _Value]):
    """Values by key; the oldest are forgotten first. For one event loop.

    Args:
        read: Function that reads the value of a key; it raises nothing that it foresees.
        most: Bytes that the values may take.
        monotonic: Clock that is never set.
    """

    def __init__(
        self,
        read: Callable[[_Key], Awaitable[Read[_Value]]],
        most: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._most = most
        self._monotonic = monotonic
        self._weight = 0
        self._entries: dict[_Key, _Entry[_Value]] = {}
        self._under_way: dict[_Key, asyncio.Task[_Value]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, keys: Sequence[_Key], age: float | None = None) -> tuple[_Value, ...]:
        """Returns the values of keys, in their order, read side by side; whoever goes away ends no reading.

        Args:
            keys: The keys.
            age: Seconds that have passed at most since they were read; by default as long as they are kept.
        """
        found = [self._find(key, age) for key in keys]
        return tuple(
            [await asyncio.shield(each) if isinstance(each, asyncio.Task) else each.read.value for each in found]
        )

    async def close(self) -> None:
        """Ends all readings."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _find(self, key: _Key, age: float | None) -> "_Entry[_Value] | asyncio.Task[_Value]":
        """Returns what is known of a key, or the reading of it, which is begun if it is not under way."""
        if (task := self._under_way.get(key)) is not None:
            return task
        entry = self._entries.get(key)
        if entry is not None and self._monotonic() < entry.begun + (entry.read.seconds if age is None else age):
            return entry
        task = self._under_way[key] = asyncio.ensure_future(self._work(key))
        task.add_done_callback(lambda _: self._under_way.pop(key))
        return task

    async def _work(self, key: _Key) -> _Value:
        begun = self._monotonic()
        read = await self._read(key)
        self._forget(key)
        self._entries[key] = _Entry(read, begun)
        self._weight += _weight(read)
        while self._weight > self._most:
            self._forget(next(iter(self._entries)))
        return read.value

    def _forget(self, key: _Key) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._weight -= _weight(entry.read)


def _weight(read: Read[_Value]) -> int:
    return _LEAST_WEIGHT + read.weight
