"""One run of an executable: its streams, its time, its end, and what it gets of its caller."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import PluginError, PluginResponseError, PluginTimeoutError
from notarykit.plugin.discovery import pipes, process
from notarykit.plugin.discovery.process import Ended, run
from notarykit.plugin.protocol.fields import LARGEST_MESSAGE
from tests.support.executables import write_program
from tests.support.polling import poll

_LONG = 60.0


def _sh(script: str, request: bytes = b"", seconds: float = _LONG, **environment: str) -> Ended:
    return run(["/bin/sh", "-c", script], request, seconds, environment)


def _python(script: str, *arguments: str, **environment: str) -> Ended:
    return run([sys.executable, "-I", "-S", "-c", script, *arguments], b"", _LONG, environment)


class _Watched(subprocess.Popen[bytes]):
    """A process that is waited for only when it says that it is ready, by a file.

    Attributes:
        started: All of them.
        ready: The file.
        error: What waiting for it raises, once.
    """

    started: list["_Watched"] = []
    ready: Path
    error: BaseException | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.started.append(self)

    def wait(self, timeout: float | None = None) -> int:
        poll(self.ready.exists)
        error, _Watched.error = _Watched.error, None
        if error is not None:
            raise error
        return super().wait(timeout)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[_Watched]]:
    """Notes the processes that are started, which make the file `$READY` when they are ready."""
    monkeypatch.setattr(_Watched, "started", [])
    monkeypatch.setattr(_Watched, "ready", tmp_path / "ready", raising=False)
    monkeypatch.setenv("READY", str(tmp_path / "ready"))
    monkeypatch.setattr("notarykit.plugin.discovery.process.subprocess.Popen", _Watched)
    yield _Watched.started
    for each in _Watched.started:
        each.kill()
        subprocess.Popen.wait(each)


def test_a_request_and_an_answer() -> None:
    """What is sent arrives whole, and both streams and the exit code come back."""
    assert _sh("cat; echo no >&2; exit 7", b"\0request\n") == Ended(7, b"\0request\n", b"no\n")


def test_large_streams_in_all_directions() -> None:
    """Requests and answers that fill every pipe do not wait for each other."""
    content = os.urandom(1 << 20) * 3
    assert _sh("tee /dev/stderr", content) == Ended(0, content, content)


def test_arguments_are_not_read_by_a_shell() -> None:
    """Arguments arrive as they are."""
    assert _python("import sys; print(sys.argv[1:])", "a b", "$HOME", "*").output == b"['a b', '$HOME', '*']\n"


@pytest.mark.parametrize("script", ["exit 3", "exec <&-; exit 3", "head -c 10 > /dev/null; exit 3"])
def test_it_ends_without_reading_its_input(script: str) -> None:
    """A request that nobody reads is no error by itself."""
    assert _sh(script, bytes(1 << 20)) == Ended(3, b"", b"")


def test_an_answer_before_the_request_is_read() -> None:
    """An answer that was given without reading the request counts."""
    assert _sh("echo answer", bytes(1 << 20)) == Ended(0, b"answer\n", b"")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_signal(number: signal.Signals) -> None:
    """An end by a signal is a negative code, with what was written before."""
    assert _sh(f"echo part; kill -{int(number)} $$") == Ended(-number, b"part\n", b"")


# Sizes


@pytest.mark.requirement("plugin:output-limit")
@pytest.mark.parametrize("stream", [1, 2])
def test_the_limit_of_an_answer(stream: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stream may be as long as the limit, and not a byte longer."""
    monkeypatch.setattr(pipes, "LARGEST_MESSAGE", 1000)
    assert len(_sh(f"head -c 1000 /dev/zero >&{stream}")[stream]) == 1000  # type: ignore[arg-type]
    with pytest.raises(PluginResponseError, match=r"^the answer is larger than the protocol's 1000 bytes$"):
        _sh(f"head -c 1001 /dev/zero >&{stream}")


