"""Prometheus reads the admission program's metrics: the server over TLS, and its own check of their form."""

import asyncio
import contextlib
import http.client
import json
import subprocess
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.support.ports import ATTEMPTS, free_port
from tests.support.requirements import program
from tests.unit.admission.program.processes import DIGEST, Process, process

_GOOD, _BAD = f"r.test/web@{DIGEST}", f"r.test/other@{DIGEST}"
_CONFIGURATION = """
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: admission
  scheme: https
  tls_config: {{ca_file: {ca_file}}}
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


async def _asked(program_: Process) -> None:
    """Asks a program that only Gatekeeper's certificate lets through its doors, so that there is something to count."""
    await program_.start("--drain", "0", "--client-ca", program_.files.ca.ca_file)
    await program_.admits(_GOOD)
    await program_.admits(_BAD)
    await program_.admits(_BAD)


class _Prometheus:
    """Prometheus that runs.

    Args:
        port: Its port.
    """

    def __init__(self, port: int) -> None:
        self._port = port

    def _get(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return json.load(connection.getresponse())

    def values(self, query: str) -> dict[str, float]:
        """Returns the values that a query finds, by the label `outcome`."""
        found = self._get(f"/api/v1/query?{urllib.parse.urlencode({'query': query})}")["data"]["result"]
        return {each["metric"].get("outcome", ""): float(each["value"][1]) for each in found}

    def is_ready(self) -> bool:
        """Tells whether it answers."""
        try:
            self._get("/api/v1/targets")
        except (OSError, ValueError):
            return False
        return True


@contextlib.asynccontextmanager
async def _prometheus(path: str, folder: Path, target: Process) -> AsyncIterator[_Prometheus]:
    configuration = folder / "prometheus.yml"
    configuration.write_text(_CONFIGURATION.format(ca_file=target.files.ca.ca_file, port=target.port))
    for _ in range(ATTEMPTS):
        port = free_port()
        running = await asyncio.create_subprocess_exec(
            *(path, f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"),
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            server = _Prometheus(port)
            while running.returncode is None and not server.is_ready():  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.1)
            if running.returncode is None:
                yield server
                return
        finally:
            if running.returncode is None:
                running.terminate()
            await running.wait()
    raise AssertionError("Prometheus does not start")


def test_metrics_are_read(tmp_path: Path) -> None:
    """A server of Prometheus without a certificate of its own finds in them what was decided."""
    path = program("prometheus")

    async def run() -> None:
        async with process(tmp_path) as target:
            await _asked(target)
            async with _prometheus(path, tmp_path, target) as server:
                while not server.values("up == 1"):  # noqa: ASYNC110 - it reads in its own time
                    await asyncio.sleep(0.1)
                query = "sum by (outcome) (notarykit_admission_decisions_total)"
                assert server.values(query) == {"skipped": 1, "refused": 2}
                assert server.values("notarykit_admission_policy_broken") == {"": 0}
                hours = "(notarykit_admission_tls_certificate_end_timestamp_seconds - time()) / 3600"
                (left,) = server.values(hours).values()
                assert 24 * 29 < left < 24 * 30

    asyncio.run(run())


def test_form_of_the_metrics(tmp_path: Path) -> None:
    """Prometheus' own check finds nothing wrong with their names, types, units and texts."""

    async def run() -> str:
        async with process(tmp_path) as target:
            await _asked(target)
            _, text = await target.ask("/metrics", method="GET")
            return str(text)

    check = [program("promtool"), "check", "metrics"]
    done = subprocess.run(check, input=asyncio.run(run()), text=True, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
