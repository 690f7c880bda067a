"""Bad days of commands over many references: throttling, credentials that end, dead workers, Ctrl-C, failures alone."""

import base64
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.many_scene import (
    ARTIFACTS,
    REPOSITORIES,
    SECONDS_TO_END,
    ManyScene,
    verdicts_in,
)
from tests.servers.registry import faults
from tests.servers.registry.fault_proxy import Gate
from tests.servers.registry.http_server import Seen
from tests.support.executables import write_program
from tests.support.processes import still_running, watch
from tests.support.registry_content import RegistryContent

JOBS, FAILURES = 8, 20_000
SECONDS_FOR_SECOND = 3.0


@pytest.fixture(scope="module")
def content() -> RegistryContent:
    """Returns enough artifacts for worker processes."""
    return RegistryContent(REPOSITORIES, ARTIFACTS)


@pytest.fixture
def scene(tmp_path: Path, content: RegistryContent) -> Iterator[ManyScene]:
    """Yields a registry with the content and a user that verifies it."""
    with contextlib.ExitStack() as stack:
        yield ManyScene(tmp_path, content, stack)


class _Throttle:
    """Refuses one request, and counts those that come before the time for which it asks is over.

    Attributes:
        early: Number of these requests, from all processes.
    """

    def __init__(self, number: int, seconds: int) -> None:
        self.early = 0
        self._number, self._seconds = number, seconds
        self._seen = 0
        self._end = 0.0

    def takes(self, _: Seen) -> bool:
        """Returns True for the request that is refused; called by one thread at a time."""
        self._seen += 1
        self.early += time.monotonic() < self._end
        if self._seen == self._number:
            self._end = time.monotonic() + self._seconds
        return self._seen == self._number


def test_workers_share_the_wait_of_a_throttling_registry(scene: ManyScene) -> None:
    """A registry that refuses one request gets none but those that were under way, from all workers together."""
    throttle = _Throttle(number=300, seconds=2)
    scene.proxy.fault(faults.too_many_requests("2"), throttle.takes)
    verification = scene.verify("--jobs", str(JOBS))
    out, err = verification.end()
    assert verdicts_in(out) == scene.expected(), err
    assert throttle.early <= 2 * JOBS


def test_credentials_that_end_are_fetched_once_by_each_process(scene: ManyScene, tmp_path: Path) -> None:
    """A password that changes in the middle is looked up once more by each process, and all artifacts are verified."""
    calls, password = tmp_path / "calls", tmp_path / "password"
    password.write_text("old")
    write_program(
        tmp_path / "bin" / "docker-credential-counting",
        f"#!/bin/sh\necho call >> {calls}\n"
        f'printf \'{{"ServerURL":"","Username":"auditor","Secret":"%s"}}\' "$(cat {password})"\n',
    )
    docker = tmp_path / "docker"
    docker.mkdir()
    (docker / "config.json").write_text(f'{{"credHelpers": {{"{scene.proxy.host}": "counting"}}}}')
    seen = 0

    def is_refused(request: Seen) -> bool:
        nonlocal seen
        seen += 1
        if seen == 500:
            password.write_text("new")
        expected = base64.b64encode(f"auditor:{'old' if seen < 500 else 'new'}".encode()).decode()
        return request.authorization != f"Basic {expected}"

    scene.proxy.fault(faults.status(401, WWW_Authenticate='Basic realm="registry"'), is_refused)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    gate = _held_after(scene, 200, times=1)
    verification = scene.verify("--jobs", str(JOBS), PATH=path, DOCKER_CONFIG=str(docker))
    assert gate.reached.wait(SECONDS_TO_END)
    workers = verification.workers()
    gate.opened.set()
    out, err = verification.end()
    assert verdicts_in(out) == scene.expected(), err
    assert 2 <= len(calls.read_text().splitlines()) <= 2 * (len(workers) + 1)


def test_killed_worker_costs_no_reference(scene: ManyScene) -> None:
    """All references have one verdict each after a worker process was killed in the middle."""
    gate = _held_after(scene, 600)
    verification = scene.verify("--jobs", str(JOBS))
    assert gate.reached.wait(SECONDS_TO_END)
    victim, *_ = verification.workers()
    os.kill(victim, signal.SIGKILL)
    gate.opened.set()
    out, err = verification.end()
    assert verdicts_in(out) == scene.expected(), err
    assert verification.process.returncode == 1
    assert still_running([victim], 0) == []


def test_second_interrupt_ends_at_once(scene: ManyScene) -> None:
    """A second Ctrl-C ends the command while its workers wait for the registry, and no process stays behind."""
    gate = _held_after(scene, 600)
    verification = scene.verify("--jobs", str(JOBS))
    assert gate.reached.wait(SECONDS_TO_END)
    pids = verification.processes()
    assert len(verification.workers()) >= 1
    verification.interrupt()
    with pytest.raises(subprocess.TimeoutExpired):
        verification.process.wait(1)
    start = time.monotonic()
    verification.interrupt()
    out, err = verification.end()
    assert time.monotonic() - start < SECONDS_FOR_SECOND
    assert verification.process.returncode == 130
    assert verdicts_in(out).items() <= scene.expected().items()
    assert "Traceback" not in err
    assert still_running(pids, SECONDS_FOR_SECOND) == []


def test_failures_are_short_and_memory_is_flat(scene: ManyScene, tmp_path: Path) -> None:
    """Thousands of failing references have a line each, and the processes do not grow with their number."""
    references = tmp_path / "absent"
    absent = [f"{scene.registry}/data/app-000@sha256:{number:064x}" for number in range(FAILURES)]
    references.write_text("\n".join(absent))
    command = [sys.executable, "-m", "notarykit.cli", "verify", "--from", str(references), "--output", "jsonl"]
    run = watch(command, scene.environment)
    assert (run.exit_code, len(run.times)) == (3, FAILURES)
    assert b"Traceback" not in run.errors
    assert len(run.errors) < 300 * FAILURES
    # Garbage is collected seldom: what is reached by the first half stays.
    early = max(sample.mebibytes for sample in run.samples if sample.lines <= FAILURES // 2)
    assert max(sample.mebibytes for sample in run.samples) < early + 5


def _held_after(scene: ManyScene, number: int, times: int | None = None) -> Gate:
    """A gate that holds the requests from a number on."""
    gate = scene.proxy.gate()
    count = itertools.count()
    scene.proxy.fault(faults.held(gate), lambda _: next(count) >= number, times)
    return gate
