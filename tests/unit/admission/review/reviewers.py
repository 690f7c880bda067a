"""Reviewers for tests: a judge whose decisions are given, and policies with given rules."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from notarykit_admission.access.pool import RegistryPool
from notarykit_admission.access.registries import RegistryAccess
from notarykit_admission.access.registry_files import RegistryFiles
from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.judging.decision import Decision, Outcome
from notarykit_admission.judging.judge import Judge
from notarykit_admission.judging.question import Question
from notarykit_admission.policy.policies import load_policies
from notarykit_admission.review.asker import Asker
from notarykit_admission.review.review import Observe
from notarykit_admission.review.reviewer import Reviewer
from tests.unit.admission.policy.setups import files

DIGEST = f"sha256:{'ab' * 32}"
REFUSED = Decision(Outcome.REFUSED, DIGEST, "one", "no signature is associated")
UNDECIDED = Decision(Outcome.UNDECIDED, reason="registry r.test does not answer")


def accepted(outcome: Outcome = Outcome.VERIFIED, digest: str = DIGEST) -> Decision:
    """Returns the decision for an image that may run."""
    return Decision(outcome, digest, "one")


class FakeJudge:
    """Judge whose decisions are given by repository name; all others are accepted.

    Attributes:
        asked: References in the order in which decisions were wanted.
        policies: Identities of the policies that they were asked under.
        namespaces: Namespaces that they were asked for.
        seconds: Times that it was given.
    """

    def __init__(self, decisions: Mapping[str, Decision]) -> None:
        self._decisions = decisions
        self.asked: list[str] = []
        self.policies: list[str] = []
        self.namespaces: list[str] = []
        self.seconds: list[float] = []

    async def decide(self, questions: Sequence[Question], seconds: float) -> tuple[Decision, ...]:
        """Returns the decisions."""
        await asyncio.sleep(0)
        self.asked += [str(question.reference) for question in questions]
        self.policies += [question.policy.identity for question in questions]
        self.namespaces += [question.namespace for question in questions]
        self.seconds.append(seconds)
        return tuple(self._decisions.get(question.reference.name, accepted()) for question in questions)


def reviewing(
    decisions: Mapping[str, Decision] | None = None,
    *,
    more: Mapping[str, bytes] | None = None,
    observe: Observe = lambda *_: None,
    **rules: Any,
) -> tuple[Reviewer, FakeJudge]:
    """Returns a reviewer with rules, and its judge."""
    judge = FakeJudge(decisions or {})
    policies = load_policies({**files(), "rules.json": json.dumps({"version": "1", **rules}).encode(), **(more or {})})
    access = RegistryAccess(RegistryFiles(AccessSettings()), RegistryPool())
    return Reviewer(Asker(cast("Judge", judge), access), lambda: policies, observe), judge


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    """Runs work in an event loop."""

    async def main() -> Any:
        return await work()

    return asyncio.run(main())
