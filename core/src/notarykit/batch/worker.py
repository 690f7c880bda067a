"""Worker's side of work in other processes and on other machines.

Everything crosses as bytes that this module and `dispatch` make, so that an item, a result or a work object that cannot
be pickled is an error of its own and not of its neighbours.
"""

import pickle
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from contextvars import copy_context
from functools import partial
from typing import NamedTuple

from notarykit._internal.deadline import deadline
from notarykit.batch.attempt import WAITING, Attempt, Attempts, Gate, attempt_all, is_immediate
from notarykit.batch.work import AnyWork
from notarykit.errors import NotarykitError, UnforeseenError, UsageError

# Works that a worker keeps unpickled; a command has one, or a walk and a verification.
_KEPT_WORKS = 4


class Task(NamedTuple):
    """Items for a worker.

    Attributes:
        key: SHA-256 of the pickled work.
        work: The pickled work, or None where the worker is expected to have it.
        items: Pickled items.
        threads: Number of items that are begun at a time.
        seconds: Seconds until the caller's deadline, or infinity.
        again: True if an earlier worker died over the items.
    """

    key: bytes
    work: bytes | None
    items: tuple[bytes, ...]
    threads: int
    seconds: float
    again: bool = False


class Answer(NamedTuple):
    """Answer of a worker.

    Attributes:
        attempts: Pickled attempts, in the order of the items; None if the worker needs the pickled work first.
        seconds: Time that it took.
        waited: Part of that time in which nothing more could be begun.
        problem: Error that makes all tasks fail, or None.
    """

    attempts: tuple[bytes, ...] | None
    seconds: float = 0.0
    waited: float = 0.0
    problem: NotarykitError | None = None


class _KeptWork:
    """Unpickled work with the threads that do it."""

    def __init__(self, work: AnyWork, threads: int) -> None:
        self.work = work
        self.threads = threads if is_immediate(work) else threads * WAITING
        self.pool = ThreadPoolExecutor(self.threads, "notarykit-worker") if self.threads > 1 else None

    def attempts(self, task: Task) -> Attempts:
        items = [pickle.loads(item) for item in task.items]  # noqa: S301 - from the process that made the work
        gate = Gate(task.threads)
        attempt = partial(attempt_all, self.work, gate=gate, again=task.again, collects_warnings=True)
        if self.pool is None or len(items) == 1:
            return attempt(items)
        shares = min(self.threads, len(items))
        futures = [self.pool.submit(copy_context().run, attempt, items[place::shares]) for place in range(shares)]
        done = [future.result() for future in futures]
        attempts = [done[place % shares].attempts[place // shares] for place in range(len(items))]
        started = min(share.started for share in done)
        return Attempts(attempts, started, max(share.begun for share in done), max(share.ended for share in done))

    def close(self) -> None:
        self.work.close()
        if self.pool is not None:
            self.pool.shutdown(wait=False)


_kept: OrderedDict[tuple[bytes, int], _KeptWork] = OrderedDict()
_lock = threading.Lock()


def run_task(task: Task) -> Answer:
    """Does a task in a worker."""
    try:
        kept = _kept_work(task)
    except Exception as error:  # noqa: BLE001 - modules that are absent, settings that this machine does not have
        return Answer((), problem=_unreadable_work(error))
    if kept is None:
        return Answer(None)
    with deadline(task.seconds) if task.seconds != float("inf") else nullcontext():
        done = kept.attempts(task)
    return Answer(tuple(map(_pickled, done.attempts)), done.ended - done.started, done.ended - done.begun)


def _kept_work(task: Task) -> _KeptWork | None:
    name = task.key, task.threads
    with _lock:
        if name in _kept:
            _kept.move_to_end(name)
            return _kept[name]
        if task.work is None:
            return None
        kept = _kept[name] = _KeptWork(pickle.loads(task.work), task.threads)  # noqa: S301 - as above
        dropped = [_kept.popitem(last=False)[1] for _ in range(len(_kept) - _KEPT_WORKS)]
    for work in dropped:
        work.close()
    return kept


def _pickled(done: Attempt) -> bytes:
    try:
        return pickle.dumps(done, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - an object of a plugin's or program's own
        text = f"the outcome cannot be sent from its worker: {type(error).__name__}: {error}"
        return pickle.dumps(Attempt(error=UnforeseenError(text)), pickle.HIGHEST_PROTOCOL)


def _unreadable_work(error: Exception) -> NotarykitError:
    if isinstance(error, NotarykitError):
        return error
    return UsageError(
        f"a worker cannot read its work: {type(error).__name__}: {error}",
        advice="define its classes at the top level of modules that workers can import",
    )
