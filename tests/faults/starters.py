"""Processes that run command lines, all held up at the same lock until every one of them is there."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from notarykit._internal import locks


class End(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Starts a command line."""
    return subprocess.Popen(
        [sys.executable, "-m", "notarykit.cli", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_for_a_waiter(process: subprocess.Popen[str], folder: str | os.PathLike[str]) -> None:
    """Waits until a process has come to the lock of a folder, which it opens for that."""
    while not _has_open(process.pid, os.path.realpath(folder)):
        with contextlib.suppress(subprocess.TimeoutExpired):
            pytest.fail(f"it did not wait for the lock: it ended with {process.wait(timeout=0.02)}")


def _has_open(pid: int, folder: str) -> bool:
    for each in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            if os.readlink(each) == folder:
                return True
    return False


def run_at_once(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], folder: str | os.PathLike[str]
) -> list[End]:
    """Runs command lines that all need the lock of a folder, which is free when the last of them has come to it."""
    with locks.locked(os.fspath(folder)):
        processes = [start(command, environment) for command in commands]
        for process in processes:
            wait_for_a_waiter(process, folder)
    ends = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        ends.append(End(process.returncode, out, err))
    return ends
