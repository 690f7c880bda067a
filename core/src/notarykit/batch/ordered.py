"""Outcomes of many items, in the order of the items."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack
from typing import Any, Generic, NamedTuple, Self

from notarykit.batch.attempt import NOT_BEGUN
from notarykit.batch.dispatch import ThreadDispatch, WorkerDispatch
from notarykit.batch.executors import is_in_process, usable_cores, width_of
from notarykit.batch.work import Begun, Item, Outcome, Result, Work
from notarykit.errors import UsageError, WorkerError

# Items that are taken, and whose outcomes are not yielded yet, for each job: so many may overtake a slow one.
_WINDOW = 64
# While it waits for outcomes, it looks this often whether it is to stop.
_LOOK_SECONDS = 0.25
# After an interruption, work that was begun may go on for as long.
_GRACE_SECONDS = 10.0


NOTHING_YET: Any = object()
"""Item of an iterator that would have to wait for the next one, so that outcomes are yielded meanwhile."""


_NO_TASK: "Future[Any]" = Future()
_NO_TASK.set_result([])


class _Sent(NamedTuple):
    """Items that were taken together, in their order; outcomes among them are in no task.

    Attributes:
        future: Future of their task.
        items: The items.
        tasked: Those that are in the task.
    """

    future: "Future[Any]"
    items: tuple[Any, ...]
    tasked: tuple[Any, ...]


class Outcomes(Generic[Item, Result]):
    """Iterator of the outcomes, with a way to stop; made by `map_ordered`.

    Attributes:
        resources: Closed after the last outcome, and by `close`.
    """

    def __init__(self, items: Iterable[Any], dispatch: ThreadDispatch | WorkerDispatch, window: int) -> None:
        self._items: Iterator[Any] | None = iter(items)
        self._dispatch = dispatch
        self.resources = ExitStack()
        self.resources.callback(dispatch.close)
        self._window = window
        self._partial: list[Any] = []
        self._sent: deque[_Sent] = deque()
        self._ready: deque[Outcome[Item, Result]] = deque()
        self._end: BaseException | None = None
        self._stopped_at: float | None = None
        self._is_stop_requested = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Outcome[Item, Result]:
        while not self._ready:
            try:
                is_over = not self._advance()
            except KeyboardInterrupt as interrupt:
                if self._stopped_at is not None:
                    self.kill()
                    raise
                self.stop(interrupt)
                continue
            if is_over:
                self.close()
                end, self._end = self._end, None
                raise end or StopIteration
        return self._ready.popleft()

    def stop(self, end: BaseException | None = None) -> None:
        """Takes no further items and cancels those that no worker has begun; the others' outcomes still come.

        Args:
            end: Raised after the last outcome.
        """
        self._stopped_at = self._stopped_at or time.monotonic()
        self._end = end or self._end
        self._items = None
        self._partial.clear()
        self._dispatch.stop()
        self._sent = deque(sent for sent in self._sent if not self._dispatch.cancel(sent.future))

    def request_stop(self) -> None:
        """Has `stop` called at the next step; for signal handlers, which may come in the middle of one."""
        self._is_stop_requested = True
        self._dispatch.stop()

    def close(self) -> None:
        """Takes no further items, and drops the outcomes of the others; the caller's executor stays open."""
        self.stop()
        self._sent.clear()
        self._ready.clear()
        self.resources.close()

    def kill(self) -> None:
        """Ends like `close`, and the processes of a `WorkerPool` at once."""
        self._dispatch.kill()
        self.close()

    def _advance(self) -> bool:
        """Makes one step, and returns False when there are none left."""
        if self._is_stop_requested and self._stopped_at is None:
            self.stop()
        if self._sent and self._sent[0].future.done():
            self._receive(self._sent.popleft())
        elif self._may_take():
            self._take()
        elif self._sent:
            self._wait()
        else:
            return False
        return True

    def _may_take(self) -> bool:
        waiting = sum(len(sent.items) for sent in self._sent)
        return self._items is not None and waiting < self._window and self._undone() < self._dispatch.depth

    def _undone(self) -> int:
        return sum(not sent.future.done() for sent in self._sent)

    def _take(self) -> None:
        """Takes one item, and sends those that were taken if they are enough, or the last, or a worker is idle."""
        assert self._items is not None
        item: Any = NOTHING_YET
        try:
            item = next(self._items)
            self._partial += [item] * (item is not NOTHING_YET)
        except StopIteration:
            self._items = None
        except Exception as error:  # noqa: BLE001 - raised after the outcomes of the items before it
            self._items, self._end = None, error
        is_enough = len(self._partial) >= self._dispatch.size or self._undone() < self._dispatch.width
        if self._partial and (is_enough or item is NOTHING_YET):
            self._send()

    def _send(self) -> None:
        items = tuple(self._partial)
        self._partial.clear()
        tasked = tuple(item for item in items if not isinstance(item, Outcome))
        self._sent.append(_Sent(self._dispatch.send(tasked) if tasked else _NO_TASK, items, tasked))

    def _receive(self, sent: _Sent) -> None:
        try:
            attempts = iter(self._dispatch.received(sent.future, sent.tasked) if sent.tasked else ())
        except Exception as error:  # noqa: BLE001 - nothing can be done any more
            self.stop(error)
            self._sent.clear()
            return
        for item in sent.items:
            if isinstance(item, Outcome):
                self._ready.append(item)
            elif (done := next(attempts)) is not NOT_BEGUN:
                self._ready.append(Outcome(item, *done))

    def _wait(self) -> None:
        undone = [sent.future for sent in self._sent if not sent.future.done()]
        if self._stopped_at is None:
            if not wait(undone, _LOOK_SECONDS, FIRST_COMPLETED).done:
                self._check()
            return
        seconds = self._stopped_at + _GRACE_SECONDS - time.monotonic()
        if seconds <= 0 or not wait(undone, seconds, FIRST_COMPLETED).done:
            self._drop_undone()
            self._dispatch.kill()

    def _check(self) -> None:
        try:
            self._dispatch.check()
        except WorkerError as error:
            self.stop(error)
            self._drop_undone()

    def _drop_undone(self) -> None:
        self._sent = deque(sent for sent in self._sent if sent.future.done())


