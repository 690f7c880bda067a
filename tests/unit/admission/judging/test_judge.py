"""The judge: side by side, once each, in time."""

import asyncio
from collections.abc import Callable

import pytest

from notarykit import Digest, Tag
from notarykit.errors import NetworkError
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.judge import Judge
from notarykit_admission.judging.question import Question
from tests.unit.admission.judging.questions import (
    DIGEST,
    LONG,
    OTHER_DIGEST,
    FakeExaminer,
    judging,
    kept,
    question,
    verified,
)


def _fail(error: Exception) -> Callable[[Question], Decision]:
    def decide(_: Question) -> Decision:
        raise error

    return decide


def test_images_of_one_review_go_side_by_side() -> None:
    """All images of a review are examined at the same time, and decided in their order."""
    examiner = FakeExaminer()
    examiner.stop()

    async def test(judge: Judge) -> None:
        questions = [question(f"web{number}") for number in range(5)]
        deciding = asyncio.create_task(judge.decide(questions, LONG))
        await examiner.begun(5)
        assert judge.under_way == 5
        examiner.go()
        assert await deciding == (verified(),) * 5

    judging(examiner, test)
    assert examiner.most_at_once == 5


def test_decisions_are_in_the_order_of_the_questions() -> None:
    """Each image gets its own decision, wherever it stands."""
    refused = Decision(Outcome.REFUSED, reason="not signed")
    examiner = FakeExaminer(decide=lambda question: refused if question.reference.name == "bad" else verified())

    async def test(judge: Judge) -> None:
        questions = [question("good"), question("bad"), question("good"), question("bad")]
        assert await judge.decide(questions, LONG) == (verified(), refused, verified(), refused)

    judging(examiner, test)
    assert len(examiner.calls) == 2


def test_no_images_need_no_time() -> None:
    """A review without images is decided at once."""

    async def test(judge: Judge) -> None:
        assert await judge.decide([], 0) == ()

    judging(FakeExaminer(), test)


def test_same_work_is_done_once_whoever_asks() -> None:
    """Several reviews with one image wait for one examination."""
    examiner = FakeExaminer()
    examiner.stop()

    async def test(judge: Judge) -> None:
        reviews = [asyncio.create_task(judge.decide([question(), question()], LONG)) for _ in range(10)]
        await examiner.begun(1)
        examiner.go()
        assert await asyncio.gather(*reviews) == [(verified(), verified())] * 10

    judging(examiner, test)
    assert len(examiner.calls) == 1


def test_known_decision_is_not_made_again() -> None:
    """A decision that was made is there for the next review, even one that has no time."""
    examiner = FakeExaminer()

    async def test(judge: Judge) -> None:
        await judge.decide([question()], LONG)
        assert await judge.decide([question()], 0) == (kept(),)

    judging(examiner, test)
    assert len(examiner.calls) == 1


def test_known_refusal_is_not_made_again() -> None:
    """A refusal is remembered as well: trying again and again costs the registry nothing."""
    refused = Decision(Outcome.REFUSED, DIGEST, "one", "not signed")
    examiner = FakeExaminer(decide=lambda _: refused)

    async def test(judge: Judge) -> None:
        assert await judge.decide([question()], LONG) == (refused,)
        assert await judge.decide([question()], 0) == (refused._replace(is_kept=True),)

    judging(examiner, test)
    assert len(examiner.calls) == 1


@pytest.mark.parametrize(
    "other",
    [
        question(policy="two"),
        question(policy="one shop.json"),
        question(access="secret"),
        question("shop"),
        question(identifier=OTHER_DIGEST),
    ],
)
def test_other_work_is_not_shared(other: Question) -> None:
    """Another policy, credentials, repository or digest is another question."""
    examiner = FakeExaminer()

    async def test(judge: Judge) -> None:
        await judge.decide([question(), other], LONG)
        await judge.decide([question(), other], LONG)

    judging(examiner, test)
    assert len(examiner.calls) == 2


def test_late_decision_is_found_by_the_next_try() -> None:
    """What is not decided in time is undecided with a reason, goes on, and is known the next time."""
    examiner = FakeExaminer()
    examiner.stop()

    async def test(judge: Judge) -> None:
        (late,) = await judge.decide([question()], 0.05)
        assert late.outcome is Outcome.UNDECIDED
        assert late.reason == "no decision within 0.05 seconds; the examination goes on: try again"
        assert judge.under_way == 1
        examiner.go()
        assert await judge.decide([question()], LONG) == (verified(),)
        assert judge.under_way == 0
        assert await judge.decide([question()], 0) == (kept(),)

    judging(examiner, test)
    assert len(examiner.calls) == 1


