"""Reading ahead: an iterator that waits for a network runs in a thread of its own, while its items are worked on."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

from notarykit._internal.threads import start
from notarykit.batch.ordered import NOTHING_YET

_Item = TypeVar("_Item")
_POLL_SECONDS = 0.1


def read_ahead(items: Iterator[_Item], most: int) -> Iterator[_Item]:
    """Yields the items of an iterator, which is read in a daemon thread, at most `most` items ahead.

    While the next item is waited for, it yields `NOTHING_YET`. What the iterator raises is raised after the items
    before it. When the generator is closed, the thread ends with the next item.
    """
    waiting: queue.Queue[_Item] = queue.Queue(most)
    is_closed = threading.Event()

    def read() -> None:
        for item in items:
            while not is_closed.is_set():
                try:
                    waiting.put(item, timeout=_POLL_SECONDS)
                except queue.Full:
                    continue
                break
            if is_closed.is_set():
                return

    reader = start(read)
    try:
        while True:
            try:
                yield waiting.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if reader.done() and waiting.empty():
                    reader.result()
                    return
                yield NOTHING_YET
    finally:
        is_closed.set()
