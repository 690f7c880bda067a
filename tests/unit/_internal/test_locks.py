"""Locks on folders: they exclude processes and threads, end with who holds them, and are waited for with a limit."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from notarykit._internal import locks
from notarykit._internal.deadline import deadline
from notarykit.errors import StorageError


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", program, *arguments], check=False, capture_output=True, timeout=60)


_KILLED = """
import os, sys
from notarykit._internal import files, locks
os.fsync = lambda handle: os._exit(9)
with locks.locked(sys.argv[1]):
    files.write(sys.argv[1] + "/file", b"new")
"""


def test_remains_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    """A writer that dies halfway leaves the old content, frees the lock, and the next one clears up after it."""
    (tmp_path / "file").write_bytes(b"old")
    assert _run(_KILLED, str(tmp_path)).returncode == 9
    assert len(os.listdir(tmp_path)) == 2
    assert (tmp_path / "file").read_bytes() == b"old"
    with locks.locked(str(tmp_path)):
        assert os.listdir(tmp_path) == ["file"]


_COUNT = """
import sys
from notarykit._internal import files, locks
for _ in range(30):
    with locks.locked(sys.argv[1]):
        count = int(files.read(sys.argv[1] + "/count", 10))
        files.write(sys.argv[1] + "/count", str(count + 1).encode())
"""


def test_lock_excludes_other_processes(tmp_path: Path) -> None:
    """Three processes that count under the lock lose no step."""
    (tmp_path / "count").write_bytes(b"0")
    running = [subprocess.Popen([sys.executable, "-c", _COUNT, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert (tmp_path / "count").read_bytes() == b"90"
    assert os.listdir(tmp_path) == ["count"]


def test_lock_excludes_other_threads(tmp_path: Path) -> None:
    """No two threads of one process hold the lock at the same time."""
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with locks.locked(str(tmp_path)):
                inside += 1
                most = max(most, inside)
                os.listdir(tmp_path)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert most == 1


def test_exception_releases_the_lock(tmp_path: Path) -> None:
    """An error under the lock comes through and leaves the lock free."""

    def fail() -> None:
        with locks.locked(str(tmp_path)):
            raise KeyError("inside")

    for _ in range(2):
        with pytest.raises(KeyError, match="inside"):
            fail()


@pytest.mark.parametrize("limit", [0, 0.05])
def test_held_lock_times_out_with_advice(tmp_path: Path, limit: float) -> None:
    """Whoever waits in vain hears which folder is locked, for how long, and how to find who holds it."""
    with locks.locked(str(tmp_path)):
        with pytest.raises(StorageError) as caught, locks.locked(str(tmp_path), limit):
            pytest.fail("the lock was held twice")
        message = f"{tmp_path} is locked: another program has held it for more than {limit:g} seconds"
        assert caught.value.message == message
        assert f"fuser -v {str(tmp_path)!r}" in caught.value.advice
        assert caught.value.exit_code == 3
    with locks.locked(str(tmp_path), limit):
        pass


def test_lock_wait_has_its_own_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is said, the wait is a minute at most."""
    clock = iter(range(0, 1000, 7))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    monkeypatch.setattr("time.sleep", lambda _: None)
    with (
        locks.locked(str(tmp_path)),
        pytest.raises(StorageError, match="more than 60 seconds"),
        locks.locked(str(tmp_path)),
    ):
        pass
    assert 60 < next(clock) < 80


def test_lock_wait_ends_at_the_deadline(tmp_path: Path) -> None:
    """The end of the present call comes before the lock's own limit."""
    with (
        locks.locked(str(tmp_path)),
        deadline(0.05),
        pytest.raises(StorageError, match="is locked"),
        locks.locked(str(tmp_path)),
    ):
        pytest.fail("the lock was held twice")
