"""Sending of items to an executor, several in a task: as they are to threads of this process, as bytes to workers."""

import pickle
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from contextvars import copy_context
from functools import partial
from hashlib import sha256
from typing import Any

from notarykit._internal.deadline import seconds_left
from notarykit._internal.pickling import local_pickles
from notarykit.batch.attempt import WAITING, Attempt, Attempts, Gate, attempt_all, is_immediate
from notarykit.batch.executors import DaemonThreads, WorkerPool, dask_client, is_on_this_machine, usable_cores, width_of
from notarykit.batch.work import AnyWork
from notarykit.batch.worker import Answer, Task, run_task
from notarykit.errors import NotarykitError, UsageError, WorkerError, own_error

# Items in a task should take this long together: longer than sending them, and short enough to stop and end together.
_TASK_SECONDS = 0.02
# Part of its time that a task may wait for nothing but the end of what it has begun.
_LARGEST_WAIT = 0.2
_LARGEST_TASK_SECONDS = 2.0
_MOST_ITEMS = 256
# Little is gained by more, and where items suddenly take long, those of one task are done one after the other.
_MOST_IN_THREADS = 16
# Larger works are sent only to workers that turn out not to have them.
_ALWAYS_SENT = 64 * 1024


class ThreadDispatch:
    """Sends items to threads of this process, which have the work object itself.

    Items that take long, or are not final at once, go one by one to more threads than items may be begun at a time;
    others go several at a time to one thread for each job.

    Attributes:
        size: Number of items in the next task.
    """

    def __init__(self, work: AnyWork, executor: Executor | None, jobs: int, *, collects_warnings: bool = False) -> None:
        self._jobs = jobs
        self._threads = jobs if is_immediate(work) else jobs * WAITING
        self._own = None if executor else DaemonThreads(self._threads)
        self._executor = executor or self._own
        self._gate = Gate(jobs)
        self._attempt_all = partial(attempt_all, work, gate=self._gate, collects_warnings=collects_warnings)
        self.size = 1

    @property
    def width(self) -> int:
        """Number of tasks at a time."""
        return self._threads if self.size == 1 else self._jobs

    @property
    def depth(self) -> int:
        """Number of tasks that are sent before one has ended; some of them wait, so that no thread has to."""
        return self.width + self._jobs

    def send(self, items: Sequence[Any]) -> "Future[Any]":
        """Sends a task; `received` takes what its future returns."""
        assert self._executor is not None
        return _submitted(self._executor, partial(copy_context().run, self._attempt_all, items))

    def received(self, future: "Future[Any]", items: Sequence[Any]) -> list[Attempt]:
        """Returns the attempts of a task that has ended."""
        try:
            done: Attempts = future.result()
        except Exception as error:  # noqa: BLE001 - the executor's own
            return [Attempt(error=_executor_error(error)) for _ in items]
        size = _next_size(_TASK_SECONDS, done.ended - done.started, len(items), self.size)
        self.size = min(max(1, size), _MOST_IN_THREADS)
        return done.attempts

    def stop(self) -> None:
        """Begins nothing more, not even what was sent."""
        self._gate.is_closed = True

    def cancel(self, future: "Future[Any]") -> bool:
        """Cancels a task that has not begun, and returns True if that succeeds."""
        return future.cancel()

    def check(self) -> None:
        """Threads cannot be lost."""

    def close(self) -> None:
        """Ends the threads, if they were started here."""
        if self._own is not None:
            self._own.shutdown()

    kill = close


