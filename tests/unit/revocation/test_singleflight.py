"""Cache whose values are loaded once by concurrent threads."""

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


class _CountingLoader:
    """Loader that returns a value or fails, and counts its calls."""

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


def test_value_is_cached() -> None:
    """The second call gets the cached value."""
    kept, find = _shared(), _CountingLoader()
    assert kept.get("q", _always, find, _SECONDS) == ("answer 1", False)
    assert kept.get("q", _always, find, _SECONDS) == ("answer 1", True)
    assert find.times == 1


def test_keys_have_separate_values() -> None:
    """Each key has its own value."""
    kept = _shared()
    assert kept.get("a", _always, _saying("1"), _SECONDS)[0] == "1"
    assert kept.get("b", _always, _saying("2"), _SECONDS)[0] == "2"
    assert kept.get("a", _always, _saying("3"), _SECONDS)[0] == "1"


def test_stale_value_is_loaded_again() -> None:
    """A stale value is loaded again, and the loader gets the old one."""
    kept = _shared()
    olds: list[str | None] = []

    def find(old: str | None) -> str:
        olds.append(old)
        return f"after {old}"

    assert kept.get("q", _never, find, _SECONDS) == ("after None", False)
    assert kept.get("q", _never, find, _SECONDS) == ("after after None", False)
    assert olds == [None, "after None"]


def test_concurrent_threads_load_once() -> None:
    """All threads get the one loaded value, after it is loaded."""
    kept, loaded, threads = _shared(), threading.Event(), 20
    waiting, times = threading.Semaphore(0), []

    def find(_: str | None) -> str:
        times.append(1)
        assert loaded.wait(_SECONDS)
        return "answer"

    def ask() -> tuple[str, bool]:
        waiting.release()
        return kept.get("q", _always, find, _SECONDS)

    works = [start(ask) for _ in range(threads)]
    for _ in range(threads):
        assert waiting.acquire(timeout=_SECONDS)
    loaded.set()
    answers = [work.result(_SECONDS) for work in works]
    assert [answer for answer, _ in answers] == ["answer"] * threads
    assert [from_cache for _, from_cache in answers].count(False) == 1
    assert len(times) == 1


def test_keys_do_not_block_each_other() -> None:
    """While one value is being loaded, that of another key is returned."""
    kept, loaded, started = _shared(), threading.Event(), threading.Event()

    def find(_: str | None) -> str:
        started.set()
        assert loaded.wait(_SECONDS)
        return "slow"

    work = start(lambda: kept.get("slow", _always, find, _SECONDS))
    assert started.wait(_SECONDS)
    assert kept.get("quick", _always, _saying("quick"), _SECONDS) == ("quick", False)
    loaded.set()
    assert work.result(_SECONDS) == ("slow", False)


def test_waiting_thread_times_out() -> None:
    """A thread that waits for another's load gives up at its own timeout."""
    kept, loaded, started = _shared(), threading.Event(), threading.Event()

    def find(_: str | None) -> str:
        started.set()
        assert loaded.wait(_SECONDS)
        return "answer"

    work = start(lambda: kept.get("q", _always, find, _SECONDS))
    assert started.wait(_SECONDS)
    for seconds in (0.01, 0.0, -1.0):
        with pytest.raises(UnknownStatusError, match="no answer in time"):
            kept.get("q", _always, find, seconds)
    loaded.set()
    assert work.result(_SECONDS) == ("answer", False)


def test_failure_is_cached_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is raised again at once, and the value is loaded again later."""
    kept, failing, clock = _shared(), _CountingLoader("it is down"), [1000.0]
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


def test_failure_belongs_to_its_key() -> None:
    """Another key is loaded all the same."""
    kept = _shared()
    with pytest.raises(UnknownStatusError):
        kept.get("a", _always, _CountingLoader("it is down"), _SECONDS)
    assert kept.get("b", _always, _saying("up"), _SECONDS) == ("up", False)


def test_unexpected_exception_is_not_cached() -> None:
    """An unexpected exception is raised to its caller, and leaves the key free."""
    kept = _shared()

    def accident(_: str | None) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.get("q", _always, accident, _SECONDS)
    assert kept.get("q", _always, _saying("answer"), _SECONDS) == ("answer", False)


def test_oldest_value_is_evicted_first() -> None:
    """The oldest value is evicted when the total weight is exceeded."""
    kept = _shared(largest=10)
    for question in ("a", "b"):
        kept.get(question, _always, _saying("12345"), _SECONDS)
    assert kept.get("a", _always, _saying("-"), _SECONDS) == ("12345", True)
    kept.get("c", _always, _saying("12345"), _SECONDS)  # which is too much, and "b" was not used since
    assert kept.get("a", _always, _saying("-"), _SECONDS) == ("12345", True)
    assert kept.get("c", _always, _saying("-"), _SECONDS) == ("12345", True)
    assert kept.get("b", _always, _saying("new"), _SECONDS) == ("new", False)


def test_last_value_is_kept_whatever_its_weight() -> None:
    """The last value is kept, however large, and all others are evicted."""
    kept = _shared(largest=10)
    kept.get("small", _always, _saying("1"), _SECONDS)
    kept.get("large", _always, _saying("x" * 1000), _SECONDS)
    assert kept.get("large", _always, _saying("-"), _SECONDS)[1]
    assert not kept.get("small", _always, _saying("1"), _SECONDS)[1]


def test_failures_are_evicted() -> None:
    """Cached failures are evicted as well."""
    kept, failing = _shared(largest=10), _CountingLoader("it is down")
    for question in range(1000):
        with pytest.raises(UnknownStatusError):
            kept.get(question, _always, failing, _SECONDS)
    assert len(kept._entries) == 1
