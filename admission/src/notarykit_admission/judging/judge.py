"""Judge: decisions on images, side by side and in time.

Identical work is done once, whoever asks. What is not decided in time goes on, so that the next try finds it.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from notarykit import Digest, NotarykitError
from notarykit_admission.context import address_of_caller
from notarykit_admission.judging.cache import DecisionCache
from notarykit_admission.judging.decision import Decision, decision_of_error, decision_of_mistake, undecided
from notarykit_admission.judging.examiner import Examiner
from notarykit_admission.judging.question import Question
from notarykit_admission.judging.turns import Turns
from notarykit_admission.shares import Shares

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_Tenant = tuple[str, str]  # address of the caller and namespace


class JudgeLimits(NamedTuple):
    """Limits of a judge.

    Attributes:
        threads: Number of images that are examined at a time.
        threads_of_registry: Number of those that are of one registry: one that is slow does not keep others waiting.
        threads_of_namespace: Number of those that one namespace has asked for: whoever may make pods in it can name
            registries without end.
        under_way: Number of images that are examined or wait for it; one more is not begun.
        under_way_of_namespace: Number of those that one namespace has asked for.
        waiting_of_namespace: Number of reviews of one namespace that wait for decisions at a time; one more gets those
            that are known.
    """

    threads: int = 64
    threads_of_registry: int = 16
    threads_of_namespace: int = 24
    under_way: int = 1000
    under_way_of_namespace: int = 500
    waiting_of_namespace: int = 75


DEFAULT_LIMITS = JudgeLimits()


class Judge:
    """Decides on images. Its methods are called in one event loop.

    Args:
        examiner: Examines one image.
        cache: Decisions that are known.
        limits: Limits of what is under way.
    """

    def __init__(self, examiner: Examiner, cache: DecisionCache, limits: JudgeLimits = DEFAULT_LIMITS) -> None:
        self._examiner = examiner
        self._cache = cache
        self._limits = limits
        self._under_way: dict[Hashable, asyncio.Task[Decision]] = {}
        self._late: set[asyncio.Task[Decision]] = set()
        self._asked = Shares[_Tenant](limits.under_way, limits.under_way_of_namespace)
        self._waiting = Shares[_Tenant](math.inf, limits.waiting_of_namespace)
        self._at_registries, self._of_namespaces = Turns(limits.threads_of_registry), Turns(limits.threads_of_namespace)
        self._threads = ThreadPoolExecutor(limits.threads, "examiner")

    @property
    def under_way(self) -> int:
        """Number of images that are examined, or wait for it."""
        return len(self._under_way)

    async def decide(self, questions: Sequence[Question], seconds: float) -> tuple[Decision, ...]:
        """Returns the decision on each image, in their order; it never raises, and never takes longer.

        Args:
            questions: The images, all asked about for one namespace.
            seconds: Seconds within which the decisions are wanted.
        """
        found = [self._decide(question) for question in questions]
        late = f"no decision within {seconds:.3g} seconds; the examination goes on: try again"
        if tasks := {each for each in found if isinstance(each, asyncio.Task)}:
            tenant = _tenant(questions[0])
            if self._waiting.take(tenant):
                try:
                    await asyncio.wait(tasks, timeout=seconds)
                finally:
                    self._waiting.give_back(tenant)
            else:
                late = "too many requests of this namespace wait for decisions; the examination goes on: try again"
            self._late.update(task for task in tasks if not task.done())
        return tuple(each if isinstance(each, Decision) else _result(each, late) for each in found)

    async def close(self) -> None:
        """Ends all examinations; those that wait for a registry are left behind."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _decide(self, question: Question) -> "Decision | asyncio.Task[Decision]":
        if (decision := self._cache.get(question.key)) is not None:
            return decision
        if (task := self._under_way.get(question.key)) is not None:
            return task
        if len(self._under_way) >= self._limits.under_way:
            return undecided("too many images are being examined: try again")
        if not self._asked.take(tenant := _tenant(question)):
            return undecided("too many images of this namespace are being examined: try again")
        task = self._under_way[question.key] = asyncio.ensure_future(self._examine(question))
        task.add_done_callback(lambda done: self._end(question, tenant, done))
        return task

    def _end(self, question: Question, tenant: _Tenant, task: "asyncio.Task[Decision]") -> None:
        del self._under_way[question.key]
        self._asked.give_back(tenant)
        if task in self._late:
            self._late.remove(task)
            _log_late(question, task)

    async def _examine(self, question: Question) -> Decision:
        identifier = question.reference.identifier
        try:
            if isinstance(identifier, Digest):
                decision = await self._in_turn(question, self._examiner.verify)
                self._cache.put(question.key, decision)
                return decision
            found = self._decide(question.at(await self._in_turn(question, self._examiner.resolve)))
            return found if isinstance(found, Decision) else await found
        except NotarykitError as error:
            return decision_of_error(error, "")
        except Exception as error:  # noqa: BLE001 - as above
            _log.exception("an image cannot be examined")
            return decision_of_mistake(error)

    async def _in_turn(self, question: Question, work: Callable[[Question], _Result]) -> _Result:
        """Does the work in a thread, when its namespace's turn has come, and its registry's."""
        tenant, registry = _tenant(question), question.reference.registry
        # A registry's turn is taken last, so that nobody has one who waits for another.
        async with self._of_namespaces.turn(tenant), self._at_registries.turn(registry):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, question)


def _log_late(question: Question, task: "asyncio.Task[Decision]") -> None:
    """Logs why an image was not accepted that was answered for before: the answer has said that it took too long."""
    if not task.cancelled() and not (decision := task.result()).admits:
        _log.warning("decided after the answer: %s: %s", question.reference, decision.reason)


def _tenant(question: Question) -> _Tenant:
    return address_of_caller.get(), question.namespace


def _result(task: "asyncio.Task[Decision]", late: str) -> Decision:
    if not task.done():
        return undecided(late)
    return undecided("this program is ending: try again") if task.cancelled() else task.result()
