"""The program as a process: doors, changes while it runs, and its end."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.admission.doors.documents import answered
from tests.unit.admission.policy.setups import files as policy_files
from tests.unit.admission.policy.volumes import Volume
from tests.unit.admission.server.serving import Client, Files, make_files
from tests.unit.admission.workload.workloads import pod_spec

_SECONDS = 60
_DIGEST = f"sha256:{'ab' * 32}"


def _policy(scope: str) -> dict[str, bytes]:
    """Returns files whose policy skips one repository, and refuses all others without asking a registry."""
    statement = {"name": "one", "registryScopes": [scope], "signatureVerification": {"level": "skip"}}
    document = json.dumps({"version": "1.0", "trustPolicies": [statement]}).encode()
    return {**policy_files(), "trustpolicy.json": document}


def _review(image: str) -> bytes:
    request = {
        "uid": "u1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "object": {"spec": pod_spec(image)},
    }
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


class _Process:
    """The program in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.volume = Volume(folder / "policy")
        self.volume.write(_policy("r.test/web"))
        self.files: Files = make_files(folder / "tls")
        self._environment = {**os.environ, "HOME": str(folder), "NOTATION_CONFIG": str(folder / "none")}
        self._port = 0
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *arguments: str) -> None:
        """Starts it, and waits until it serves."""
        tls = self.files.tls
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "notarykit_admission", "--policy", str(self.volume.folder)),
            *("--certificate", tls.certificate, "--key", tls.key, "--address", "127.0.0.1", "--port", "0", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
        )
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode()
        assert line.startswith("Listening at 127.0.0.1:"), line
        self._port = int(line.rpartition(":")[2])

    async def connect(self, ca_file: str = "") -> Client:
        """Opens a connection."""
        context = ssl.create_default_context(cafile=ca_file or self.files.ca.ca_file)
        return Client(*await asyncio.open_connection("127.0.0.1", self._port, ssl=context))

    async def ask(self, path: str, body: bytes = b"{}", method: str = "POST") -> Any:
        """Asks once, by a connection of its own, and returns the status and the text."""
        client = await self.connect()
        reply = await client.ask(path, body, method)
        client.close()
        return reply[:2]

    async def admits(self, image: str) -> bool:
        """Tells whether a pod is admitted."""
        _, text = await self.ask("/kubernetes/validate", _review(image))
        allowed: bool = json.loads(text)["response"]["allowed"]
        return allowed

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Asks until something holds, which the program finds out by itself."""
        while not await holds():  # noqa: ASYNC110 - another process has no event for it
            await asyncio.sleep(0.05)

    async def end(self) -> tuple[int, str]:
        """Returns the exit code and the log, when the process has ended."""
        assert self.process is not None
        _, log = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, log.decode()


@contextlib.asynccontextmanager
async def _process(folder: Path) -> AsyncIterator[_Process]:
    running = _Process(folder)
    try:
        async with asyncio.timeout(2 * _SECONDS):
            yield running
    finally:
        if running.process is not None and running.process.returncode is None:
            running.process.kill()
            await running.process.wait()


def test_doors(tmp_path: Path) -> None:
    """Each door answers under the folder's policy, and the pages say that the program serves."""

    async def run() -> None:
        async with _process(tmp_path) as program:
            await program.start("--drain", "0")
            assert await program.ask("/healthz", method="GET") == (200, "ok")
            assert await program.ask("/readyz", method="GET") == (200, "ready")
            assert await program.admits(f"r.test/web@{_DIGEST}")
            assert not await program.admits(f"r.test/other@{_DIGEST}")
            assert (await program.ask("/kubernetes/pin", _review("r.test/web:1")))[0] == 200
            keys = json.dumps({"request": {"keys": [f"r.test/web@{_DIGEST}"]}}).encode()
            for path in ("/gatekeeper/verify", "/gatekeeper/mutate", "/kyverno/verify", "/kyverno/mutate"):
                _, text = await program.ask(path, keys)
                assert [set(item) for item in json.loads(text)["response"]["items"]] == [{"key", "value"}]
            named = json.dumps({"request": {"keys": [f"[shop]r.test/web@{_DIGEST}"]}}).encode()
            for path, member in (("/gatekeeper/verify", "value"), ("/gatekeeper/mutate", "error")):
                (item,) = json.loads((await program.ask(path, named))[1])["response"]["items"]
                assert member in item
            review = {"apiVersion": "imagepolicy.k8s.io/v1alpha1", "kind": "ImageReview", "spec": {}}
            _, text = await program.ask("/image-policy", json.dumps(review).encode())
            assert json.loads(text)["status"] == {"allowed": True}
            body = json.dumps({"references": [f"r.test/web@{_DIGEST}"]}).encode()
            _, text = await program.ask("/v1/verify", body)
            assert [each["verdict"] for each in answered(text.encode())["results"]] == ["skipped"]
            status, text = await program.ask("/v1/verify", b"{}")
            assert (status, list(answered(text.encode()))) == (400, ["error"])
            assert (await program.ask("/kubernetes/validate", b"{}"))[0] == 400

    asyncio.run(run())


