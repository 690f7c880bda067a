"""Outcomes of many items, in order, whatever does the work."""

import itertools
import threading
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from notarykit._internal.deadline import deadline
from notarykit.batch.ordered import map_ordered
from notarykit.batch.work import Outcome, Work
from notarykit.errors import NotarykitWarning, UsageError, WorkerError
from tests.unit.batch import works


def test_outcomes_come_in_the_order_of_the_items(executor: Executor | None) -> None:
    """Each item has one outcome, in order."""
    outcomes = list(map_ordered(works.Square(), range(500), executor=executor, jobs=4))
    assert [outcome.item for outcome in outcomes] == list(range(500))
    assert [outcome.value() for outcome in outcomes] == [number * number for number in range(500)]


def test_error_of_one_item_is_its_outcome(executor: Executor | None) -> None:
    """The others have their results."""
    outcomes = list(map_ordered(works.Square(), [1, -2, 3], executor=executor))
    assert [outcome.result for outcome in outcomes] == [1, None, 9]
    with pytest.raises(UsageError, match="-2 is negative"):
        outcomes[1].value()


def test_errors_that_wait_do_not_hold_what_was_worked_on() -> None:
    """An item that hangs makes the errors behind it wait, and not the megabytes that each of them is about."""

    class Fails(Work[int, int, int]):
        def begin(self, item: int) -> int:
            content = bytearray(1024 * 1024)
            try:
                return len(content) // 0
            except ZeroDivisionError as error:
                raise UsageError(f"{item} of {len(content)}") from error

    tracemalloc.start()
    try:
        errors = [outcome.error for outcome in map_ordered(Fails(), range(50), jobs=2)]
        assert tracemalloc.get_traced_memory()[0] < 5 * 1024 * 1024
    finally:
        tracemalloc.stop()
    last = errors[-1]
    assert last is not None
    assert last.__cause__ is not None
    for error in (last, last.__cause__):
        assert "begin" in [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def test_no_items_have_no_outcomes(executor: Executor | None) -> None:
    """Nothing is waited for."""
    assert list(map_ordered(works.Square(), [], executor=executor)) == []


def test_items_are_taken_no_further_ahead_than_the_window(executor: Executor | None) -> None:
    """An iterator without an end does not fill the memory, and its first outcomes come."""
    taken = itertools.count()
    outcomes = map_ordered(works.Square(), taken, executor=executor, jobs=2)
    assert [next(outcomes).value() for _ in range(300)] == [number * number for number in range(300)]
    outcomes.close()
    assert next(taken) <= 300 + 2 * 64 + 256


def test_slow_item_is_overtaken_by_no_more_than_the_window() -> None:
    """What comes behind one that hangs does not fill the memory."""
    full, beyond = threading.Event(), threading.Event()

    class FirstHangs(Work[int, bool, bool]):
        def begin(self, item: int) -> bool:
            return item > 0 or (full.wait(20) and beyond.wait(0.3))

    def items() -> Iterator[int]:
        for number in range(1000):
            if number == 2 * 64:
                beyond.set()
            yield number
            if number == 2 * 64 - 2:
                full.set()

    with closing(map_ordered(FirstHangs(), items(), jobs=2)) as outcomes:
        assert next(outcomes).value() is False


def test_items_that_wait_to_be_final_overlap(executor: Executor | None) -> None:
    """Two hundred pauses of 10 ms take less than one after the other."""
    started = time.monotonic()
    outcomes = list(map_ordered(works.Listed(), range(200), executor=executor, jobs=2))
    assert [outcome.value() for outcome in outcomes] == [number * number for number in range(200)]
    assert isinstance(executor, ThreadPoolExecutor) or time.monotonic() - started < 1.5


def test_error_of_the_iterator_comes_after_the_outcomes(executor: Executor | None) -> None:
    """The items before it are done."""

    def items() -> Iterator[int]:
        yield from (1, 2, 3)
        raise OSError("the list ended early")

    outcomes = map_ordered(works.Square(), items(), executor=executor)
    assert [next(outcomes).value() for _ in range(3)] == [1, 4, 9]
    with pytest.raises(OSError, match="the list ended early"):
        next(outcomes)
    assert list(outcomes) == []


def test_deadline_of_the_caller_holds_for_the_work(executor: Executor | None) -> None:
    """The seconds that are left are known in each thread and process."""
    with deadline(50):
        outcomes = list(map_ordered(works.SecondsLeft(), range(4), executor=executor))
    assert all(40 < outcome.value() <= 50 for outcome in outcomes)
    (without,) = map_ordered(works.SecondsLeft(), [1], executor=executor)
    assert without.value() == float("inf")


def test_number_of_jobs_is_positive() -> None:
    """None at a time would never end."""
    with pytest.raises(UsageError, match="0 jobs"):
        map_ordered(works.Square(), [1], jobs=0)


def test_jobs_limit_what_is_begun_at_a_time() -> None:
    """A third item begins only when one of two has ended."""
    inside, most = 0, 0
    lock, both = threading.Lock(), threading.Barrier(2, timeout=20)

    class Counted(Work[int, int, int]):
        def begin(self, item: int) -> int:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            if item < 2:
                both.wait()
            time.sleep(0.001)  # lets the others in, if anything does
            with lock:
                inside -= 1
            return item

        def finish(self, begun: int) -> int:
            return begun

    assert len(list(map_ordered(Counted(), range(20), jobs=2))) == 20
    assert most == 2


def test_quick_items_share_tasks() -> None:
    """A thousand items that take no time are not worth a thousand tasks, but a slow one keeps few others waiting."""

    class Counting(ThreadPoolExecutor):
        count = 0

        def submit(self, *arguments: Any, **options: Any) -> "Future[Any]":
            self.count += 1
            return super().submit(*arguments, **options)

    with Counting(2) as executor:
        outcomes = map_ordered(works.Square(), range(1000), executor=executor)
        assert [outcome.value() for outcome in outcomes] == [number * number for number in range(1000)]
        assert 1000 / 16 <= executor.count < 200


def test_caller_s_executor_stays_open() -> None:
    """It can be used again."""
    with ThreadPoolExecutor(1) as threads:
        list(map_ordered(works.Square(), [1], executor=threads))
        assert threads.submit(int, "3").result() == 3


def test_executor_that_was_shut_down_is_an_error_of_each_item() -> None:
    """No item is lost."""
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    outcomes = list(map_ordered(works.Square(), [1, 2], executor=threads))
    assert [type(outcome.error) for outcome in outcomes] == [WorkerError, WorkerError]


def test_warnings_of_threads_are_collected(executor: Executor | None) -> None:
    """On request they come with the outcome, wherever the work is done."""
    outcomes = list(map_ordered(works.Warns(), [1, 2], executor=executor, collects_warnings=True))
    assert [list(map(str, outcome.warnings)) for outcome in outcomes] == [["careful with 1"], ["careful with 2"]]


def test_outcomes_among_the_items_need_no_work(executor: Executor | None) -> None:
    """They come in their places, as they are."""
    known: list[Any] = [Outcome("a", "A"), Outcome("b", error=UsageError("no"))]
    items = [known[0], 1, 2, *known, 3, *range(4, 300), known[1]]
    outcomes = list(map_ordered(works.Square(), items, executor=executor, jobs=2))
    expected = [item if isinstance(item, Outcome) else Outcome(item, item * item) for item in items]
    assert outcomes == expected


def test_outcomes_alone_reach_no_worker() -> None:
    """Nothing is sent where nothing is to be done."""
    with ThreadPoolExecutor(1) as ended:
        pass
    assert list(map_ordered(works.Square(), [Outcome(1, 2)], executor=ended)) == [Outcome(1, 2)]


def test_warnings_of_threads_are_issued_where_they_come() -> None:
    """They are as if the caller had done the work."""
    with pytest.warns(NotarykitWarning, match="careful with 7"):
        (outcome,) = map_ordered(works.Warns(), [7])
    assert outcome.warnings == ()


def test_program_without_work_takes_no_time_of_processes() -> None:
    """Threads are the default: nothing of multiprocessing is imported for them."""
    import subprocess
    import sys

    script = "import sys; from notarykit.batch.ordered import map_ordered; print('multiprocessing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