def map_ordered(
    work: Work[Item, Begun, Result],
    items: Iterable[Item | Outcome[Any, Result]],
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    collects_warnings: bool = False,
) -> Outcomes[Item, Result]:
    """Does work on many items side by side, and returns an iterator of their outcomes in the order of the items.

    Items may come from an iterator of any length; it is read in the caller's thread, no further ahead than a bounded
    window, and what it raises is raised after the outcomes of the items before. Outcomes come as soon as they and all
    before them are known. The caller's deadline holds for the work, in whichever process it is done.

    A worker that dies costs its own items one more try (`Work.begin_again`), each in a process of its own; an item over
    which a second worker dies has a `WorkerError`. No item is lost, and none has two outcomes.

    On Ctrl-C the outcomes of all items that were begun still come, for ten seconds at most, and then
    `KeyboardInterrupt`; a second one is raised at once, and ends the processes of a `process_pool`. Where Ctrl-C
    reaches the loop that reads the outcomes, the loop can call `stop()` and go on, or leave and call `close()`.

    Args:
        work: The work. Its `close` is the caller's to call.
        items: The items; `NOTHING_YET` among them is none, and an `Outcome` takes its place among the others as it is.
        executor: Executor of the interface of `concurrent.futures`: threads, a `process_pool`, Dask's; it stays open.
            Threads of this process by default.
        jobs: Number of items that are begun at a time, altogether; by default as many as the executor has workers (and
            threads in them), or as this machine has cores.
        collects_warnings: True to have the warnings of work in threads of this process in its outcomes, too.

    Raises:
        UsageError: The number of jobs is not positive, or the work cannot be pickled for the executor.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} jobs at a time", advice="give a number from 1")
    if executor is None or is_in_process(executor):
        jobs = jobs or (width_of(executor) if executor else 0) or usable_cores()
        threads = ThreadDispatch(work, executor, jobs, collects_warnings=collects_warnings)
        return Outcomes(items, threads, _WINDOW * jobs)
    dispatch = WorkerDispatch(work, executor, jobs)
    return Outcomes(items, dispatch, _WINDOW * dispatch.jobs)
