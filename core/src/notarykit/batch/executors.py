"""Executors: threads of this process, and a pool of worker processes.

Processes are started by a fork server (`forkserver`), which has one thread and has imported the modules that workers
need; never by a fork of the program itself, whose threads may hold locks at that moment. Where there is no fork server,
as on Windows, each worker is an interpreter of its own (`spawn`).
"""

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from notarykit.errors import WorkerError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

MANY = 400
"""Number of artifacts from which a process pool is quicker than threads, its start included (docs/benchmarks.md)."""

_GUARD = 'start them under if __name__ == "__main__":, since each imports the main module once more; or work in threads'
# Modules that the fork server imports once for all workers: those that work on artifacts in registries needs, with the
# imports inside functions, ours and others', that each worker's first item would wait for.
_PRELOADED = (
    "notarykit.batch.worker",
    "notarykit.config.registries",
    "notarykit.config.signing_keys",
    "notarykit.envelope.jws",
    "notarykit.signing.many",
    "notarykit.verification.many",
    "notarykit.verification.verifier",
    "encodings.idna",
    "cryptography.hazmat.backends.openssl.backend",
)


def usable_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class DaemonThreads(Executor):
    """Executor of daemon threads: work that hangs does not keep the process from exiting."""

    def __init__(self, threads: int) -> None:
        self._max_workers = threads
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = 0
        self._lock = threading.Lock()

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> "Future[Any]":
        """Schedules a call."""
        done: Future[Any] = Future()

        def run() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(function(*args, **options))
            except BaseException as error:  # noqa: BLE001 - raised again by the future's result()
                done.set_exception(error)

        self._tasks.put(run)
        with self._lock:
            if self._started < self._max_workers:
                self._started += 1
                threading.Thread(target=self._work, name="notarykit-batch", daemon=True).start()
        return done

    def _work(self) -> None:
        while (run := self._tasks.get()) is not None:
            run()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - nothing to wait for
        """Ends the threads, each after the call that it runs; does not wait for them."""
        for _ in range(self._started):
            self._tasks.put(None)


class WorkerPool(Executor):
    """Executor of worker processes that replaces those that died: the tasks of the dead fail, the next are done.

    Workers have the environment that this process has when the pool is made, ignore Ctrl-C, which reaches all processes
    of a terminal, and end with this process.
    """

    def __init__(self, workers: int = 0, threads: int = 1) -> None:
        """Starts the workers; see `process_pool`.

        Raises:
            WorkerError: Worker processes cannot be started here.
        """
        self._max_workers = workers or usable_cores()
        self.threads = threads
        self._lock = threading.Lock()
        self._pool = self._started()

    def _started(self) -> "ProcessPoolExecutor":
        try:
            with _interrupts_held_back():
                pool = _process_pool(self._max_workers)
                first = pool.submit(os.getpid)
            first.result()
        except (OSError, ImportError, NotImplementedError, BrokenExecutor, EOFError) as error:
            has_died = isinstance(error, BrokenExecutor | EOFError)
            raise WorkerError(
                f"worker processes cannot be started: {type(error).__name__}: {error}",
                advice=_GUARD if has_died else "work in threads instead, and see that /dev/shm can be written to",
            ) from None
        return pool

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> "Future[Any]":
        """Schedules a call, in a new pool if the present one lost a worker."""
        pool = self._pool
        try:
            return pool.submit(function, *args, **options)
        except BrokenExecutor:
            with self._lock:
                if self._pool is pool:
                    self._pool = self._started()
            return self._pool.submit(function, *args, **options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers after their present tasks."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def kill(self) -> None:
        """Ends the workers at once, whatever they are doing."""
        processes = list((self._pool._processes or {}).values())  # noqa: SLF001 - kill_workers() comes with Python 3.14
        for process in processes:
            process.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.kill()
        self.shutdown(wait=True, cancel_futures=True)


def process_pool(workers: int = 0, threads: int = 1) -> WorkerPool:
    """Returns a pool of worker processes, a context manager: an executor for `verify_artifacts` and `sign_artifacts`.

        if __name__ == "__main__":
            with notarykit.process_pool() as pool:
                for outcome in notarykit.verify_artifacts(references, executor=pool):
                    ...

    The guard is needed: each worker imports the program's main module once more, under another name.

    Args:
        workers: Number of processes; one for each core by default.
        threads: Number of artifacts that each of them works on at a time; more than one where registries are slow.

    Raises:
        WorkerError: Worker processes cannot be started here.
    """
    return WorkerPool(workers, threads)


def dask_client(executor: Executor) -> Any:
    """Returns the client of an executor of Dask's, or None."""
    client = getattr(executor, "_client", None)
    return client if hasattr(client, "nthreads") else None


def width_of(executor: Executor) -> int:
    """Returns the number of tasks that an executor runs at a time, or 0 if it is unknown."""
    client = dask_client(executor)
    if client is not None:
        return sum(client.nthreads().values())
    return int(getattr(executor, "_max_workers", 0))


def is_on_this_machine(executor: Executor) -> bool:
    """Returns True for executors whose workers are child processes, which are reached through pipes.

    Those are the two that are known; what others derive from them, or call by the same name, may lead elsewhere.
    """
    processes = sys.modules.get("concurrent.futures.process")  # without it, nobody has such an executor
    return type(executor) in (WorkerPool, getattr(processes, "ProcessPoolExecutor", None))


def is_in_process(executor: Executor) -> bool:
    """Returns True for executors of threads, for which nothing is pickled."""
    return isinstance(executor, DaemonThreads | ThreadPoolExecutor)


def _process_pool(workers: int) -> "ProcessPoolExecutor":
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    is_served = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if is_served else "spawn")
    if is_served:
        context.set_forkserver_preload(list(_PRELOADED))
    return ProcessPoolExecutor(workers, context, _prepare_worker, (dict(os.environ),))


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Holds back Ctrl-C while the fork server and its workers start, which inherit that, until they are prepared."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker(environment: dict[str, str]) -> None:
    """Prepares a worker process. The fork server may be older than the pool, so the environment is sent."""
    import multiprocessing

    os.environ.clear()
    os.environ.update(environment)
    # A function and not SIG_IGN, which plugins' executables would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, name="notarykit-parent", daemon=True).start()
