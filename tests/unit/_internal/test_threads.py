"""Work beside the caller's."""

import subprocess
import sys
from contextvars import ContextVar

import pytest

from notarykit._internal.threads import start

_SECONDS = 10.0
_NAME: ContextVar[str] = ContextVar("name")

_HANGS = """
import threading
from notarykit._internal.threads import start
begun = threading.Event()
start(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
print("ends")
"""


def _broken() -> None:
    raise KeyboardInterrupt("stop")


def test_future_holds_the_result() -> None:
    """What it returns is the result."""
    assert start(lambda: 42).result(_SECONDS) == 42


def test_future_holds_the_exception() -> None:
    """Any exception waits for whoever asks for the result."""
    with pytest.raises(KeyboardInterrupt, match="stop"):
        start(_broken).result(_SECONDS)


def test_thread_runs_in_the_callers_context() -> None:
    """What is set for the caller is set for the work, and the other way round it is not."""
    token = _NAME.set("caller's")
    try:
        assert start(lambda: (_NAME.get(), _NAME.set("its own"))[0]).result(_SECONDS) == "caller's"
        assert _NAME.get() == "caller's"
    finally:
        _NAME.reset(token)


def test_hanging_work_does_not_keep_the_process_alive() -> None:
    """A process ends though its work has not."""
    ended = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=20.0, check=False)
    assert (ended.returncode, ended.stdout) == (0, "ends\n")
