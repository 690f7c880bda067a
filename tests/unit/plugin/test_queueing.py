"""Time in a queue, which counts neither here nor at the host."""

import os
import sys
from pathlib import Path

import pytest

from notarykit._internal.deadline import deadline, extend, seconds_left
from notarykit.errors import PluginTimeoutError
from notarykit.plugin import queued
from notarykit.plugin.discovery.process import run
from notarykit.plugin.queueing import QUEUE_VARIABLE, QueuePipe
from tests.unit.plugin.clock import Clock

_PLUGIN = """
import time
from notarykit.plugin import queued
time.sleep(0.2)
queued({seconds})
time.sleep(2)
print("done")
"""


def _run(seconds: int) -> bytes:
    return run([sys.executable, "-c", _PLUGIN.format(seconds=seconds)], b"", 1.5).output


def test_host_waits_longer_for_a_queued_plugin() -> None:
    """A plugin that reports time in a queue gets it back; another one is ended."""
    assert _run(60) == b"done\n"
    with pytest.raises(PluginTimeoutError, match="no answer within 2 seconds"):
        _run(0)


def test_outer_deadline_stays() -> None:
    """Time in a queue does not extend the deadline of the caller."""
    with deadline(1.5), pytest.raises(PluginTimeoutError), deadline(1):
        _run(60)


def test_extension_is_limited_by_outer_deadlines(clock: Clock) -> None:
    """A deadline is extended as far as those around it allow; outside any call there is none to extend."""
    assert extend(5) == 5
    with deadline(10), deadline(4):
        clock.now += 3
        assert extend(2) == 2
        assert seconds_left() == 3
        assert extend(100) == 4
        assert seconds_left() == 7


def test_variable_without_its_pipe_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that came without its descriptor leads to no other file or pipe of that number."""
    with (tmp_path / "file").open("wb") as file:
        for value in (f"{file.fileno()}:{os.fstat(file.fileno()).st_ino}", "x", "", "9999:1"):
            monkeypatch.setenv(QUEUE_VARIABLE, value)
            queued(3)
    assert (tmp_path / "file").read_bytes() == b""
    with QueuePipe() as pipe:
        for value, seconds in ((f"{pipe.inherited[0]}:1", 0), (pipe.variables[QUEUE_VARIABLE], 3)):
            monkeypatch.setenv(QUEUE_VARIABLE, value)
            queued(3)
            os.set_blocking(pipe.reader or 0, False)
            if seconds:
                assert os.read(pipe.reader or 0, 9) == bytes(seconds)
            else:
                with pytest.raises(BlockingIOError):
                    os.read(pipe.reader or 0, 9)
