"""Limits of the judge, and its end."""

import asyncio

import pytest

from notarykit import Tag
from notarykit_admission.context import address_of_caller
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.judge import Judge, JudgeLimits
from notarykit_admission.judging.question import Question
from tests.unit.admission.judging.questions import DIGEST, LONG, FakeExaminer, judging, kept, question, verified


def test_no_pile_is_made() -> None:
    """Beyond the limit an image is undecided at once, and those under way are not disturbed."""
    examiner = FakeExaminer()
    examiner.stop()

    async def test(judge: Judge) -> None:
        waiting = asyncio.create_task(judge.decide([question("one"), question("two")], LONG))
        await examiner.begun(2)
        (third,) = await judge.decide([question("three")], LONG)
        assert third == Decision(Outcome.UNDECIDED, reason="too many images are being examined: try again")
        examiner.go()
        assert await waiting == (verified(), verified())
        assert await judge.decide([question("three")], LONG) == (verified(),)

    judging(examiner, test, JudgeLimits(under_way=2))


@pytest.mark.parametrize(
    ("slow", "other", "limits"),
    [
        (
            [question(f"web{number}", registry="slow.test") for number in range(10)],
            question("own", registry="fast.test"),
            JudgeLimits(threads=4, threads_of_registry=3),
        ),
        (
            [question(registry=f"r{number}.test", namespace="greedy") for number in range(10)],
            question("own", registry="r9.test", namespace="shop"),
            JudgeLimits(threads=4, threads_of_registry=1, threads_of_namespace=3),
        ),
    ],
    ids=["registry", "namespace"],
)
def test_who_is_slow_does_not_stop_another(slow: list[Question], other: Question, limits: JudgeLimits) -> None:
    """One slow registry, or a namespace that names one after the other, holds no more threads than its share."""
    examiner = FakeExaminer()
    examiner.stop()

    async def test(judge: Judge) -> None:
        waiting = asyncio.create_task(judge.decide(slow, LONG))
        await examiner.begun(3)
        another = asyncio.create_task(judge.decide([other], LONG))
        await examiner.begun(4)
        assert examiner.calls[3] == ("verify", str(other.reference))
        examiner.go()
        assert await another == (verified(),)
        assert await waiting == (verified(),) * 10

    judging(examiner, test, limits)
    assert examiner.most_at_once == 4


def test_namespace_leaves_room_for_others() -> None:
    """Beyond its share nothing of a namespace is begun; what another asks for is, and the share comes back."""
    examiner = FakeExaminer()
    examiner.stop()

    async def test(judge: Judge) -> None:
        many = [question(f"web{number}", namespace="greedy") for number in range(3)]
        waiting = asyncio.create_task(judge.decide(many, LONG))
        await examiner.begun(2)
        shop = asyncio.create_task(judge.decide([question(namespace="shop")], LONG))
        await examiner.begun(3)
        assert judge.under_way == 3
        (more,) = await judge.decide([question("more", namespace="greedy")], LONG)
        assert more.reason == "too many images of this namespace are being examined: try again"
        joined = asyncio.create_task(judge.decide([question(namespace="greedy")], LONG))
        examiner.go()
        first, second, third = await waiting
        assert (first, second, third.outcome) == (verified(), verified(), Outcome.UNDECIDED)
        assert await shop == await joined == (verified(),)
        assert await judge.decide([question("more", namespace="greedy")], LONG) == (verified(),)

    judging(examiner, test, JudgeLimits(under_way_of_namespace=2))


def test_waiting_reviews_of_a_namespace_leave_room_for_others() -> None:
    """Beyond its share a review of a namespace gets what is known at once; its images are examined all the same."""
    examiner = FakeExaminer()
    late = "too many requests of this namespace wait for decisions; the examination goes on: try again"

    async def test(judge: Judge) -> None:
        await judge.decide([question("known", namespace="greedy")], LONG)
        examiner.stop()
        waiting = [asyncio.create_task(judge.decide([question(name, namespace="greedy")], LONG)) for name in "ab"]
        await examiner.begun(3)
        known, more = await judge.decide([question(name, namespace="greedy") for name in ("known", "more")], LONG)
        assert (known, more.outcome, more.reason) == (kept(), Outcome.UNDECIDED, late)
        assert judge.under_way == 3
        other = asyncio.create_task(judge.decide([question("other", namespace="shop")], LONG))
        await examiner.begun(5)
        examiner.go()
        assert [await each for each in (*waiting, other)] == [(verified(),)] * 3
        assert await judge.decide([question("more", namespace="greedy")], LONG) in ((verified(),), (kept(),))
        assert await judge.decide([question("c", namespace="greedy")], LONG) == (verified(),)

    judging(examiner, test, JudgeLimits(waiting_of_namespace=2))


def test_caller_takes_nothing_from_others_in_the_name_of_a_namespace() -> None:
    """Whoever claims to ask for a namespace fills its own share of it, and not that of the API server."""
    examiner = FakeExaminer()
    examiner.stop()

    async def ask(judge: Judge, address: str, name: str) -> tuple[Decision, ...]:
        address_of_caller.set(address)
        return await judge.decide([question(name, registry=f"{name}.test", namespace="shop")], LONG)

    async def test(judge: Judge) -> None:
        claimed = asyncio.create_task(ask(judge, "10.0.0.66", "one"))
        await examiner.begun(1)
        (more,) = await asyncio.create_task(ask(judge, "10.0.0.66", "two"))
        assert more.outcome is Outcome.UNDECIDED
        own = asyncio.create_task(ask(judge, "10.0.0.1", "three"))
        await examiner.begun(2)
        examiner.go()
        assert await claimed == await own == (verified(),)

    judging(examiner, test, JudgeLimits(threads_of_namespace=1, under_way_of_namespace=1, waiting_of_namespace=1))


def test_whoever_gives_up_does_not_end_the_work() -> None:
    """A review whose caller has gone leaves the examination to others who wait for it."""
    examiner = FakeExaminer({"v1": DIGEST})
    examiner.stop()

    async def test(judge: Judge) -> None:
        gone = asyncio.create_task(judge.decide([question(identifier=Tag("v1"))], LONG))
        staying = asyncio.create_task(judge.decide([question(identifier=Tag("v1"))], LONG))
        await examiner.begun(1)
        gone.cancel()
        await asyncio.wait([gone])
        examiner.go()
        assert await staying == (verified(),)

    judging(examiner, test)
    assert len(examiner.calls) == 2


def test_end_of_the_program_leaves_nothing_admitted() -> None:
    """Whoever waits when the judge is closed is answered that nothing is decided."""
    examiner = FakeExaminer()
    examiner.stop()

    async def test(judge: Judge) -> None:
        waiting = asyncio.create_task(judge.decide([question()], LONG))
        await examiner.begun(1)
        await judge.close()
        assert await waiting == (Decision(Outcome.UNDECIDED, reason="this program is ending: try again"),)
        assert judge.under_way == 0

    judging(examiner, test)
