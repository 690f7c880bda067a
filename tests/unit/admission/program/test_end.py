"""The end of the program while registries do not answer."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from notarykit_admission.access.settings import AccessSettings
from notarykit_admission.program import program as program_module
from notarykit_admission.program.program import Program
from notarykit_admission.program.settings import Settings
from notarykit_admission.telemetry.lines import LineWriter
from tests.unit.admission.policy.setups import files as policy_files
from tests.unit.admission.policy.volumes import write_files
from tests.unit.admission.program.processes import DIGEST, process, review_of
from tests.unit.admission.server.serving import Running, make_files

_SECONDS = 60
_REGISTRY_SECONDS = 30.0


@pytest.fixture
def silent() -> Iterator[str]:
    """A registry that accepts connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_end_does_not_wait_for_a_registry(tmp_path: Path, silent: str) -> None:
    """A program whose threads wait for a registry ends when all requests are answered, with exit code 0."""

    async def run() -> None:
        async with process(tmp_path) as program:
            program.volume.write(policy_files())
            await program.start("--drain", "0", "--plain-http", silent, "--registry-timeout", str(_REGISTRY_SECONDS))
            _, text = await program.ask("/kubernetes/validate?timeout=1s", review_of(f"{silent}/web@{DIGEST}"))
            assert "the examination goes on: try again" in text
            assert program.process is not None
            begun = time.monotonic()
            program.process.terminate()
            code, log = await program.end()
            assert code == 0
            assert time.monotonic() - begun < _REGISTRY_SECONDS / 2
            assert json.loads(log.splitlines()[-1])["message"] == "the program has ended"

    asyncio.run(run())


def test_request_beyond_the_end_is_answered(tmp_path: Path, silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that may wait for longer than the program does is answered with a denial that says why, not dropped."""
    monkeypatch.setattr(program_module, "_SECONDS_TO_ANSWER", 0.2)
    monkeypatch.setenv("NOTATION_CONFIG", str(tmp_path / "none"))
    files = make_files(tmp_path / "tls")
    settings = Settings(
        str(write_files(tmp_path / "policy", policy_files())),
        files.tls,
        "127.0.0.1",
        0,
        drain_seconds=0,
        access=AccessSettings(plain_http=(silent,), registry_timeout=1.0),
    )

    async def run(lines: LineWriter) -> None:
        program = Program(settings, lines)
        port = asyncio.get_running_loop().create_future()
        running = asyncio.create_task(program.run(port.set_result))
        client = await Running(program._server, None, program._files.tls, files, await port).connect()  # type: ignore[arg-type]
        client.post("/kubernetes/validate?timeout=30s", review_of(f"{silent}/web@{DIGEST}"))
        while not program._judge.under_way:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)
        program._end()
        response = json.loads((await client.reply()).text)["response"]
        assert response["allowed"] is False
        assert "this program is ending: try again" in response["status"]["message"]
        client.close()
        await running
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    descriptor = os.open(os.devnull, os.O_WRONLY)
    lines = LineWriter(descriptor, lambda _: b"")
    with uvloop_runner() as runner:
        runner.run(asyncio.wait_for(run(lines), _SECONDS))
    lines.close(_SECONDS)
    os.close(descriptor)


def uvloop_runner() -> asyncio.Runner:
    """Returns a runner with the program's own event loop."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
