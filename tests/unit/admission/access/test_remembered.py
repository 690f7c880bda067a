"""Values that are read once, and kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from notarykit_admission.access.remembered import Read, Remembered


class _Source:
    """Values that are read when they are let go.

    Attributes:
        read: Keys in the order in which they were read.
        begun: Set when something was read.
        now: Time of the clock.
    """

    def __init__(self, seconds: float = 10.0, weights: Mapping[str, int] | None = None, most: int = 1_000_000) -> None:
        self._seconds = seconds
        self._weights = weights or {}
        self.read: list[str] = []
        self.now = 100.0
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.values = Remembered(self._read, most, lambda: self.now)

    async def get(self, key: str, age: float | None = None) -> str:
        """Returns the value of a key."""
        (value,) = await self.values.get([key], age)
        return value

    async def _read(self, key: str) -> Read[str]:
        self.read.append(key)
        self.begun.set()
        await self.go.wait()
        if key == "mistake":
            raise ZeroDivisionError
        return Read(f"{key} {len(self.read)}", self._seconds, self._weights.get(key, 0))


def _run(test: Callable[[_Source], Awaitable[None]], source: Callable[[], _Source] = _Source) -> None:
    async def run() -> None:
        async with asyncio.timeout(60):
            made = source()
            await test(made)
            await made.values.close()

    asyncio.run(run())


def test_kept_for_a_while() -> None:
    """A value is read again when its time is over, and not before."""

    async def test(source: _Source) -> None:
        assert await source.get("a") == "a 1"
        source.now += 9.9
        assert await source.get("a") == "a 1"
        source.now += 0.1
        assert await source.get("a") == "a 2"

    _run(test)


def test_newer_value() -> None:
    """Who needs a newer value than is known gets it, and so do all others."""

    async def test(source: _Source) -> None:
        await source.get("a")
        source.now += 2
        assert await source.get("a", 3) == "a 1"
        assert await source.get("a", 2) == "a 2"
        assert await source.get("a") == "a 2"

    _run(test)


def test_read_once_whoever_asks() -> None:
    """All who ask at a time wait for one reading."""

    async def test(source: _Source) -> None:
        source.go.clear()
        asking = [asyncio.ensure_future(source.get("a")) for _ in range(5)]
        other = asyncio.ensure_future(source.get("b"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        source.go.set()
        assert len(set(await asyncio.gather(*asking))) == 1
        assert (await other).startswith("b")
        assert sorted(source.read) == ["a", "b"]

    _run(test)


def test_several_are_read_side_by_side() -> None:
    """The values of several keys are read at a time, and come in their order; those that are known are not read."""

    async def test(source: _Source) -> None:
        await source.get("b")
        source.go.clear()
        asking = asyncio.ensure_future(source.values.get(["a", "b", "c", "a"]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert source.read == ["b", "a", "c"]
        source.go.set()
        found = await asking
        assert [each[0] for each in found] == ["a", "b", "c", "a"]
        assert found[0] == found[3]
        assert await source.values.get(["a", "c"], 0) != found[:2]

    _run(test)


def test_who_goes_away_ends_nothing() -> None:
    """A reading goes on for the others, and for the next, when who began it goes away."""

    async def test(source: _Source) -> None:
        source.go.clear()
        leaving = asyncio.ensure_future(source.get("a"))
        await source.begun.wait()
        leaving.cancel()
        await asyncio.wait([leaving])
        source.go.set()
        assert await source.get("a") == "a 1"
        assert source.read == ["a"]

    _run(test)


def test_bound_of_weight() -> None:
    """The oldest values are forgotten when all weigh too much; one that is too heavy alone is not kept."""

    async def test(source: _Source) -> None:
        for key in "abc":
            await source.get(key)
        assert len(source.values) == 2
        await source.get("a")
        assert source.read == ["a", "b", "c", "a"]
        await source.get("heavy")
        assert len(source.values) == 0
        await source.get("b")
        assert len(source.values) == 1

    weights = dict.fromkeys("abc", 9000) | {"heavy": 25_000}
    _run(test, lambda: _Source(weights=weights, most=25_000))


def test_mistake_is_everybodys() -> None:
    """An exception that nobody has foreseen reaches all who wait, and the next try reads again."""

    async def test(source: _Source) -> None:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await source.get("mistake")
        assert source.read == ["mistake"] * 2

    _run(test)


def test_close_ends_readings() -> None:
    """What is under way at the end is ended."""

    async def test(source: _Source) -> None:
        source.go.clear()
        asking = asyncio.ensure_future(source.get("a"))
        await asyncio.sleep(0)
        await source.values.close()
        with pytest.raises(asyncio.CancelledError):
            await asking

    _run(test)
