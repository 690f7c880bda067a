"""How long the command line takes, as a multiple of an interpreter that does nothing."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.support.layouts import make_layout

RUNS = 21
PROGRAM = os.path.join(os.path.dirname(sys.executable), "notarykit")


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Row(NamedTuple):
    """A command's median time.

    Attributes:
        name: The command.
        milliseconds: Its median wall time.
        ratio: The same as a multiple of the bare interpreter's in the same run.
        target: The multiple that it is to stay within.
    """

    name: str
    milliseconds: float
    ratio: float
    target: float | None


def nothing() -> None:
    """What most commands need before each run."""


class Command(NamedTuple):
    """Command that is timed.

    Attributes:
        name: Its name in the table.
        target: The multiple of a bare interpreter that it is to stay within.
        words: The command line.
        prepare: What is done before each run, and not timed.
    """

    name: str
    target: float | None
    words: Sequence[str]
    prepare: Callable[[], None] = nothing


class Bench:
    """Folder in which commands run, with settings of its own and a test certificate as the default key, `bench`.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "NOTATION_CONFIG": os.path.join(folder, "config"),
        }
        self.run(PROGRAM, "certificate", "generate-test", "--default", "bench")

    def run(self, *command: str) -> str:
        """Runs a command that must succeed, and returns its output."""
        done = subprocess.run(
            command, check=True, env=self._environment, cwd=self.folder, input="{}", stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def peak(self, *command: str) -> float:
        """Runs a command that must succeed, and returns the peak of its memory in MiB.

        Its parent is a small process, since Linux counts the memory that a process has before it becomes the command.
        """
        return float(self.run(sys.executable, "-I", "-c", _PEAK, *command)) / 1024

    def times(self, commands: Sequence[Command]) -> list[Row]:
        """Times the commands in turns, so that the machine's moods hit all of them alike."""
        bare = Command("python -I -c pass", None, [sys.executable, "-I", "-c", "pass"])
        times: dict[str, list[float]] = {}
        for turn in range(RUNS + 1):
            for command in (bare, *commands):
                command.prepare()
                start = time.perf_counter()
                self.run(*command.words)
                if turn:  # the first turn warms the caches of the file system
                    times.setdefault(command.name, []).append((time.perf_counter() - start) * 1000)
        medians = {name: statistics.median(found) for name, found in times.items()}
        return [
            Row(each.name, medians[each.name], medians[each.name] / medians[bare.name], each.target)
            for each in (bare, *commands)
        ]


def measure(folder: str) -> list[Row]:
    """Times commands on image layouts and one of a plugin."""
    bench = Bench(folder)
    plugin = os.path.join(os.path.dirname(sys.executable), "notation-local-file")
    layout, digest = make_layout(os.path.join(folder, "unsigned"))
    signed = os.path.join(folder, "signed")
    bench.run(PROGRAM, "policy", "init", "--name", "b", "--trust-store", "ca:bench", "--trusted-identity", "*")
    shutil.copytree(layout, signed)
    bench.run(PROGRAM, "sign", "--oci-layout", f"{signed}@{digest}")

    def renew() -> None:
        shutil.rmtree(os.path.join(folder, "work"), ignore_errors=True)
        shutil.copytree(layout, os.path.join(folder, "work"))

    verify = [PROGRAM, "verify", "--oci-layout", "--scope", "local/bench", f"signed@{digest}"]
    return bench.times(
        [
            Command("notarykit version", 2.5, [PROGRAM, "version"]),
            Command("notation-local-file get-plugin-metadata", 4, [plugin, "get-plugin-metadata"]),
            Command("notarykit sign", 11, [PROGRAM, "sign", "--oci-layout", f"work@{digest}"], renew),
            Command("notarykit verify", 7, verify),
        ]
    )
