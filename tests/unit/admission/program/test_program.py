"""The program as a process: doors, changes while it runs, and its end."""

import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.admission.doors.documents import answered
from tests.unit.admission.program.processes import DIGEST, SECONDS, Process, policy_of, process, review_of
from tests.unit.admission.server.serving import make_files


def test_doors(tmp_path: Path) -> None:
    """Each door answers under the folder's policy, and the pages say that the program serves."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            assert await program.ask("/healthz", method="GET") == (200, "ok")
            assert await program.ask("/readyz", method="GET") == (200, "ready")
            assert await program.admits(f"r.test/web@{DIGEST}")
            assert not await program.admits(f"r.test/other@{DIGEST}")
            assert (await program.ask("/kubernetes/pin", review_of("r.test/web:1")))[0] == 200
            keys = json.dumps({"request": {"keys": [f"r.test/web@{DIGEST}"]}}).encode()
            for path in ("/gatekeeper/verify", "/gatekeeper/mutate", "/kyverno/verify", "/kyverno/mutate"):
                _, text = await program.ask(path, keys)
                assert [set(item) for item in json.loads(text)["response"]["items"]] == [{"key", "value"}]
            named = json.dumps({"request": {"keys": [f"[shop]r.test/web@{DIGEST}"]}}).encode()
            for path, member in (("/gatekeeper/verify", "value"), ("/gatekeeper/mutate", "error")):
                (item,) = json.loads((await program.ask(path, named))[1])["response"]["items"]
                assert member in item
            review = {"apiVersion": "imagepolicy.k8s.io/v1alpha1", "kind": "ImageReview", "spec": {}}
            _, text = await program.ask("/image-policy", json.dumps(review).encode())
            assert json.loads(text)["status"] == {"allowed": True}
            body = json.dumps({"references": [f"r.test/web@{DIGEST}"]}).encode()
            _, text = await program.ask("/v1/verify", body)
            assert [each["verdict"] for each in answered(text.encode())["results"]] == ["skipped"]
            status, text = await program.ask("/v1/verify", b"{}")
            assert (status, list(answered(text.encode()))) == (400, ["error"])
            assert (await program.ask("/kubernetes/validate", b"{}"))[0] == 400

    asyncio.run(run())


def test_all_doors_guarded(tmp_path: Path) -> None:
    """With all doors guarded, nobody asks without a certificate, and probes and metrics are answered all the same."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0", "--client-ca", program.files.ca.ca_file, "--guard-all")
            for path in ("/kubernetes/validate", "/kubernetes/pin", "/kyverno/verify", "/v1/verify", "/image-policy"):
                status, text = await program.ask(path, review_of(f"r.test/web@{DIGEST}"))
                assert status == 403
                assert "a client certificate is needed here" in text
            for page in ("/healthz", "/readyz", "/metrics"):
                assert (await program.ask(page, method="GET"))[0] == 200

    asyncio.run(run())


def test_policy_is_exchanged(tmp_path: Path) -> None:
    """Another policy counts without a restart; a broken one leaves it in force, which readiness and the log say."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            program.volume.write(policy_of("r.test/other"))
            await program.until(lambda: program.admits(f"r.test/other@{DIGEST}"))
            assert not await program.admits(f"r.test/web@{DIGEST}")
            program.volume.write({"trustpolicy.json": b"{"})

            async def is_known() -> bool:
                return "with older files" in (await program.ask("/readyz", method="GET"))[1]

            await program.until(is_known)
            assert await program.admits(f"r.test/other@{DIGEST}")
            assert program.process is not None
            program.process.terminate()
            code, log = await program.end()
            assert code == 0
            assert log.count("the last good ones do: trust policy trustpolicy.json") == 1

    asyncio.run(run())


def test_certificate_is_exchanged(tmp_path: Path) -> None:
    """Another certificate is used without a restart."""
    other = make_files(tmp_path / "other")

    async def run() -> None:
        async with process(tmp_path) as program:
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
        async with process(tmp_path) as program:
            await program.start("--drain", "5")
            loop, answered, is_busy, stops_at = asyncio.get_running_loop(), 0, asyncio.Event(), float("inf")

            async def ask() -> None:
                nonlocal answered
                while loop.time() < stops_at:
                    client, closes = await program.connect(), False
                    while not closes:
                        reply = await client.ask("/kubernetes/validate", review_of(f"r.test/web@{DIGEST}"))
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
def test_broken_files_at_the_start(tmp_path: Path, spoil: Callable[[Process], None], message: str) -> None:
    """Without files that can be used the program says why in one line, and does not begin."""
    program = Process(tmp_path)
    spoil(program)
    tls = program.files.tls
    done = subprocess.run(
        [
            *(sys.executable, "-m", "notarykit_admission", "--policy", str(program.volume.folder)),
            *("--certificate", tls.certificate, "--key", tls.key, "--address", "127.0.0.1", "--port", "0"),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
