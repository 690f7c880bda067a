"""Commands watched while they run: when each line of output comes, and the memory of all of their processes."""

import contextlib
import os
import select
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

INTERVAL = 0.2
_MEBIBYTE = 1024


class Sample(NamedTuple):
    """Memory at a moment.

    Attributes:
        lines: Number of lines of output until then.
        mebibytes: Proportional set size of the command and its descendants.
        processes: Number of these processes.
    """

    lines: int
    mebibytes: float
    processes: int


class Run(NamedTuple):
    """A command that has ended.

    Attributes:
        exit_code: Its exit code.
        seconds: Its wall time.
        times: Seconds from the start to each line of output.
        samples: Its memory, in the order of time.
        errors: Bytes of standard error.
    """

    exit_code: int
    seconds: float
    times: Sequence[float]
    samples: Sequence[Sample]
    errors: bytes


def watch(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Runs a command to its end."""
    times: list[float] = []
    samples: list[Sample] = []
    ended = threading.Event()
    start = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors: list[bytes] = []
        reader = threading.Thread(target=lambda stream: errors.append(stream.read()), args=(process.stderr,))

        def sample() -> None:
            while not ended.wait(INTERVAL):
                pids = descendants(process.pid)
                samples.append(Sample(len(times), sum(map(_proportional_mebibytes, pids)), len(pids)))

        sampler = threading.Thread(target=sample)
        for thread in (reader, sampler):
            thread.start()
        times.extend(time.perf_counter() - start for _ in process.stdout)
        exit_code = process.wait()
        seconds = time.perf_counter() - start
        ended.set()
        for thread in (reader, sampler):
            thread.join()
    return Run(exit_code, seconds, times, samples, errors[0])


def descendants(pid: int) -> list[int]:
    """Returns a process and all that it and its children have started and that still run."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                pids += map(int, children.read_text().split())
    return pids


def _proportional_mebibytes(pid: int) -> float:
    """Returns the proportional set size: a page that several processes share counts in parts."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / _MEBIBYTE
    return 0.0


def still_running(pids: Sequence[int], seconds: float) -> list[int]:
    """Waits until the processes have ended, and returns those that run on after some seconds."""
    end = time.monotonic() + seconds
    return [pid for pid in pids if not _ends(pid, end)]


def _ends(pid: int, end: float) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], max(0, end - time.monotonic()))[0])
    finally:
        os.close(handle)
