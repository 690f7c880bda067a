"""How long the command line takes, as a multiple of an interpreter that does nothing."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.support.layouts import make_layout

RUNS = 21


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


def measure(folder: str) -> list[Row]:
    """Times the commands in turns, so that the machine's moods hit all of them alike."""
    program = os.path.join(os.path.dirname(sys.executable), "notarykit")
    plugin = os.path.join(os.path.dirname(sys.executable), "notation-local-file")
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "NOTATION_CONFIG": os.path.join(folder, "config")}
    layout, digest = make_layout(os.path.join(folder, "unsigned"))
    signed = os.path.join(folder, "signed")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, env=environment, cwd=folder, input=b"{}", stdout=subprocess.DEVNULL)

    run(program, "certificate", "generate-test", "--default", "bench")
    run(program, "policy", "init", "--name", "b", "--trust-store", "ca:bench", "--trusted-identity", "*")
    shutil.copytree(layout, signed)
    run(program, "sign", "--oci-layout", f"{signed}@{digest}")

    def renew() -> None:
        shutil.rmtree(os.path.join(folder, "work"), ignore_errors=True)
        shutil.copytree(layout, os.path.join(folder, "work"))

    def nothing() -> None:
        pass

    commands: list[tuple[str, float | None, Callable[[], None], list[str]]] = [
        ("python -I -c pass", None, nothing, [sys.executable, "-I", "-c", "pass"]),
        ("notarykit version", 2.5, nothing, [program, "version"]),
        ("notation-local-file get-plugin-metadata", 4, nothing, [plugin, "get-plugin-metadata"]),
        ("notarykit sign", 11, renew, [program, "sign", "--oci-layout", f"work@{digest}"]),
        (
            "notarykit verify",
            7,
            nothing,
            [program, "verify", "--oci-layout", "--scope", "local/bench", f"signed@{digest}"],
        ),
    ]
    times: dict[str, list[float]] = {name: [] for name, *_ in commands}
    for turn in range(RUNS + 1):
        for name, _, prepare, command in commands:
            prepare()
            start = time.perf_counter()
            run(*command)
            if turn:  # the first turn warms the caches of the file system
                times[name].append((time.perf_counter() - start) * 1000)
    bare = statistics.median(times["python -I -c pass"])
    medians = {name: statistics.median(found) for name, found in times.items()}
    return [Row(name, medians[name], medians[name] / bare, target) for name, target, *_ in commands]
