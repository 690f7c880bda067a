"""Answers that are asked for once and kept for the process."""

import threading
from collections.abc import Callable

import pytest

from notarykit._internal.threads import start
from notarykit.revocation.result import UnknownStatusError
from notarykit.revocation.singleflight import SingleFlightCache

_SECONDS = 10.0


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _saying(answer: str) -> Callable[[str | None], str]:
    return lambda _: answer


class _Counting:
    """Finds an answer, or fails, and counts."""

    def __init__(self, error: str = "") -> None:
        self.times = 0
        self.error = error

    def __call__(self, _: str | None) -> str:
        self.times += 1
        if self.error:
            raise UnknownStatusError(self.error)
        return f"answer {self.times}"


def _shared(largest: int = 100) -> "SingleFlightCache[str]":
    return SingleFlightCache(largest, lambda answer: len(answer or "nothing"))


def test_an_answer_is_kept() -> None:
    """The second time it was there already."""
    kept, find = _shared(), _Counting()
    assert kept.get("q", _always, find, _SECONDS) == ("answer 1", False)
    assert kept.get("q", _always, find, _SECONDS) == ("answer 1", True)
    assert find.times == 1


def test_entries_are_apart() -> None:
    """Each question has its own answer."""
    kept = _shared()
    assert kept.get("a", _always, _saying("1"), _SECONDS)[0] == "1"
    assert kept.get("b", _always, _saying("2"), _SECONDS)[0] == "2"
    assert kept.get("a", _always, _saying("3"), _SECONDS)[0] == "1"


def test_an_answer_that_is_not_good_any_more() -> None:
    """It is asked for again, and whoever finds the new one is given the old."""
    kept = _shared()
    given: list[str | None] = []

    def find(old: str | None) -> str:
        given.append(old)
        return f"after {old}"

    assert kept.get("q", _never, find, _SECONDS) == ("after None", False)
    assert kept.get("q", _never, find, _SECONDS) == ("after after None", False)
    assert given == [None, "after None"]


def test_many_threads_ask_once() -> None:
    """All of them get the answer that the first one found, and not before it was found."""
    kept, found, threads = _shared(), threading.Event(), 20
    waiting, times = threading.Semaphore(0), []

    def find(_: str | None) -> str:
        times.append(1)
        assert found.wait(_SECONDS)
        return "answer"

    def ask() -> tuple[str, bool]:
        waiting.release()
        return kept.get("q", _always, find, _SECONDS)

    works = [start(ask) for _ in range(threads)]
    for _ in range(threads):
        assert waiting.acquire(timeout=_SECONDS)
    found.set()
    answers = [work.result(_SECONDS) for work in works]
    assert [answer for answer, _ in answers] == ["answer"] * threads
    assert [from_cache for _, from_cache in answers].count(False) == 1
    assert len(times) == 1


def test_entries_do_not_wait_for_each_other() -> None:
    """While one answer is being found, another is given."""
    kept, found, begun = _shared(), threading.Event(), threading.Event()

    def find(_: str | None) -> str:
        begun.set()
        assert found.wait(_SECONDS)
        return "slow"

    work = start(lambda: kept.get("slow", _always, find, _SECONDS))
    assert begun.wait(_SECONDS)
    assert kept.get("quick", _always, _saying("quick"), _SECONDS) == ("quick", False)
    found.set()
    assert work.result(_SECONDS) == ("slow", False)


def test_waiting_has_an_end() -> None:
    """Who waits for another thread's answer waits for so long as it wants to, and then has none."""
    kept, found, begun = _shared(), threading.Event(), threading.Event()

    def find(_: str | None) -> str:
        begun.set()
        assert found.wait(_SECONDS)
        return "answer"

    work = start(lambda: kept.get("q", _always, find, _SECONDS))
    assert begun.wait(_SECONDS)
    for seconds in (0.01, 0.0, -1.0):
        with pytest.raises(UnknownStatusError, match="no answer in time"):
            kept.get("q", _always, find, seconds)
    found.set()
    assert work.result(_SECONDS) == ("answer", False)


def test_a_failure_is_remembered_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the answer to whoever asks at once, and later the question is asked again."""
    kept, failing, clock = _shared(), _Counting("it is down"), [1000.0]
    monkeypatch.setattr("notarykit.revocation.singleflight.time.monotonic", lambda: clock[0])
    for _ in range(3):
        with pytest.raises(UnknownStatusError, match="it is down"):
            kept.get("q", _always, failing, _SECONDS)
    assert failing.times == 1
    clock[0] += 60.0
    with pytest.raises(UnknownStatusError):
        kept.get("q", _always, failing, _SECONDS)
    assert failing.times == 2
    clock[0] += 60.0
    assert kept.get("q", _always, _saying("up"), _SECONDS) == ("up", False)
    assert kept.get("q", _always, failing, _SECONDS) == ("up", True)


def test_a_failure_is_that_of_its_question() -> None:
    """Another question is asked all the same."""
    kept = _shared()
    with pytest.raises(UnknownStatusError):
        kept.get("a", _always, _Counting("it is down"), _SECONDS)
    assert kept.get("b", _always, _saying("up"), _SECONDS) == ("up", False)


def test_accidents_are_not_remembered() -> None:
    """What goes wrong otherwise is the caller's, and leaves the question free."""
    kept = _shared()

    def accident(_: str | None) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.get("q", _always, accident, _SECONDS)
    assert kept.get("q", _always, _saying("answer"), _SECONDS) == ("answer", False)


def test_the_oldest_goes_first() -> None:
    """What was asked for longest ago is forgotten when all together weigh too much."""
    kept = _shared(largest=10)
    for question in ("a", "b"):
        kept.get(question, _always, _saying("12345"), _SECONDS)
    assert kept.get("a", _always, _saying("-"), _SECONDS) == ("12345", True)
    kept.get("c", _always, _saying("12345"), _SECONDS)  # which is too much, and "b" was not asked for since
    assert kept.get("a", _always, _saying("-"), _SECONDS) == ("12345", True)
    assert kept.get("c", _always, _saying("-"), _SECONDS) == ("12345", True)
    assert kept.get("b", _always, _saying("new"), _SECONDS) == ("new", False)


def test_one_answer_alone_is_kept_whatever_it_weighs() -> None:
    """The last answer stays, however large it is, and all others go."""
    kept = _shared(largest=10)
    kept.get("small", _always, _saying("1"), _SECONDS)
    kept.get("large", _always, _saying("x" * 1000), _SECONDS)
    assert kept.get("large", _always, _saying("-"), _SECONDS)[1]
    assert not kept.get("small", _always, _saying("1"), _SECONDS)[1]


def test_failures_are_forgotten_too() -> None:
    """Questions that have no answer do not pile up."""
    kept, failing = _shared(largest=10), _Counting("it is down")
    for question in range(1000):
        with pytest.raises(UnknownStatusError):
            kept.get(question, _always, failing, _SECONDS)
    assert len(kept._entries) == 1
