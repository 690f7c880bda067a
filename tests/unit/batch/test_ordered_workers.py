"""Outcomes of many items in worker processes: what is sent to them, and what becomes of it when one dies."""

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from notarykit.batch.executors import WorkerPool
from notarykit.batch.ordered import map_ordered
from notarykit.errors import NotarykitWarning, UnforeseenError, UsageError, WorkerError
from tests.unit.batch import works


def test_nested_use_in_a_worker_works_in_threads(pool: WorkerPool) -> None:
    """Work of a worker may have many items of its own."""
    (outcome,) = map_ordered(works.Nested(), [10], executor=pool)
    assert outcome.value() == sum(number * number for number in range(10))


def test_work_stays_warm_in_its_worker(pool: WorkerPool) -> None:
    """One copy does many items; a work of other bytes has a copy of its own."""
    for ballast in (b"a", b"b", b"large" * 50_000):
        counts = [outcome.value() for outcome in map_ordered(works.Warm(ballast), range(100), executor=pool)]
        assert max(counts) > 10
        assert counts.count(1) in (1, 2)


def test_workers_are_processes_of_their_own(pool: WorkerPool, tmp_path: Path) -> None:
    """Both do some of the work."""
    work = works.ProcessAmongOthers(str(tmp_path), 2)
    processes = {outcome.value() for outcome in map_ordered(work, range(300), executor=pool)}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_warnings_of_a_worker_come_with_the_outcome(pool: WorkerPool) -> None:
    """Each item has its own, whatever thread it was done in."""
    for outcome in map_ordered(works.Warns(), range(40), executor=pool, jobs=8):
        (message,) = outcome.warnings
        assert isinstance(message, NotarykitWarning)
        assert str(message) == f"careful with {outcome.item}"


def test_result_that_cannot_be_pickled_is_an_error_of_its_item(pool: WorkerPool) -> None:
    """Its neighbours in the task have their results."""
    outcomes = list(map_ordered(works.Unpicklable(), range(6), executor=pool))
    assert [outcome.result for outcome in outcomes] == [0, None, 2, None, 4, None]
    assert {type(outcome.error) for outcome in outcomes[1::2]} == {UnforeseenError}
    assert "cannot be sent from its worker" in str(outcomes[1].error)


def test_item_that_cannot_be_pickled_is_an_error_of_its_own(pool: WorkerPool) -> None:
    """Its neighbours are done."""
    outcomes = list(map_ordered(works.Process(), [1, threading.Lock(), 3], executor=pool))
    assert [outcome.result is not None for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, UsageError)


def test_work_that_cannot_be_pickled_is_refused_at_once(pool: WorkerPool) -> None:
    """The error says what to give in its place."""
    with pytest.raises(UsageError, match="cannot be sent to workers") as raised:
        map_ordered(works.LocalOnly(), [1], executor=pool)
    assert "by its name" in raised.value.advice


def test_work_that_a_worker_cannot_read_ends_the_iteration(pool: WorkerPool) -> None:
    """It is one error, and not one for each of ten thousand items."""
    outcomes = map_ordered(works.Unreadable(), range(10_000), executor=pool)
    with pytest.raises(UsageError, match="a worker cannot read its work: ModuleNotFoundError"):
        list(outcomes)


def test_item_of_a_worker_that_died_is_tried_once_more(pool: WorkerPool) -> None:
    """Nothing is lost, and nothing has two outcomes."""
    outcomes = list(map_ordered(works.Deadly(once=frozenset({37, 80})), range(200), executor=pool))
    assert [outcome.item for outcome in outcomes] == list(range(200))
    assert outcomes[37].result == "again 37"
    assert {outcome.value().split()[1] for outcome in outcomes} == {str(number) for number in range(200)}


def test_item_whose_second_worker_died_is_an_error(pool: WorkerPool) -> None:
    """Its neighbours, in whose tasks it was, have their results."""
    outcomes = list(map_ordered(works.Deadly(twice=frozenset({0, 50})), range(100), executor=pool, jobs=4))
    assert [outcome.item for outcome in outcomes if outcome.error] == [0, 50]
    assert {type(outcome.error) for outcome in outcomes} == {WorkerError, type(None)}


def test_pool_of_the_standard_library_that_breaks_is_not_replaced() -> None:
    """It is the caller's: the items that were not done say so."""
    import multiprocessing

    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(2, context) as standard:
        outcomes = list(map_ordered(works.Deadly(once=frozenset({5})), range(20), executor=standard))
    assert [outcome.item for outcome in outcomes] == list(range(20))
    assert "process_pool" in str(outcomes[5].error and outcomes[5].error.advice)
