"""Lock on a module among processes, by a file."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from notarykit.plugin import seconds_left
from notarykit.plugin.time_limit import deadline
from notarykit_pkcs11 import process_lock
from notarykit_pkcs11.process_lock import ProcessLock

_MODULE = "/usr/lib/a.so"
_HOLDER = """
import sys
from notarykit_pkcs11.process_lock import ProcessLock
with ProcessLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
_MAX_SLEEPS = 1000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the locks are."""
    monkeypatch.setenv("NOTATION_CACHE", str(tmp_path / "run"))
    return tmp_path / "run"


@pytest.fixture
def hold() -> Iterator[Callable[..., "_Holder"]]:
    """Starts other processes, which have ended when the test has."""
    started: list[_Holder] = []

    def start(path: str = _MODULE) -> _Holder:
        started.append(_Holder(path))
        return started[-1]

    yield start
    for holder in started:
        holder.end()


class _Holder:
    """Process that holds the lock until it is ended."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"held\n"

    def end(self) -> None:
        if self._process.returncode is None:
            self._process.communicate(timeout=60)
        assert self._process.returncode == 0


def _lock(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def _is_held(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _counting(action: Callable[[int], None]) -> SimpleNamespace:
    """Returns a clock that runs an action in place of each sleep, with its number."""
    times: list[float] = []

    def sleep(seconds: float) -> None:
        times.append(seconds)
        assert len(times) < _MAX_SLEEPS, "it waits for ever"
        action(len(times))

    return SimpleNamespace(sleep=sleep, times=times, monotonic=time.monotonic, time_ns=time.time_ns)


def test_lock_file_is_private(folder: Path) -> None:
    """The lock is a file of the user alone in a folder of the user alone, held inside the context only."""
    mask = os.umask(0)
    try:
        with ProcessLock(_MODULE):
            path = _lock(folder)
            assert path.stat().st_mode & 0o777 == 0o600
            assert folder.stat().st_mode & 0o777 == 0o700
            assert _is_held(path)
    finally:
        os.umask(mask)
    assert not _is_held(path)


def test_error_releases_the_lock(folder: Path) -> None:
    """An error releases the lock, and no descriptor is left open."""
    before = os.listdir("/proc/self/fd")
    with pytest.raises(ZeroDivisionError), ProcessLock(_MODULE):
        raise ZeroDivisionError
    assert not _is_held(_lock(folder))
    assert os.listdir("/proc/self/fd") == before


def test_default_folder_is_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock file is in the user's cache by default."""
    for name in ("NOTATION_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with ProcessLock(_MODULE):
        assert _is_held(_lock(tmp_path / "home" / ".cache" / "notation"))


def test_without_a_folder_there_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder for the file, the block is entered without a lock."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("NOTATION_CACHE", str(tmp_path / "file"))
    with ProcessLock(_MODULE):
        pass
    for name in ("NOTATION_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "relative")
    with ProcessLock(_MODULE):
        pass


def test_symbolic_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """A symbolic link in place of the lock file is not followed."""
    with ProcessLock(_MODULE):
        path = _lock(folder)
    path.unlink()
    path.symlink_to(tmp_path / "made")
    with ProcessLock(_MODULE):
        assert not (tmp_path / "made").exists()


def test_lock_waits_for_its_owner(folder: Path, hold: Callable[..., _Holder], monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is acquired when its owner releases it, not before."""
    holder = hold()
    clock = _counting(lambda number: holder.end() if number == 3 else None)
    monkeypatch.setattr(process_lock, "time", clock)
    with ProcessLock(_MODULE):
        assert len(clock.times) == 3
        assert _is_held(_lock(folder))


def test_other_modules_have_other_locks(hold: Callable[..., _Holder], monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that uses another module is not waited for."""
    hold("/usr/lib/b.so")
    clock = _counting(lambda _: None)
    monkeypatch.setattr(process_lock, "time", clock)
    with ProcessLock(_MODULE):
        assert clock.times == []


def test_waiting_ends_at_the_deadline(folder: Path, hold: Callable[..., _Holder]) -> None:
    """The wait ends at the deadline without the lock, which its owner keeps."""
    hold()
    reached = False
    with deadline(0.3), ProcessLock(_MODULE):
        reached = True
        assert seconds_left() == 0
        assert _is_held(_lock(folder))
    assert reached
    assert _is_held(_lock(folder))


def test_child_process_does_not_keep_the_lock(folder: Path) -> None:
    """A program started inside the context does not keep the lock."""
    script = "print('up', flush=True); input()"
    with ProcessLock(_MODULE):
        child = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False
        )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
        is_held = _is_held(_lock(folder))
        child.communicate(b"\n", timeout=60)
    assert not is_held


_FORKING = """
import os, sys
from notarykit_pkcs11.process_lock import ProcessLock
with ProcessLock(sys.argv[1]):
    if not (child := os.fork()):
        sys.stdin.read()
        os._exit(0)
print("released", flush=True)
os.waitpid(child, 0)
"""


def test_forked_child_does_not_keep_the_lock(folder: Path) -> None:
    """A child forked inside the context, which has the file open as well, does not keep the lock."""
    process = subprocess.Popen([sys.executable, "-c", _FORKING, _MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"released\n"
        is_held = _is_held(_lock(folder))
        process.communicate(timeout=60)
    assert not is_held


class _Clock:
    """Clock that advances by a second with each sleep.

    Attributes:
        now: Current time in seconds.
        sleeps: Number of sleeps.
    """

    def __init__(self, action: Callable[[int], None]) -> None:
        self.now, self.sleeps, self._action = 1000.0, 0, action

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return int(self.now * 1e9)

    def sleep(self, seconds: float) -> None:
        self.now += 1
        self.sleeps += 1
        assert self.sleeps < _MAX_SLEEPS, "it waits for ever"
        self._action(self.sleeps)


def _waits(monkeypatch: pytest.MonkeyPatch, action: Callable[[int], None]) -> _Clock:
    clock = _Clock(action)
    for module in ("notarykit_pkcs11.process_lock", "notarykit._internal.deadline"):
        monkeypatch.setattr(f"{module}.time", clock)
    return clock


def test_queueing_extends_the_deadline(hold: Callable[..., _Holder], monkeypatch: pytest.MonkeyPatch) -> None:
    """Time in the queue is given back to the call, however long it was."""
    holder = hold()
    clock = _waits(monkeypatch, lambda number: holder.end() if number == 200 else None)
    with deadline(100), ProcessLock(_MODULE):
        assert clock.sleeps == 200
        assert seconds_left() >= 99


def test_queue_may_outlast_a_call(hold: Callable[..., _Holder], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue may last longer than a call, as long as no owner does."""
    holder = hold()

    def change(number: int) -> None:
        if number % 250 == 0:
            _lock(folder).write_bytes(b"another".ljust(48 - number // 250))  # the next in the queue
        if number == 900:
            holder.end()

    clock = _waits(monkeypatch, change)
    with deadline(10), ProcessLock(_MODULE):
        assert clock.sleeps == 900
        assert seconds_left() >= 9


def test_stuck_owner_does_not_extend_the_deadline(
    hold: Callable[..., _Holder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait counts, and ends, behind an owner that keeps the lock longer than a call may take."""
    hold()
    clock = _waits(monkeypatch, lambda _: None)
    with deadline(10), ProcessLock(_MODULE):
        assert 300 <= clock.sleeps <= 315
        assert seconds_left() == 0


def test_released_lock_is_acquired_again(folder: Path) -> None:
    """The lock is free inside `released`, and held again after it."""
    turn = ProcessLock(_MODULE)
    with turn:
        with turn.released():
            assert not _is_held(_lock(folder))
        assert _is_held(_lock(folder))
    assert not _is_held(_lock(folder))
