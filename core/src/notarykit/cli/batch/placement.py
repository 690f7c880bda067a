"""Placement of work: in threads of this process where the items are few, in worker processes where they are many."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any

from notarykit.batch.executors import MANY, process_pool, usable_cores
from notarykit.batch.ordered import NOTHING_YET
from notarykit.errors import WorkerError

if TYPE_CHECKING:
    from notarykit.batch.executors import WorkerPool

# A source that has fewer in this many tenths of a second is slower than threads.
_MOST_PAUSES = 10


def placed(items: Iterator[Any], jobs: int, opened: ExitStack) -> "tuple[Iterator[Any], WorkerPool | None]":
    """Returns the items, and the worker processes if the items are many.

    Args:
        items: The items; `NOTHING_YET` among them stands for a tenth of a second of waiting.
        jobs: Number of items that are worked on at a time, or 0 for the cores of this machine.
        opened: Stack that ends the processes.
    """
    first = _first_items(items)
    items = chain(first, items)
    if len(first) < MANY:
        return items, None
    try:
        return items, opened.enter_context(process_pool(min(jobs, usable_cores())))
    except WorkerError as error:
        warnings.warn(f"{error.message}: threads are used instead", stacklevel=1)
        return items, None


def _first_items(items: Iterator[Any]) -> list[Any]:
    """Takes as many items as make worker processes worth while, unless their source is slow."""
    first: list[Any] = []
    pauses = 0
    for item in items:
        if item is not NOTHING_YET:
            first.append(item)
        elif first:
            pauses += 1
        if len(first) == MANY or pauses == _MOST_PAUSES:
            break
    return first