@pytest.mark.parametrize("decision", [verified(), Decision(Outcome.UNDECIDED, reason="registry r.test: timed out")])
def test_reason_of_a_late_refusal_is_logged(decision: Decision, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asked was told that it took too long; what it waited for is in the log, once."""
    examiner = FakeExaminer(decide=lambda _: decision)
    examiner.stop()

    async def test(judge: Judge) -> None:
        for _ in range(2):
            await judge.decide([question()], 0.05)
        assert caplog.messages == []
        examiner.go()
        await judge.decide([question()], LONG)
        reference = question().reference
        expected = [] if decision.admits else [f"decided after the answer: {reference}: registry r.test: timed out"]
        assert caplog.messages == expected

    judging(examiner, test)


def test_late_image_does_not_delay_the_others() -> None:
    """Images that are decided in time have their decisions beside one that is late."""
    examiner = FakeExaminer()

    async def test(judge: Judge) -> None:
        await judge.decide([question("known")], LONG)
        examiner.stop()
        known, late = await judge.decide([question("known"), question("slow")], 0.05)
        assert known == kept()
        assert late.outcome is Outcome.UNDECIDED

    judging(examiner, test)


def test_tag_is_resolved_and_its_digest_verified() -> None:
    """A tag is looked up once, what is verified is the digest, and the decision says which."""
    examiner = FakeExaminer({"v1": DIGEST})

    async def test(judge: Judge) -> None:
        assert await judge.decide([question(identifier=Tag("v1"))], LONG) == (verified(DIGEST),)

    judging(examiner, test)
    assert examiner.calls == [("resolve", "r.test/web:v1"), ("verify", f"r.test/web@{DIGEST}")]


def test_tag_is_resolved_each_time() -> None:
    """A tag may be moved, so that only the decision on its digest is known."""
    tags = {"v1": DIGEST}
    examiner = FakeExaminer(tags)

    async def test(judge: Judge) -> None:
        await judge.decide([question(identifier=Tag("v1"))], LONG)
        await judge.decide([question(identifier=Tag("v1"))], LONG)
        tags["v1"] = OTHER_DIGEST
        assert await judge.decide([question(identifier=Tag("v1"))], LONG) == (verified(OTHER_DIGEST),)

    judging(examiner, test)
    assert [name for name, _ in examiner.calls] == ["resolve", "verify", "resolve", "resolve", "verify"]


def test_tag_and_digest_of_one_image_share_the_work() -> None:
    """Two tags and the digest of one image are verified once."""
    examiner = FakeExaminer({"v1": DIGEST, "latest": DIGEST})

    async def test(judge: Judge) -> None:
        identifiers: list[Tag | Digest] = [Tag("v1"), Tag("latest"), DIGEST]
        questions = [question(identifier=identifier) for identifier in identifiers]
        assert await judge.decide(questions, LONG) == (verified(),) * 3

    judging(examiner, test)
    assert sorted(name for name, _ in examiner.calls) == ["resolve", "resolve", "verify"]


def test_tag_that_cannot_be_resolved_is_undecided() -> None:
    """An error of the registry is a reason that may pass."""

    class Unreachable(FakeExaminer):
        def resolve(self, question: Question) -> Digest:
            raise NetworkError("registry r.test does not answer", advice="try again")

    async def test(judge: Judge) -> None:
        (decision,) = await judge.decide([question(identifier=Tag("v1"))], LONG)
        assert decision.outcome is Outcome.UNDECIDED
        assert decision.reason == "registry r.test does not answer: try again"

    judging(Unreachable(), test)


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), KeyError("x"), MemoryError()])
def test_mistake_of_this_program_admits_nothing(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception is undecided, without its text, and in the log."""

    async def test(judge: Judge) -> None:
        (decision,) = await judge.decide([question()], LONG)
        assert decision.outcome is Outcome.UNDECIDED
        assert decision.reason == f"internal error: {type(error).__name__}; the log has more"

    judging(FakeExaminer(decide=_fail(error)), test)
    assert "an image cannot be examined" in caplog.text
