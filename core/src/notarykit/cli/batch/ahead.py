"""Items of an iterator that may wait for its source, taken ahead by a thread."""

import queue
import threading
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

from notarykit.batch.ordered import NOTHING_YET

_MOST = 256
_PAUSE = 0.1


def taken_ahead(items: Iterator[Any]) -> Iterator[Any]:
    """Yields the items as they come, and `NOTHING_YET` while the next is waited for; raises what the iterator raises.

    An iterator that hangs does not keep the process from exiting.
    """
    taken: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(_MOST)

    def take() -> None:
        try:
            for item in items:
                taken.put((item, None))
            taken.put((None, StopIteration()))
        except BaseException as error:  # noqa: BLE001 - raised in the other thread
            taken.put((None, error))

    threading.Thread(target=copy_context().run, args=(take,), name="notarykit-ahead", daemon=True).start()
    while True:
        try:
            item, end = taken.get(timeout=_PAUSE)
        except queue.Empty:
            yield NOTHING_YET
            continue
        if isinstance(end, StopIteration):
            return
        if end is not None:
            raise end
        yield item
