"""Seconds in a queue behind others, which count neither here nor at the host."""

import os
import sys
from pathlib import Path

import pytest

from notarykit._internal.deadline import deadline, extend, seconds_left
from notarykit.errors import PluginTimeoutError
from notarykit.plugin import queued
from notarykit.plugin.discovery.process import run
from notarykit.plugin.queueing import QUEUE_VARIABLE, Listener
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


def test_the_host_waits_longer() -> None:
    """A plugin that says that it was in a queue has that time back; one that was not is ended."""
    assert _run(60) == b"done\n"
    with pytest.raises(PluginTimeoutError, match="no answer within 2 seconds"):
        _run(0)


def test_a_call_around_it_ends_all_the_same() -> None:
    """The end of the caller's own call stays where it is."""
    with deadline(1.5), pytest.raises(PluginTimeoutError), deadline(1):
        _run(60)


def test_extending(clock: Clock) -> None:
    """What was lost is given back, as far as the calls around let it; outside any call there is nothing to give."""
    assert extend(5) == 5
    with deadline(10), deadline(4):
        clock.now += 3
        assert extend(2) == 2
        assert seconds_left() == 3
        assert extend(100) == 4
        assert seconds_left() == 7


def test_a_variable_without_its_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that came without its descriptor leads to no other file or pipe of that number."""
    with (tmp_path / "file").open("wb") as file:
        for value in (f"{file.fileno()}:{os.fstat(file.fileno()).st_ino}", "x", "", "9999:1"):
            monkeypatch.setenv(QUEUE_VARIABLE, value)
            queued(3)
    assert (tmp_path / "file").read_bytes() == b""
    with Listener() as listener:
        for value, found in ((f"{listener.passed[0]}:1", 0), (listener.variables[QUEUE_VARIABLE], 3)):
            monkeypatch.setenv(QUEUE_VARIABLE, value)
            queued(3)
            os.set_blocking(listener.reader or 0, False)
            if found:
                assert os.read(listener.reader or 0, 9) == bytes(found)
            else:
                with pytest.raises(BlockingIOError):
                    os.read(listener.reader or 0, 9)