class WorkerDispatch:
    """Sends several items at a time to a worker, which has a copy of the work.

    Attributes:
        jobs: Number of items that are begun at a time, in all workers.
        width: Number of tasks at a time.
        size: Number of items in the next task.
    """

    def __init__(self, work: AnyWork, executor: Executor, jobs: int | None) -> None:
        self._executor = executor
        self._client = dask_client(executor)
        self._connection = getattr(self._client, "scheduler_comm", None)
        width = width_of(executor) or jobs or usable_cores()
        self.jobs = jobs or width * getattr(executor, "threads", 1)
        self._threads = -(-self.jobs // width)
        self.width = min(width, self.jobs)
        self.size = self._threads
        self._secrets = local_pickles if is_on_this_machine(executor) else nullcontext
        with self._secrets():
            self._work = _pickled_work(work)
        self._key = sha256(self._work).digest()

    @property
    def depth(self) -> int:
        """Number of tasks that are sent before one has ended.

        One more than there are workers, so that no worker waits; but not where an item takes long, since a task that
        was sent to a pool of processes cannot be cancelled.
        """
        return self.width + (self.size > self._threads)

    def send(self, items: Sequence[Any]) -> "Future[Any]":
        """Sends a task; `received` takes what its future returns."""
        try:
            task = self._task(items)
        except Exception as error:  # noqa: BLE001 - what an item without pickling raises is not said anywhere
            return _failed(UsageError(f"an item cannot be sent to workers: {type(error).__name__}: {error}"))
        return _submitted(self._executor, run_task, task)

    def received(self, future: "Future[Any]", items: Sequence[Any]) -> list[Attempt]:
        """Returns the attempts of a task that has ended; where its worker died, of a second one.

        Raises:
            NotarykitError: No task can be done: the work cannot be read, or no worker started.
        """
        try:
            answer: Answer = future.result()
        except WorkerError:
            raise
        except Exception as error:  # noqa: BLE001 - the executor's own, or of an item
            if is_death(error):
                return self._again(items)
            if len(items) > 1 and isinstance(error, UsageError):
                return [done for item in items for done in self.received(self.send([item]), [item])]
            return [Attempt(error=_executor_error(error)) for _ in items]
        if answer.problem is not None:
            raise answer.problem
        if answer.attempts is None:
            whole = self._task(items)._replace(work=self._work)
            return self.received(_submitted(self._executor, run_task, whole), items)
        seconds = min(max(_TASK_SECONDS, answer.waited / _LARGEST_WAIT), _LARGEST_TASK_SECONDS)
        self.size = max(self._threads, _next_size(seconds, answer.seconds - answer.waited, len(items), self.size))
        return [_unpickled(content) for content in answer.attempts]

    def _task(self, items: Sequence[Any]) -> Task:
        work = self._work if len(self._work) <= _ALWAYS_SENT else None
        with self._secrets():
            pickled = tuple(pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in items)
        return Task(self._key, work, pickled, self._threads, seconds_left())

    def _again(self, items: Sequence[Any]) -> list[Attempt]:
        """Does each item of a dead worker alone, so that it is known over which one a second worker dies."""
        tasks = [self._task([item])._replace(work=self._work, again=True) for item in items]
        count = min(len(items), self.width)
        cells: queue.SimpleQueue[Executor] = queue.SimpleQueue()
        with ExitStack() as opened, ThreadPoolExecutor(count) as threads:
            for _ in range(count):
                is_ours = isinstance(self._executor, WorkerPool)
                cells.put(opened.enter_context(WorkerPool(1)) if is_ours else self._executor)
            return [done for attempts in threads.map(partial(self._alone, cells), tasks) for done in attempts]

    def _alone(self, cells: "queue.SimpleQueue[Executor]", task: Task) -> list[Attempt]:
        executor = cells.get()
        try:
            answer: Answer = _submitted(executor, run_task, task).result()
        except Exception as error:
            if is_death(error):
                return [Attempt(error=_second_death(executor))]
            raise
        finally:
            cells.put(executor)
        return [_unpickled(content) for content in answer.attempts or ()]

    def stop(self) -> None:
        """Does nothing: a task that a worker has begun takes a few seconds at most."""

    def cancel(self, future: "Future[Any]") -> bool:
        """Cancels a task that has not begun, and returns True if that succeeds.

        Dask cancels those that have begun, too; so none of its tasks is cancelled.
        """
        return self._client is None and future.cancel()

    def check(self) -> None:
        """Refuses to wait for tasks that are lost: futures of Dask's may never end once the connection to it has.

        Raises:
            WorkerError: The connection is not the one of the beginning.
        """
        client = self._client
        if client is not None and (client.status != "running" or client.scheduler_comm is not self._connection):
            raise WorkerError("the connection to the Dask scheduler is lost, with the work that it had")

    def close(self) -> None:
        """Leaves the executor, which is the caller's."""

    def kill(self) -> None:
        """Ends the workers at once, if that is possible."""
        if isinstance(self._executor, WorkerPool):
            self._executor.kill()


def _next_size(wanted: float, seconds: float, count: int, size: int) -> int:
    """Returns how many items take as many seconds as wanted, if `count` took `seconds`; it grows step by step."""
    return min(int(wanted * count / max(seconds, 1e-6)), 2 * max(count, size), _MOST_ITEMS)


def _submitted(executor: Executor, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
    # Otherwise Dask gives tasks of the same content one outcome, which may be an earlier call's.
    options = {} if dask_client(executor) is None else {"pure": False}
    try:
        return executor.submit(function, *arguments, **options)
    except Exception as error:  # noqa: BLE001 - an executor that is shut down, or broken
        return _failed(error)


def _failed(error: Exception) -> "Future[Any]":
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def is_death(error: BaseException) -> bool:
    """Returns True for the error of a task whose worker ended: of `concurrent.futures`, or Dask's `KilledWorker`."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


def _second_death(executor: Executor) -> WorkerError:
    if is_on_this_machine(executor) and not isinstance(executor, WorkerPool):
        return WorkerError("its worker process ended", advice="use notarykit.process_pool, which replaces dead workers")
    return WorkerError("a second worker process ended while it worked on this")


def _pickled_work(work: AnyWork) -> bytes:
    try:
        return pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
    except NotarykitError:
        raise
    except Exception as error:
        raise UsageError(
            f"the work cannot be sent to workers: {type(error).__name__}: {error}",
            advice="give plain data: a signing key by its name, classes at the top level of a module; or use threads",
        ) from error


def _unpickled(content: bytes) -> Attempt:
    try:
        return pickle.loads(content)  # type: ignore[no-any-return]  # noqa: S301 - from a worker of ours
    except Exception as error:  # noqa: BLE001 - an error or result of a class that only the worker has
        return Attempt(error=own_error(error).within("the outcome of a worker cannot be read"))


def _executor_error(error: BaseException) -> NotarykitError:
    if isinstance(error, Exception) and not isinstance(error, CancelledError | RuntimeError):
        return own_error(error)
    return WorkerError(f"not done, since the executor was shut down{error and f': {error}'}")
