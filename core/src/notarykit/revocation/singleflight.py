"""Answers that are kept for the process, each asked for once: threads with the same question wait for the first."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from notarykit.revocation.limits import SECONDS_OF_A_FAILURE
from notarykit.revocation.result import NoAnswerError, NotForAllError

Value = TypeVar("Value")


class _Question(Generic[Value]):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Value | None = None
        self.failure: tuple[float, str] | None = None


class SingleFlightCache(Generic[Value]):
    """Answers by their question; the one that was asked for longest ago goes first when they grow too large.

    Args:
        largest: What they may weigh together.
        weigh: What one weighs, or a question that has none.
    """

    def __init__(self, largest: int, weigh: Callable[[Value | None], int]) -> None:
        self._largest = largest
        self._weigh = weigh
        self._questions: dict[Hashable, _Question[Value]] = {}
        self._lock = threading.Lock()

    def get(
        self,
        question: Hashable,
        is_good: Callable[[Value], bool],
        find: Callable[[Value | None], Value],
        seconds: float,
    ) -> tuple[Value, bool]:
        """The answer to a question, and whether it was there already.

        Args:
            question: The question.
            is_good: Whether an answer that is there can still be given.
            find: Finds an answer, given the one that is not good any more, if there was one.
            seconds: How long to wait for another thread that is finding it.

        Raises:
            NoAnswerError: There is none, as this thread or another found out just now.
        """
        with self._lock:
            asked = self._questions.pop(question, None) or _Question[Value]()
            self._questions[question] = asked  # the last of all
        if not asked.lock.acquire(timeout=max(0.0, seconds)):
            raise NotForAllError("no answer in time")
        try:
            if asked.value is not None and is_good(asked.value):
                return asked.value, True
            if asked.failure is not None and time.monotonic() < asked.failure[0]:
                raise NoAnswerError(asked.failure[1])
            try:
                asked.value, asked.failure = find(asked.value), None
            except NotForAllError:
                raise
            except NoAnswerError as error:
                asked.failure = (time.monotonic() + SECONDS_OF_A_FAILURE, str(error))
                raise
            finally:
                self._forget()
            return asked.value, False
        finally:
            asked.lock.release()

    def _forget(self) -> None:
        with self._lock:
            weights = [(question, self._weigh(asked.value)) for question, asked in self._questions.items()]
            total = sum(weight for _, weight in weights)
            for question, weight in weights[:-1]:
                if total <= self._largest:
                    break
                del self._questions[question]
                total -= weight
