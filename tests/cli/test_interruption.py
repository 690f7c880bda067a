"""Interruption of a command on many references: real processes, signals at known moments."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World
from tests.support.executables import add_executable, guarded_plugin
from tests.support.layouts import make_layout
from tests.support.signatures import signature_manifests

# Signs like `local-file`, once it has written its process id to a pipe, and read a byte from another.
_SLOW = """\
import os
from notarykit_local_file.plugin import LocalFilePlugin
class Found(LocalFilePlugin):
    name = "slow"
    def generate_signature(self, request):
        with open({begun!r}, "w") as pipe:
            pipe.write(str(os.getpid()))
        with open({release!r}, "rb", buffering=0) as pipe:
            pipe.read(1)
        return super().generate_signature(request)
"""
NAMES = ("one", "two", "three")


class Signing:
    """Command that signs three artifacts, each of which waits until it is released.

    Attributes:
        world: The user.
        references: The references.
        process: The command.
    """

    def __init__(self, world: World, *flags: str) -> None:
        """Starts it."""
        self.world = world
        self.references = [f"{name}@{make_layout(world.folder / name, name).digest}" for name in NAMES]
        begun, release = world.folder / "begun", world.folder / "release"
        self._begun, self._release = open_pipe(begun), open_pipe(release)
        source = _SLOW.format(begun=str(begun), release=str(release))
        text = guarded_plugin(world.folder / "lib" / "slow_module.py", source)
        add_executable(world.home.folder / "plugins", "slow", text)
        self._plugins: list[int] = []
        self.process = self.start(*flags)

    def start(self, *flags: str) -> "subprocess.Popen[str]":
        """Starts the command."""
        key, chain = self.world.home.folder / "build.key", self.world.home.folder / "build.chain.pem"
        config = ("--plugin", "slow", "--id", str(key), "--plugin-config", f"certificate_chain={chain}")
        command = ["sign", "--oci-layout", "--jobs", "1", *config, *flags, *self.references]
        return start(self.world, *command)

    def wait_for_begin(self) -> None:
        """Waits until the plugin signs, and fails if the command ends before."""
        end = os.pidfd_open(self.process.pid)
        ready, _, _ = select.select([self._begun, end], [], [])
        os.close(end)
        assert self._begun in ready, self.process.communicate()
        self._plugins.append(os.pidfd_open(int(os.read(self._begun, 20))))

    def release(self) -> None:
        """Lets the plugin sign."""
        os.write(self._release, b"1")

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> str:
        """Sends a signal while the plugin signs, and returns what the command says to it."""
        self.wait_for_begin()
        self.process.send_signal(number)
        return line_of(self.process.stderr) + line_of(self.process.stderr)

    def end(self) -> None:
        """Ends the command, and what it has left behind."""
        self.process.kill()
        self.process.communicate()
        for plugin in self._plugins:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(plugin, signal.SIGKILL)
        for opened in (*self._plugins, self._begun, self._release):
            os.close(opened)

    def signatures(self) -> list[int]:
        """Number of signatures of each artifact."""
        return [len(signature_manifests(name)) for name in NAMES]


def start(world: World, *arguments: str, stderr: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    """Starts the real command line."""
    return subprocess.Popen(
        [sys.executable, "-m", "notarykit.cli", *arguments],
        env=world.home.environment(), cwd=world.folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True,
    )  # fmt: skip


def open_pipe(path: Path) -> int:
    """Makes a named pipe, and opens both its ends, so that nobody else waits at its opening."""
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)


def line_of(stream: IO[str] | None) -> str:
    """Returns the next line of a process's output."""
    assert stream is not None
    return stream.readline()


