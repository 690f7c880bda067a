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


def test_its_end_is_seen() -> None:
    """What it returns is the result."""
    assert start(lambda: 42).result(_SECONDS) == 42


def test_what_it_raises_is_the_callers() -> None:
    """Any exception waits for whoever asks for the result."""
    with pytest.raises(KeyboardInterrupt, match="stop"):
        start(_broken).result(_SECONDS)


def test_it_has_the_callers_context() -> None:
    """What is set for the caller is set for the work, and the other way round it is not."""
    token = _NAME.set("caller's")
    try:
        assert start(lambda: (_NAME.get(), _NAME.set("its own"))[0]).result(_SECONDS) == "caller's"
        assert _NAME.get() == "caller's"
    finally:
        _NAME.reset(token)


def test_what_hangs_does_not_keep_the_process() -> None:
    """A process ends though its work has not."""
    ended = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=20.0, check=False)
    assert (ended.returncode, ended.stdout) == (0, "ends\n")
