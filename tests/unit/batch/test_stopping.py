"""Outcomes that come while the next item is awaited, and a stop that is requested from outside."""

import threading
from collections.abc import Iterator
from typing import Any

from notarykit.batch.ordered import NOTHING_YET, map_ordered
from notarykit.batch.work import Work
from tests.unit.batch import works


def test_outcome_comes_while_the_next_item_is_awaited() -> None:
    """The second item exists only after the first one's outcome."""
    is_first_done = threading.Event()

    def items() -> Iterator[Any]:
        yield 3
        while not is_first_done.wait(0.01):
            yield NOTHING_YET
        yield 4

    outcomes = map_ordered(works.Square(), items(), jobs=4)
    assert next(outcomes).value() == 9
    is_first_done.set()
    assert [outcome.value() for outcome in outcomes] == [16]


def test_requested_stop_ends_the_iteration_after_what_was_begun() -> None:
    """No further item is taken, and the outcomes of those that were begun still come, in order."""
    outcomes = map_ordered(works.Square(), iter(int, 1), jobs=2)
    first = [next(outcomes).value() for _ in range(5)]
    outcomes.request_stop()
    rest = [outcome.value() for outcome in outcomes]
    assert first + rest == [0] * (5 + len(rest))


def test_requested_stop_holds_back_what_was_sent_and_not_begun() -> None:
    """Of items that were sent to threads ahead of time, those that wait for their turn are not begun."""
    begun: list[int] = []
    is_inside, may_end = threading.Event(), threading.Event()

    class Held(Work[int, int, int]):
        def begin(self, item: int) -> int:
            begun.append(item)
            is_inside.set()
            assert may_end.wait(20)
            return item

        def finish(self, begun: int) -> int:
            return begun

    outcomes = map_ordered(Held(), range(20), jobs=1)
    values: list[int] = []
    reader = threading.Thread(target=lambda: values.extend(outcome.value() for outcome in outcomes))
    reader.start()
    assert is_inside.wait(20)
    outcomes.request_stop()
    may_end.set()
    reader.join(20)
    assert values == begun == [0]
