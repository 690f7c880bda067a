"""Reading ahead of an iterator that waits."""

import threading
from collections.abc import Iterator

import pytest

from notarykit.batch.ordered import NOTHING_YET
from notarykit.batch.read_ahead import read_ahead


def _items(iterator: Iterator[int]) -> list[int]:
    return [item for item in iterator if item is not NOTHING_YET]


def test_all_items_come_in_order() -> None:
    """More items than are read ahead come, too."""
    assert _items(read_ahead(iter(range(100)), 7)) == [*range(100)]


def test_nothing_is_lost_before_an_error() -> None:
    """What the iterator raises comes behind its items."""

    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise ZeroDivisionError

    items = (item for item in read_ahead(broken(), 5) if item is not NOTHING_YET)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_waiting_is_said() -> None:
    """While the iterator waits, whoever reads is not held up."""
    go = threading.Event()

    def waiting() -> Iterator[int]:
        go.wait(20)
        yield 1

    items = read_ahead(waiting(), 5)
    assert next(items) is NOTHING_YET
    go.set()
    assert _items(items) == [1]


def test_no_more_is_read_than_the_limit() -> None:
    """An endless iterator is read as far as there is room, and no further once the reader has enough."""
    taken = []
    ended = threading.Event()

    def endless() -> Iterator[int]:
        try:
            for number in range(10**9):
                taken.append(number)
                yield number
        finally:
            ended.set()

    items = read_ahead(endless(), 3)
    assert next(item for item in items if item is not NOTHING_YET) == 0
    items.close()  # type: ignore[attr-defined]
    assert ended.wait(20)
    assert len(taken) <= 6