def test_all_doors_guarded(tmp_path: Path) -> None:
    """With all doors guarded, nobody asks without a certificate, and probes and metrics are answered all the same."""

    async def run() -> None:
        async with _process(tmp_path) as program:
            await program.start("--drain", "0", "--client-ca", program.files.ca.ca_file, "--guard-all")
            for path in ("/kubernetes/validate", "/kubernetes/pin", "/kyverno/verify", "/v1/verify", "/image-policy"):
                status, text = await program.ask(path, _review(f"r.test/web@{_DIGEST}"))
                assert status == 403
                assert "a client certificate is needed here" in text
            for page in ("/healthz", "/readyz", "/metrics"):
                assert (await program.ask(page, method="GET"))[0] == 200

    asyncio.run(run())


def test_policy_is_exchanged(tmp_path: Path) -> None:
    """Another policy counts without a restart; a broken one leaves it in force, which readiness and the log say."""

    async def run() -> None:
        async with _process(tmp_path) as program:
            await program.start("--drain", "0")
            program.volume.write(_policy("r.test/other"))
            await program.until(lambda: program.admits(f"r.test/other@{_DIGEST}"))
            assert not await program.admits(f"r.test/web@{_DIGEST}")
            program.volume.write({"trustpolicy.json": b"{"})

            async def is_known() -> bool:
                return "with older files" in (await program.ask("/readyz", method="GET"))[1]

            await program.until(is_known)
            assert await program.admits(f"r.test/other@{_DIGEST}")
            assert program.process is not None
            program.process.terminate()
            code, log = await program.end()
            assert code == 0
            assert log.count("the last good one does: trust policy trustpolicy.json") == 1

    asyncio.run(run())


def test_certificate_is_exchanged(tmp_path: Path) -> None:
    """Another certificate is used without a restart."""
    other = make_files(tmp_path / "other")

    async def run() -> None:
        async with _process(tmp_path) as program:
            await program.start("--drain", "0")
            shutil.copy(other.tls.certificate, program.files.tls.certificate)
            shutil.copy(other.tls.key, program.files.tls.key)

            async def is_used() -> bool:
                try:
                    (await program.connect(other.ca.ca_file)).close()
                except ssl.SSLCertVerificationError:
                    return False
                return True

            await program.until(is_used)

    asyncio.run(run())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_under_load_loses_no_request(tmp_path: Path, number: signal.Signals) -> None:
    """Clients that ask all the time, and find other replicas a second after the end began, are all answered."""

    async def run() -> None:
        async with _process(tmp_path) as program:
            await program.start("--drain", "5")
            loop, answered, is_busy, stops_at = asyncio.get_running_loop(), 0, asyncio.Event(), float("inf")

            async def ask() -> None:
                nonlocal answered
                while loop.time() < stops_at:
                    client, closes = await program.connect(), False
                    while not closes:
                        reply = await client.ask("/kubernetes/validate", _review(f"r.test/web@{_DIGEST}"))
                        assert json.loads(reply.text)["response"]["allowed"] is True
                        closes, answered = reply.closes, answered + 1
                        if answered == 100:
                            is_busy.set()
                    client.close()

            asking = [asyncio.create_task(ask()) for _ in range(4)]
            await is_busy.wait()
            assert program.process is not None
            program.process.send_signal(number)
            stops_at = loop.time() + 1
            await asyncio.gather(*asking)
            assert answered > 100
            code, log = await program.end()
            assert code == 0, log
            assert "the program ends" in log

    asyncio.run(run())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda program: program.volume.write({"trustpolicy.json": b"{"}), "Error: trust policy trustpolicy.json"),
        (lambda program: os.unlink(program.files.tls.key), "cannot be read: No such file"),
    ],
    ids=["policy", "key"],
)
def test_broken_files_at_the_start(tmp_path: Path, spoil: Callable[[_Process], None], message: str) -> None:
    """Without files that can be used the program says why in one line, and does not begin."""
    program = _Process(tmp_path)
    spoil(program)
    tls = program.files.tls
    done = subprocess.run(
        [
            *(sys.executable, "-m", "notarykit_admission", "--policy", str(program.volume.folder)),
            *("--certificate", tls.certificate, "--key", tls.key, "--address", "127.0.0.1", "--port", "0"),
        ],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
