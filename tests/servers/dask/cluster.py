"""Dask cluster of processes on this machine: a scheduler and workers, by the programs that Dask installs."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 60


class Cluster:
    """Running cluster.

    Attributes:
        address: Address of its scheduler.
        scheduler: Process of the scheduler.
        workers: Processes of the workers.
    """

    def __init__(self, folder: Path) -> None:
        """Starts a scheduler without workers."""
        self._folder = folder
        self._threads: list[threading.Thread] = []
        self.workers: list[subprocess.Popen[str]] = []
        arguments = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.scheduler, line = self._start("Scheduler at:", "dask_scheduler", *arguments)
        self.address = line.split()[-1]

    def add_worker(self) -> None:
        """Starts a worker with two threads, and waits until it is registered."""
        arguments = ("--host", "127.0.0.1", "--no-dashboard", "--no-nanny", "--nthreads", "2")
        folder = ("--local-directory", str(self._folder))
        self.workers.append(self._start("Registered to:", "dask_worker", self.address, *arguments, *folder)[0])

    def stop(self) -> None:
        """Ends all processes."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait(_SECONDS)
        for thread in self._threads:
            thread.join(_SECONDS)

    def _start(self, announcement: str, program: str, *arguments: str) -> "tuple[subprocess.Popen[str], str]":
        """Starts a program, and returns it with the line in which it announces that it is ready."""
        command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        assert process.stderr is not None
        for line in process.stderr:
            if announcement in line:
                break
        else:
            raise AssertionError(f"{program} ended before it was ready")
        self._threads.append(threading.Thread(target=_drain, args=(process,)))
        self._threads[-1].start()
        return process, line


def _drain(process: "subprocess.Popen[str]") -> None:
    """Reads what a program writes, so that it never waits for a reader."""
    assert process.stderr is not None
    with process.stderr as lines:
        for _ in lines:
            pass


@contextmanager
def started_cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """A cluster, which is stopped at the end of the context."""
    cluster = Cluster(folder)
    try:
        for _ in range(workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.stop()