@pytest.mark.requirement("plugin:output-limit")
@pytest.mark.parametrize("stream", [1, 2])
def test_an_answer_without_end(stream: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What floods a stream is killed at the limit, long before its time is over."""
    monkeypatch.setattr(pipes, "LARGEST_MESSAGE", 1 << 20)
    with pytest.raises(PluginResponseError, match="the answer is larger"):
        _sh(f"exec cat /dev/zero >&{stream}")


def test_the_limit_of_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may be as long as the limit; nothing is started for a longer one."""
    monkeypatch.setattr(process, "LARGEST_MESSAGE", 1000)
    assert _sh("wc -c", bytes(1000)).output.strip() == b"1000"
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(PluginResponseError, match=r"^a request of 1001 bytes is larger than the protocol's 1000$"):
        _sh("true", bytes(1001))


@pytest.mark.requirement("plugin:output-limit")
def test_the_limit_is_the_contracts() -> None:
    """The contract's limit is less than 64 MiB."""
    assert LARGEST_MESSAGE == 67_108_863


# Time


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_it_hangs(seconds: float, watched: list[_Watched]) -> None:
    """What does not answer in time is ended, and asking it again would ask a person again."""
    with pytest.raises(PluginTimeoutError) as caught:
        _sh('touch "$READY"; exec sleep 600', seconds=seconds)
    assert caught.value.message == "no answer within 0 seconds"
    assert caught.value.metadata == {"retry": "no"}
    (only,) = watched
    assert only.returncode == -signal.SIGTERM


def test_it_does_not_want_to_end(watched: list[_Watched], monkeypatch: pytest.MonkeyPatch) -> None:
    """What ignores the request to end is killed."""
    monkeypatch.setattr(process, "_SECONDS_TO_END", 0.05)
    with pytest.raises(PluginTimeoutError):
        _sh("trap '' TERM; touch \"$READY\"; exec sleep 600", seconds=0.05)
    (only,) = watched
    assert only.returncode == -signal.SIGKILL


def test_it_hangs_without_reading(watched: list[_Watched]) -> None:
    """A request that nobody reads does not keep the caller beyond the time."""
    with pytest.raises(PluginTimeoutError):
        _sh('touch "$READY"; exec sleep 600', bytes(1 << 20), seconds=0.05)
    assert watched[0].returncode is not None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_an_interruption_ends_it(error: BaseException, watched: list[_Watched]) -> None:
    """A person who gives up leaves no plugin behind."""
    _Watched.error = error
    with pytest.raises(type(error)):
        _sh('touch "$READY"; exec sleep 600 >&- 2>&-')
    assert watched[0].returncode == -signal.SIGTERM


def test_a_child_that_holds_the_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that the plugin leaves behind with its pipes open is not waited for, and the answer counts."""
    monkeypatch.setattr(pipes, "_SECONDS_TO_DRAIN", 0.05)
    start = time.monotonic()
    ended = _sh("sleep 600 & echo $!; echo done >&2")
    took = time.monotonic() - start
    os.kill(int(ended.output), signal.SIGKILL)  # which fails if it is not there any more
    assert took < 30
    assert (ended.code, ended.errors) == (0, b"done\n")


@pytest.mark.parametrize("how", ["answers", "hangs", "floods"])
def test_nothing_stays_of_a_call(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a call ends, its descriptors and threads are gone, though a child of the plugin holds its pipes."""
    monkeypatch.setattr(pipes, "_SECONDS_TO_DRAIN", 0.05)
    monkeypatch.setattr(pipes, "LARGEST_MESSAGE", 1 << 20)
    ends = {"answers": "exit", "hangs": "exec sleep 600 <&0", "floods": "exec cat /dev/zero"}[how]
    before = set(os.listdir("/proc/self/fd")), threading.active_count()
    children = _child_holding_pipes(ends, 0.5 if how == "hangs" else _LONG)
    try:
        assert (set(os.listdir("/proc/self/fd")), threading.active_count()) == before
    finally:
        os.kill(children, signal.SIGKILL)


def _child_holding_pipes(ends: str, seconds: float) -> int:
    """Runs a plugin that leaves a child behind, with a request that it does not read, and returns the child's id."""
    with tempfile.NamedTemporaryFile() as file:
        with contextlib.suppress(PluginError):
            _sh(f"sleep 600 <&0 & echo $! > {file.name}; {ends}", bytes(1 << 19), seconds)
        return int(file.read())


def test_a_child_that_writes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a child writes soon after the plugin's end is part of the answer, as of `exec > >(filter)` in a shell."""
    monkeypatch.setattr(pipes, "_SECONDS_TO_DRAIN", _LONG)
    assert _sh("(while kill -0 $$ 2> /dev/null; do sleep 0.01; done; echo late) &").output == b"late\n"


# What it gets of its caller


def test_credentials_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry's credentials are not in a plugin's environment; everything else is, and what is added."""
    for name in ("NOTATION_USERNAME", "NOTATION_PASSWORD", "NOTATION_CONFIG", "AWS_PROFILE"):
        monkeypatch.setenv(name, "swordfish")
    lines = run(["/usr/bin/env"], b"", _LONG, {"MORE": "x", "AWS_PROFILE": "other"}).output.decode().splitlines()
    assert {"NOTATION_CONFIG=swordfish", "MORE=x", "AWS_PROFILE=other"} <= set(lines)
    assert [line for line in lines if "swordfish" in line] == ["NOTATION_CONFIG=swordfish"]


def test_it_stays_in_the_foreground() -> None:
    """A plugin is in its caller's session and process group, so that it can ask for a PIN at the terminal."""
    ended = _python("import os; print(os.getsid(0), os.getpgid(0), os.getcwd())")
    assert ended.output.decode().split() == [str(os.getsid(0)), str(os.getpgid(0)), os.getcwd()]


# What cannot be run


def test_what_cannot_be_run(tmp_path: Path) -> None:
    """What the system does not run is refused with the system's reason and what to do."""
    no_program = write_program(tmp_path / "text", "no program")
    no_interpreter = write_program(tmp_path / "script", "#!/no/such/interpreter\n")
    from_windows = write_program(tmp_path / "windows", "#!/bin/sh\r\nexit 0\r\n")
    for path, reason in (
        (tmp_path / "none", "No such file or directory"),
        (no_interpreter, "its first line names an interpreter that is not there (/no/such/interpreter)"),
        (
            from_windows,
            "its first line names an interpreter that is not there (/bin/sh), and line ends as Windows has them",
        ),
        (
            no_program,
            "Exec format error: it is a program for another system, or a script without #! in its first line",
        ),
        (tmp_path, "Permission denied"),
    ):
        with pytest.raises(PluginError) as caught:
            run([str(path)], b"", _LONG)
        assert caught.value.message == f"{path} cannot be run: {reason}"
        assert caught.value.advice == "make sure that it is made for this system, and install it again"


def test_an_argument_that_no_system_takes() -> None:
    """A null byte is refused as well."""
    with pytest.raises(PluginError, match="cannot be run: ValueError"):
        run(["/bin/echo", "a\0b"], b"", _LONG)
