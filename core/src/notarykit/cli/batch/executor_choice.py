"""Choice of an executor: threads of this process for few items, worker processes for many, or a Dask cluster."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any

from notarykit.batch.executors import MANY, process_pool, usable_cores
from notarykit.batch.ordered import NOTHING_YET
from notarykit.errors import WorkerError

if TYPE_CHECKING:
    from concurrent.futures import Executor

# A source that has fewer in this many tenths of a second is slower than threads.
_MOST_PAUSES = 10


def choose_executor(
    items: Iterator[Any], jobs: int, opened: ExitStack, scheduler: str = ""
) -> "tuple[Iterator[Any], Executor | None]":
    """Returns the items, and the executor of a cluster, or worker processes if the items are many.

    Args:
        items: The items; `NOTHING_YET` among them stands for a tenth of a second of waiting.
        jobs: Number of items that are worked on at a time, or 0 for the cores of this machine.
        opened: Stack that ends the processes, or the connection to the cluster.
        scheduler: Address of a Dask scheduler, or an empty string for this machine.

    Raises:
        UsageError: Dask is not installed, or its workers have another notarykit.
        NetworkError: The scheduler does not answer, or has no workers.
    """
    if scheduler:
        from notarykit.batch.dask import dask_executor

        return items, opened.enter_context(dask_executor(scheduler))
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
