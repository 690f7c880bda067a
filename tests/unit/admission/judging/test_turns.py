"""Turns at registries, and of namespaces."""

import asyncio

from notarykit_admission.judging.turns import Turns


def test_turns_are_bounded_for_each_registry() -> None:
    """No more work goes on at one registry than it has turns; another's goes on all the same."""

    async def run() -> None:
        turns, entered, leave = Turns(2), [], asyncio.Event()

        async def work(registry: str) -> None:
            async with turns.turn(registry):
                entered.append(registry)
                await leave.wait()

        tasks = [asyncio.create_task(work(registry)) for registry in ("slow", "slow", "slow", "other")]
        for _ in range(5):
            await asyncio.sleep(0)
        assert sorted(entered) == ["other", "slow", "slow"]
        leave.set()
        await asyncio.gather(*tasks)
        assert sorted(entered) == ["other", "slow", "slow", "slow"]
        assert len(turns) == 0

    asyncio.run(run())


def test_whoever_gives_up_waiting_leaves_nothing_behind() -> None:
    """Work that is cancelled or fails, with a turn or waiting for one, takes none with it."""

    async def run() -> None:
        turns, begun = Turns(1), asyncio.Event()

        async def work() -> None:
            async with turns.turn("registry"):
                begun.set()
                await asyncio.Event().wait()

        tasks = [asyncio.create_task(work()) for _ in range(3)]
        await begun.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(turns) == 0
        async with asyncio.timeout(60), turns.turn("registry"):
            pass

    asyncio.run(run())
