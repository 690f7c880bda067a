"""Throttle: hosts that say when they may be asked again, for threads and for processes."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.throttle import Throttle
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen
from tests.support.polling import poll
from tests.unit.net.server import Server

_SECONDS = 1
_THREADS = 8
_PROCESS = """
import sys
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.throttle import Throttle
client = HttpClient(ConnectionPool(None), Destinations(plain=None), throttle=Throttle(sys.argv[2]))
print(client.send(Request("GET", sys.argv[1], Budget(seconds=30), 1000)).status)
"""


class ThrottlingServer(RecordingServer):
    """Refuses with 429 until a moment that the first request begins.

    Attributes:
        refused: Number of the requests that were refused.
    """

    def __init__(self) -> None:
        """Starts to serve."""
        super().__init__()
        self.refused = 0
        self._opens = 0.0

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Refuses, or answers 200."""
        with self.lock:
            self._opens = self._opens or time.monotonic() + _SECONDS
            is_refused = time.monotonic() < self._opens
            self.refused += is_refused
        connection.reply(Reply(429, (("Retry-After", str(_SECONDS)),)) if is_refused else Reply(200))


@pytest.fixture
def server() -> Iterator[ThrottlingServer]:
    """A server that is closed for a second."""
    with ThrottlingServer() as server:
        yield server


def _client(folder: str = "") -> contextlib.closing[HttpClient]:
    return contextlib.closing(
        HttpClient(ConnectionPool(pytest.fail), Destinations(plain=None), throttle=Throttle(folder))
    )


def _get(client: HttpClient, server: RecordingServer, seconds: float = 30) -> int:
    return client.send(Request("GET", server.url, Budget(seconds=seconds), 1000)).status


def test_refusal_of_one_thread_holds_back_all_others(server: ThrottlingServer) -> None:
    """Once a host has refused one request, no thread of the process asks it before its time."""
    with _client() as client, ThreadPoolExecutor(_THREADS) as pool:
        first = pool.submit(_get, client, server)
        poll(lambda: server.refused > 0)
        time.sleep(0.1)  # for the first thread to read its response
        assert list(pool.map(lambda _: _get(client, server), range(3 * _THREADS))) == [200] * 3 * _THREADS
        assert first.result() == 200
    assert (server.refused, len(server.seen)) == (1, 3 * _THREADS + 2)


def test_threads_that_are_refused_at_once_are_refused_once(server: ThrottlingServer) -> None:
    """Requests that are on their way together are refused together, and each is sent once more."""
    with _client() as client, ThreadPoolExecutor(_THREADS) as pool:
        assert set(pool.map(lambda _: _get(client, server), range(4 * _THREADS))) == {200}
    assert 1 <= server.refused <= _THREADS
    assert len(server.seen) == 4 * _THREADS + server.refused


def test_refusal_of_one_process_holds_back_another(server: ThrottlingServer, tmp_path: Path) -> None:
    """With a folder, another process of the machine waits without having asked."""
    folder = str(tmp_path / "throttles")
    with _client(folder) as client, pytest.raises(NetworkError, match=r"Retry-After: 1\), and the time limit ends"):
        _get(client, server, seconds=0.9)
    begin = time.monotonic()
    commands = [[sys.executable, "-c", _PROCESS, server.url, folder] for _ in range(2)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for command in commands]
    assert [process.communicate()[0].strip() for process in processes] == [b"200", b"200"]
    assert (server.refused, len(server.seen)) == (1, 3)
    assert time.monotonic() - begin > _SECONDS / 2
    (file,) = (tmp_path / "throttles").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("ahead", "is_held"), [(-5, False), (100, True), (121, False), (10**9, False)])
def test_moment_is_at_most_two_minutes_ahead(ahead: int, is_held: bool, tmp_path: Path) -> None:
    """A moment that has passed, or that a jump of the clock has put far ahead, holds nothing back."""
    Throttle(str(tmp_path)).postpone("registry.test", 1)
    (file,) = tmp_path.iterdir()
    moment = time.time() + ahead
    os.utime(file, (moment, moment))
    assert (Throttle(str(tmp_path)).seconds("registry.test") > 0) is is_held
    assert Throttle(str(tmp_path)).seconds("other.test") <= 0


