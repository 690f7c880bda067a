"""Judge: many questions at a time, none of which gets the answer to another."""

import asyncio
import random
import time

import pytest

from notarykit import Digest, Tag
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.judge import Judge, JudgeLimits
from notarykit_admission.judging.question import Question
from tests.unit.admission.judging.questions import LONG, FakeExaminer, judging, question

_DIGESTS = {f"v{number}": Digest(f"sha256:{number:064x}") for number in range(4)}


def _described(asked: Question, digest: str) -> str:
    return f"{digest} of {asked.reference.scope} by {asked.policy.identity} with {asked.access.identity}"


def _decided(asked: Question) -> Decision:
    time.sleep(random.random() / 1000)  # as a registry would
    return Decision(Outcome.REFUSED, reason=_described(asked, asked.reference.identifier))


def _drawn(chosen: random.Random) -> Question:
    tag = chosen.choice(list(_DIGESTS))
    policy, access, name, namespace = (chosen.choice("ab") for _ in range(4))
    identifier = Tag(tag) if chosen.random() < 0.5 else _DIGESTS[tag]
    return question(name, identifier, policy=policy, access=access, namespace=namespace)


async def _review(judge: Judge, chosen: random.Random) -> int:
    """Asks about some images, and returns how many were decided."""
    questions = [_drawn(chosen) for _ in range(chosen.randint(1, 6))]
    decisions = await judge.decide(questions, chosen.choice([LONG, LONG, 0.001]))
    decided = [pair for pair in zip(questions, decisions, strict=True) if pair[1].outcome is not Outcome.UNDECIDED]
    for asked, decision in decided:
        identifier = asked.reference.identifier
        assert decision.reason == _described(asked, _DIGESTS.get(identifier, identifier))
    return len(decided)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_gets_the_answer_to_another_question(seed: int) -> None:
    """Among many reviews, some of which are given up, each decision is about its own policy, access and image."""

    async def test(judge: Judge) -> None:
        decided = 0
        for _ in range(20):
            reviews = [asyncio.create_task(_review(judge, chosen)) for _ in range(20)]
            await asyncio.sleep(0)
            for given_up in chosen.sample(reviews, 5):
                given_up.cancel()
            for outcome in await asyncio.gather(*reviews, return_exceptions=True):
                assert isinstance(outcome, int | asyncio.CancelledError), outcome
                decided += outcome if isinstance(outcome, int) else 0
        assert decided > 100

    chosen = random.Random(seed)
    judging(FakeExaminer(_DIGESTS, _decided), test, JudgeLimits(threads=4, under_way=30, under_way_of_namespace=25))
