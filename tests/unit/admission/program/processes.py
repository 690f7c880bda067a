"""The program as a process, for tests."""

import asyncio
import contextlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.unit.admission.policy.setups import files as policy_files
from tests.unit.admission.policy.volumes import Volume
from tests.unit.admission.server.serving import Client, Files, make_files
from tests.unit.admission.workload.workloads import pod_spec

SECONDS = 60
DIGEST = f"sha256:{'ab' * 32}"


def policy_of(scope: str) -> dict[str, bytes]:
    """Returns files whose policy skips one repository, and refuses all others without asking a registry."""
    statement = {"name": "one", "registryScopes": [scope], "signatureVerification": {"level": "skip"}}
    document = json.dumps({"version": "1.0", "trustPolicies": [statement]}).encode()
    return {**policy_files(), "trustpolicy.json": document}


def review_of(image: str) -> bytes:
    """Returns a review of a pod with an image."""
    request = {
        "uid": "u1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "object": {"spec": pod_spec(image)},
    }
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


class Process:
    """The program in a process of its own.

    Attributes:
        port: Its port, when it serves.
    """

    def __init__(self, folder: Path) -> None:
        self.volume = Volume(folder / "policy")
        self.volume.write(policy_of("r.test/web"))
        self.files: Files = make_files(folder / "tls")
        self._environment = {**os.environ, "HOME": str(folder), "NOTATION_CONFIG": str(folder / "none")}
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None

    async def begin(self, *arguments: str) -> None:
        """Starts it."""
        tls = self.files.tls
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "notarykit_admission", "--policy", str(self.volume.folder)),
            *("--certificate", tls.certificate, "--key", tls.key, "--address", "127.0.0.1", "--port", "0", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
        )

    async def start(self, *arguments: str) -> None:
        """Starts it, and waits until it serves."""
        await self.begin(*arguments)
        assert self.process is not None
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode()
        assert line.startswith("Listening at 127.0.0.1:"), line
        self.port = int(line.rpartition(":")[2])

    async def connect(self, ca_file: str = "") -> Client:
        """Opens a connection."""
        context = ssl.create_default_context(cafile=ca_file or self.files.ca.ca_file)
        return Client(*await asyncio.open_connection("127.0.0.1", self.port, ssl=context))

    async def ask(self, path: str, body: bytes = b"{}", method: str = "POST") -> Any:
        """Asks once, by a connection of its own, and returns the status and the text."""
        client = await self.connect()
        reply = await client.ask(path, body, method)
        client.close()
        return reply[:2]

    async def admits(self, image: str) -> bool:
        """Tells whether a pod is admitted."""
        _, text = await self.ask("/kubernetes/validate", review_of(image))
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
async def process(folder: Path) -> AsyncIterator[Process]:
    """Makes the program, and ends what is left of it."""
    running = Process(folder)
    try:
        async with asyncio.timeout(2 * SECONDS):
            yield running
    finally:
        if running.process is not None and running.process.returncode is None:
            running.process.kill()
            await running.process.wait()