@pytest.mark.parametrize(("ahead", "expected"), [(-5, 20), (100, 100), (10**9, 20)])
def test_later_moment_of_another_process_stays(ahead: int, expected: int, tmp_path: Path) -> None:
    """A moment is moved ahead and not back, unless it cannot be meant."""
    Throttle(str(tmp_path)).postpone("registry.test", 1)
    (file,) = tmp_path.iterdir()
    moment = time.time() + ahead
    os.utime(file, (moment, moment))
    Throttle(str(tmp_path)).postpone("registry.test", 20)
    assert expected - 2 < Throttle(str(tmp_path)).seconds("registry.test") <= expected


def test_long_wait_is_remembered_for_two_minutes(tmp_path: Path) -> None:
    """A host that asks for a day is asked again after two minutes, and at once by the next command."""
    throttle = Throttle(str(tmp_path))
    throttle.postpone("registry.test", 24 * 3600)
    assert 119 < throttle.seconds("registry.test") <= 120
    assert Throttle(str(tmp_path)).seconds("registry.test") <= 0


def test_wait_beyond_the_budget_is_an_error_without_a_request(server: ThrottlingServer) -> None:
    """A request whose budget ends before the host may be asked is not sent."""
    with _client() as client:
        for _ in range(3):
            with pytest.raises(NetworkError, match=rf"asks for a pause \(Retry-After: {_SECONDS}\), and"):
                _get(client, server, seconds=0.5)
    assert len(server.seen) == 1


def test_request_that_overlaps_is_not_started_while_a_host_refuses(server: ThrottlingServer) -> None:
    """A request that is sent ahead of its turn is left out."""
    with _client() as client:
        with pytest.raises(NetworkError):
            _get(client, server, seconds=0.5)
        assert client.start(Request("GET", server.url, Budget(), 1000)) is None
    assert len(server.seen) == 1


def test_folder_that_cannot_be_written_is_no_error(server: ThrottlingServer, tmp_path: Path) -> None:
    """Without the folder the threads of the process still know."""
    (tmp_path / "file").write_bytes(b"")
    with _client(str(tmp_path / "file" / "folder")) as client:
        assert [_get(client, server) for _ in range(2)] == [200, 200]
    assert server.refused == 1


def test_host_of_a_redirect_is_held_back_and_not_its_source(server: ThrottlingServer) -> None:
    """Where a redirect leads to a host that refuses, the host that leads there may be asked."""
    with Server(Reply(307, (("Location", server.url),))) as source, _client() as client:
        assert _get(client, source) == 200
        assert client._throttle.seconds(source.address) <= 0
    assert ((server.refused, len(server.seen)), len(source.seen)) == ((1, 2), 2)


def test_moment_of_another_process_is_noticed_in_the_middle_of_the_work(tmp_path: Path) -> None:
    """A host that was free a moment ago is left alone a moment after another process was told to."""
    ours, theirs = Throttle(str(tmp_path)), Throttle(str(tmp_path))
    assert ours.seconds("registry.test") <= 0
    theirs.postpone("registry.test", 60)
    poll(lambda: ours.seconds("registry.test") > 0)
    assert 50 < ours.seconds("registry.test") <= 60


def test_pipe_or_link_in_the_place_of_a_moment_is_left_alone(tmp_path: Path) -> None:
    """What another user put there is neither waited for nor followed; the threads of the process still know."""
    Throttle(str(tmp_path)).postpone("registry.test", 1)
    (file,) = tmp_path.iterdir()
    target = tmp_path / "target"
    target.touch()
    os.utime(target, (0, 0))
    file.unlink()
    file.symlink_to(target)
    for _ in range(2):
        throttle = Throttle(str(tmp_path))
        throttle.postpone("registry.test", 20)
        assert throttle.seconds("registry.test") > 0
        file.unlink()
        os.mkfifo(file)
    assert target.stat().st_mtime == 0


def test_pipe_with_a_reader_is_no_moment(tmp_path: Path) -> None:
    """Only a regular file is given a time."""
    Throttle(str(tmp_path)).postpone("registry.test", 1)
    (file,) = tmp_path.iterdir()
    file.unlink()
    os.mkfifo(file)
    os.utime(file, (0, 0))
    reader = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        Throttle(str(tmp_path)).postpone("registry.test", 20)
    finally:
        os.close(reader)
    assert file.stat().st_mtime == 0
