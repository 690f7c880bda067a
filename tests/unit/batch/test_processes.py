"""Worker processes on bad days: killed, interrupted, without a parent, or impossible. No process stays behind."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import notarykit
from notarykit.batch import executors
from notarykit.batch.executors import WorkerPool, process_pool
from notarykit.batch.ordered import map_ordered
from notarykit.errors import WorkerError
from notarykit.oci.manifest import IMAGE_MANIFEST
from tests.servers.registry.http_server import Reply
from tests.servers.registry.scenes import process_home
from tests.support.ca import make_chain
from tests.support.layouts import make_layout
from tests.unit.batch import works
from tests.unit.oci.registry.fake import FakeRegistry, entry

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="waits for processes by pidfd")
_SECONDS = 30


class Running(NamedTuple):
    """The program of the tests, with two workers at work.

    Attributes:
        program: The program.
        held: Pipe for which the workers wait.
        processes: Descriptors of the workers and their fork server.
    """

    program: "subprocess.Popen[str]"
    held: Path
    processes: list[int]

    def interrupt(self) -> None:
        """Presses Ctrl-C, which reaches all processes of the terminal."""
        os.killpg(self.program.pid, signal.SIGINT)

    def line(self) -> str:
        """Returns the next line of the program."""
        assert self.program.stdout is not None
        return self.program.stdout.readline().strip()

    def have_ended(self) -> bool:
        """Waits until all processes have ended, and returns False if one has not."""
        return all(select.select([process], [], [], _SECONDS)[0] for process in self.processes)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """The program, when both workers are at work."""
    told, held = tmp_path / "told", tmp_path / "held"
    os.mkfifo(told)
    os.mkfifo(held)
    command = [sys.executable, "-m", "tests.unit.batch.deadly_program", str(told), str(held)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        workers: set[int] = set()
        while len(workers) < 2:
            workers |= set(map(int, told.read_text().split()))
        servers = {int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1]) for worker in workers}
        processes = [os.pidfd_open(process) for process in workers | servers]
        assert len(processes) == 3
        try:
            yield Running(program, held, processes)
        finally:
            program.kill()
            program.wait(_SECONDS)
            for process in processes:
                select.select([process], [], [], _SECONDS)
                os.close(process)


def test_interruption_waits_for_what_was_begun(running: Running) -> None:
    """Both items that were begun have their outcomes, no third one is begun, and the interruption is raised then."""
    running.interrupt()
    assert running.line() == "stopping"
    with running.held.open("wb", buffering=0) as pipe:
        pipe.write(b"12345")
        out, err = running.program.communicate(timeout=_SECONDS)
    *outcomes, last = out.splitlines()
    assert outcomes == ["outcome 0 None", "outcome 1 None"]
    assert last == "interrupted"
    assert err.splitlines()[-1] == "KeyboardInterrupt"
    assert running.have_ended()


def test_second_interruption_ends_at_once(running: Running) -> None:
    """Work that does not end is killed with its process."""
    running.interrupt()
    assert running.line() == "stopping"
    running.interrupt()
    assert running.line() == "interrupted"
    assert running.program.wait(_SECONDS) != 0
    assert running.have_ended()


def test_workers_end_with_their_program(running: Running) -> None:
    """A program that is killed cannot end its workers: they see it."""
    running.program.kill()
    assert running.have_ended()


def test_worker_that_is_killed_from_outside_costs_nothing() -> None:
    """Each item has one outcome, and the pool works on with new workers."""
    with process_pool(2) as pool:
        outcomes = map_ordered(works.Process(), range(3000), executor=pool)
        first = next(outcomes)
        os.kill(first.value(), signal.SIGKILL)
        items = [first.item, *(outcome.item for outcome in outcomes if outcome.error is None)]
        assert items == list(range(3000))
        assert first.value() not in {outcome.value() for outcome in map_ordered(works.Process(), [1, 2], executor=pool)}


def test_pool_that_is_shut_down_meanwhile_is_an_error_of_what_remains() -> None:
    """Nothing is lost, and nothing waits for ever."""
    with process_pool(2) as pool:
        outcomes = map_ordered(works.Process(), range(500), executor=pool)
        next(outcomes)
        pool.shutdown()
        rest = list(outcomes)
    assert [outcome.item for outcome in rest] == list(range(1, 500))
    assert isinstance(rest[-1].error, WorkerError)


def test_workers_of_a_closed_pool_are_gone() -> None:
    """The end of the context waits for them."""
    with process_pool(2) as pool:
        (first,) = map_ordered(works.Process(), [1], executor=pool)
        process = os.pidfd_open(first.value())
    assert select.select([process], [], [], _SECONDS)[0]
    os.close(process)


def test_exception_of_the_caller_closes_the_pool() -> None:
    """What was not begun is not done."""
    pool = process_pool(1)
    with pytest.raises(ZeroDivisionError), pool:
        next(map_ordered(works.Process(), _broken(), executor=pool))
    with pytest.raises(RuntimeError):
        pool.submit(os.getpid)


def _broken() -> Iterator[int]:
    yield from range(0)
    raise ZeroDivisionError


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ImportError("no functioning sem_open")])
def test_machine_without_shared_memory_says_so(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /dev/shm no pool can be made; the advice names threads."""

    def fails(workers: int) -> None:
        raise error

    monkeypatch.setattr(executors, "_process_pool", fails)
    with pytest.raises(WorkerError, match="worker processes cannot be started") as raised:
        process_pool(2)
    assert "threads" in raised.value.advice


def test_workers_that_die_at_their_start_are_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes when the pool is made, and not for each item."""
    monkeypatch.setattr(executors, "_prepare_worker", works.die)
    with pytest.raises(WorkerError, match="worker processes cannot be started: BrokenProcessPool") as raised:
        WorkerPool(1)
    assert 'if __name__ == "__main__":' in raised.value.advice


def test_workers_have_the_environment_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fork server may be older than a variable."""
    with process_pool(1):
        pass
    monkeypatch.setenv("NOTARYKIT_TESTS", "new")
    with process_pool(1) as pool:
        assert pool.submit(os.getenv, "NOTARYKIT_TESTS").result() == "new"


def test_first_verification_of_a_worker_imports_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fork server has imported for all workers what a verification in a registry needs, and all that is listed."""
    process_home(tmp_path / "home", make_chain(), monkeypatch)
    layout = make_layout(tmp_path / "hello")
    signature = notarykit.sign(notarykit.LayoutReference(layout.path, layout.digest)).manifest
    with FakeRegistry() as registry, process_pool(1) as pool:
        for blob in Path(layout.path, "blobs", "sha256").iterdir():
            content = Reply(200, (("Content-Type", IMAGE_MANIFEST),), blob.read_bytes())
            registry.at |= {f"{kind}/sha256:{blob.name}": content for kind in ("manifests", "blobs")}
        registry.index(f"referrers/{layout.digest}", entry(signature.digest, size=signature.size))
        before = pool.submit(works.modules).result()
        assert before.issuperset(executors._PRELOADED)
        (outcome,) = notarykit.verify_artifacts([f"{registry.host}/a/b@{layout.digest}"], executor=pool)
        assert outcome.error is None
        imported = pool.submit(works.modules).result() - before
        assert not {name for name in imported if name.startswith("notarykit")}