@pytest.fixture
def signing(world: World, request: pytest.FixtureRequest) -> Iterator[Signing]:
    """Command that signs three artifacts, with flags."""
    made = Signing(world, *getattr(request, "param", ()))
    yield made
    made.end()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_what_was_begun_ends_and_nothing_new_begins(signing: Signing, number: signal.Signals, code: int) -> None:
    """The first signal lets the present artifact be signed; one line counts what was done, failed and remains."""
    assert signing.interrupt(number).startswith("\nStopping: what was begun ends first")
    signing.release()
    out, err = signing.process.communicate()
    assert signing.process.returncode == code
    assert out == f"Successfully signed {signing.references[0]}\n"
    advice = "with --resume FILE, a run goes on where it was"
    assert err == f"Error: interrupted: 1 done, 0 failed, 2 remain: {advice}\n"
    assert signing.signatures() == [1, 0, 0]


@pytest.mark.parametrize("signing", [("--resume", "journal")], indirect=True)
def test_second_signal_ends_at_once(signing: Signing) -> None:
    """The second signal does not wait for the artifact that is being signed."""
    signing.interrupt()
    signing.process.send_signal(signal.SIGINT)
    out, err = signing.process.communicate()
    assert (signing.process.returncode, out) == (130, "")
    assert err.endswith("0 done, 0 failed, 3 remain: run the same command again, with --resume journal\n")
    assert signing.signatures() == [0, 0, 0]


@pytest.mark.parametrize("signing", [("--resume", "journal")], indirect=True)
def test_resumed_run_goes_on_where_it_was(signing: Signing) -> None:
    """The same command again signs the other two, and counts the first as done before."""
    signing.interrupt()
    signing.release()
    signing.process.communicate()
    assert signing.signatures() == [1, 0, 0]
    signing.process = signing.start("--resume", "journal", "--output", "json")
    for _ in range(2):
        signing.wait_for_begin()
        signing.release()
    out, err = signing.process.communicate()
    document = json.loads(out)
    schema("sign").validate(document)
    assert [(result["reference"], result["signed"]) for result in document["results"]] == [
        (reference, True) for reference in signing.references
    ]
    assert (signing.process.returncode, err) == (0, "3 references: 3 done, 1 of them before, 0 failed\n")
    assert signing.signatures() == [1, 1, 1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_while_lines_are_awaited(world: World, number: signal.Signals) -> None:
    """Outcomes come while standard input is open, and a signal ends the wait for the next line."""
    world.sign()
    process = start(world, *VERIFY, "--from", "-", "--output", "jsonl")
    with process:
        assert process.stdin is not None
        for reference in (world.reference, "hello:none"):
            process.stdin.write(f"{reference}\n")
            process.stdin.flush()
            result = json.loads(line_of(process.stdout))
            assert result["reference"] == reference
        process.send_signal(number)
        out, err = process.stdout, process.stderr
        assert out is not None
        assert err is not None
        assert out.read() == ""
        assert "1 done, 1 failed, the others remain: " in err.read()
        assert process.wait() == 128 + number


@pytest.mark.parametrize("signing", [("--output", "json")], indirect=True)
def test_interrupted_json_is_whole(signing: Signing) -> None:
    """The document of an interrupted run is closed, with the results that there are."""
    signing.interrupt()
    signing.release()
    out, _ = signing.process.communicate()
    document = json.loads(out)
    schema("sign").validate(document)
    assert [result["reference"] for result in document["results"]] == signing.references[:1]


def test_no_process_is_left_behind(world: World) -> None:
    """Worker processes and the fork server end with an interrupted command."""
    lines = "".join(f"hello:none{number}\n" for number in range(500))
    process = start(world, *VERIFY, "--from", "-", "--output", "jsonl", "--jobs", "2", stderr=subprocess.DEVNULL)
    with process:
        assert process.stdin is not None
        process.stdin.write(lines)
        process.stdin.flush()
        for _ in range(500):
            line_of(process.stdout)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        ends = [os.pidfd_open(int(child)) for child in children]
        assert ends
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    for end in ends:
        assert select.select([end], [], [], 20)[0] == [end]
        os.close(end)
