"""The program as a process: its log, its metrics, signals, and what clients do wrong."""

import asyncio
import json
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.unit.admission.policy.setups import files as policy_files
from tests.unit.admission.program.processes import DIGEST, Process, policy_of, process, review_of
from tests.unit.admission.workload.workloads import pod_spec

_GOOD, _BAD = f"r.test/web@{DIGEST}", f"r.test/other@{DIGEST}"


async def _metrics(program: Process) -> dict[str, float]:
    """Returns the values of the program's own metrics, by name and labels as they are written."""
    status, text = await program.ask("/metrics", method="GET")
    assert status == 200
    lines = [line for line in text.splitlines() if line.startswith("notarykit_admission_")]
    return {
        name.removeprefix("notarykit_admission_"): float(value) for name, _, value in (x.rpartition(" ") for x in lines)
    }


async def _ended(program: Process) -> tuple[int, list[dict[str, Any]]]:
    """Ends the program, and returns its exit code and the lines of its log."""
    assert program.process is not None
    program.process.terminate()
    code, log = await program.end()
    return code, [json.loads(line) for line in log.splitlines()]


def test_log(tmp_path: Path) -> None:
    """Each line of the log is JSON, the first and last ones about the program, and between them the verdicts."""

    async def run() -> tuple[int, list[dict[str, Any]]]:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            assert await program.admits(_GOOD)
            assert not await program.admits(_BAD)
            await program.ask("/kubernetes/validate", b"[]")
            return await _ended(program)

    code, lines = asyncio.run(run())
    assert code == 0
    assert [line["event"] for line in lines] == ["log", "verdict", "verdict", "log", "log", "log"]
    verdicts = [line for line in lines if line["event"] == "verdict"]
    assert [(line["reference"], line["outcome"], line["consequence"]) for line in verdicts] == [
        (_GOOD, "skipped", "admitted"),
        (_BAD, "refused", "denied"),
    ]
    assert "registryScopes" in verdicts[1]["reason"]
    assert lines[3]["message"].startswith("/kubernetes/validate 400: ")
    assert lines[-1]["message"] == "the program has ended"


def test_audit(tmp_path: Path) -> None:
    """Where a namespace is only audited, its pods are admitted without a word, and the log and the metrics have it."""

    async def run() -> tuple[int, list[dict[str, Any]]]:
        async with process(tmp_path) as program:
            program.volume.write(
                {**policy_of("r.test/web"), "rules.json": b'{"version": "1", "default": {"mode": "audit"}}'}
            )
            await program.start("--drain", "0")
            _, text = await program.ask("/kubernetes/validate", review_of(_BAD))
            assert json.loads(text)["response"] == {"uid": "u1", "allowed": True}
            labels = 'consequence="audited",door="kubernetes/validate",outcome="refused"'
            assert (await _metrics(program))[f"decisions_total{{{labels}}}"] == 1
            return await _ended(program)

    _, lines = asyncio.run(run())
    (verdict,) = (line for line in lines if line["event"] == "verdict")
    assert (verdict["outcome"], verdict["consequence"], verdict["level"]) == ("refused", "audited", "warning")


def test_log_that_nobody_reads(tmp_path: Path) -> None:
    """A log that is not read, and full, keeps no review waiting, and is whole for whoever reads it later."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            client = await program.connect()
            for _ in range(1500):
                reply = await client.ask("/kubernetes/validate", review_of(_BAD))
                assert reply.status == 200
            client.close()
            # The pipe is full, and the rest waits for a reader.
            code, lines = await _ended(program)
            assert code == 0
            assert len([line for line in lines if line["event"] == "verdict"]) == 1500

    asyncio.run(run())


def test_metrics(tmp_path: Path) -> None:
    """Metrics are served to whoever asks, also where doors need a certificate, and tell of reviews and files."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0", "--client-ca", program.files.ca.ca_file)
            await program.admits(_GOOD)
            await program.admits(_BAD)
            assert (await program.ask("/gatekeeper/verify"))[0] == 403
            found = await _metrics(program)
            labels = 'door="kubernetes/validate"'
            assert found[f'review_seconds_count{{{labels},verdict="admitted"}}'] == 1
            assert found[f'review_seconds_count{{{labels},verdict="denied"}}'] == 1
            assert found['requests_total{path="gatekeeper/verify",status="403"}'] == 1
            assert found["policy_broken"] == 0
            assert found["connections"] >= 1
            program.volume.write({"trustpolicy.json": b"{"})

            async def is_broken() -> bool:
                return (await _metrics(program))["policy_broken"] == 1

            await program.until(is_broken)
            assert (await _metrics(program))["policy_loaded_timestamp_seconds"] == found[
                "policy_loaded_timestamp_seconds"
            ]

    asyncio.run(run())


def test_emptied_trust_store(tmp_path: Path) -> None:
    """A trust store that is emptied leaves the last policy in force, which readiness says with what to do."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            files = policy_of("r.test/other")
            statement = json.loads(policy_files()["trustpolicy.json"])["trustPolicies"][0]
            document = json.loads(files["trustpolicy.json"])
            document["trustPolicies"].append({**statement, "name": "two"})
            program.volume.write({"trustpolicy.json": json.dumps(document).encode()})

            async def is_known() -> bool:
                return "put its root into truststore" in (await program.ask("/readyz", method="GET"))[1]

            await program.until(is_known)
            assert await program.admits(_GOOD)
            assert not await program.admits(_BAD)

    asyncio.run(run())


def test_signal_to_look(tmp_path: Path) -> None:
    """SIGHUP ends nothing, and has changed files taken up."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            program.volume.write(policy_of("r.test/other"))
            assert program.process is not None
            program.process.send_signal(signal.SIGHUP)
            await program.until(lambda: program.admits(_BAD))
            assert not await program.admits(_GOOD)
            code, lines = await _ended(program)
            assert code == 0
            messages = [line["message"] for line in lines if line["event"] == "log"]
            assert len([text for text in messages if text.startswith("other policies count")]) == 1

    asyncio.run(run())


@pytest.mark.parametrize("timeout", ["1s", "10s"])
def test_thousand_containers(tmp_path: Path, timeout: str) -> None:
    """A pod with a thousand containers is denied in time, in one line, with one line of the log."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            review = json.loads(review_of(_GOOD))
            review["request"]["object"]["spec"] = pod_spec(*[f"r.test/app-{number}@{DIGEST}" for number in range(1000)])
            async with asyncio.timeout(20):
                _, text = await program.ask(f"/kubernetes/validate?timeout={timeout}", json.dumps(review).encode())
            response = json.loads(text)["response"]
            assert response["allowed"] is False
            assert "more than 250 images in one request" in response["status"]["message"]
            assert len(response["status"]["message"]) <= 1000
            _, lines = await _ended(program)
            assert [line["images"] for line in lines if line["event"] == "verdict"] == [1000]

    asyncio.run(run())


def test_what_clients_do_wrong(tmp_path: Path) -> None:
    """Malformed, foreign and immense requests are answered, and the next pod is judged as before."""

    async def run() -> None:
        async with process(tmp_path) as program:
            await program.start("--drain", "0")
            for path in ("/kubernetes/validate", "/kyverno/verify", "/image-policy", "/v1/verify"):
                for body in (b"", b"{", b"[" * 100_000, b"\x00" * 1000, b'"' + b"\xff" * 1000):
                    assert (await program.ask(path, body))[0] == 400
                assert (await program.ask(path, b"[" * 10_000_000))[0] == 413
            assert (await program.ask("/kubernetes/../metrics"))[0] == 404
            assert (await program.ask("/metrics"))[0] == 405
            assert await program.admits(_GOOD)
            code, lines = await _ended(program)
            assert code == 0
            assert not [line for line in lines if "error" in line]

    asyncio.run(run())


def test_port_in_use(tmp_path: Path) -> None:
    """Where somebody else listens at the port, the program says so in one line, and ends."""

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            async with process(tmp_path) as program:
                await program.begin("--port", str(port))
                code, log = await program.end()
        assert code == 3
        advice = "end the program that listens there, or choose another --port"
        assert log == f"Error: 127.0.0.1 port {port} cannot be listened at: Address already in use: {advice}\n"

    asyncio.run(run())
