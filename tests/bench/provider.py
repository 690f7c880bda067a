"""Providers of external data, as processes, and how fast they answer to a client in Go."""

import base64
import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.interop.go_peer import Peer
from tests.servers.registry.certificates import KeyPair, RegistryCA

_SECONDS_TO_START = _SECONDS_TO_END = 30.0
_KIBIBYTES = 1024
_TICKS = os.sysconf("SC_CLK_TCK")


class Times(NamedTuple):
    """What a client saw.

    Attributes:
        rate: Answers a second.
        p99: Milliseconds within which 99 of 100 answers came.
    """

    rate: float
    p99: float


class Provider(NamedTuple):
    """Provider that runs.

    Attributes:
        pid: Its process.
        url: Where it verifies.
        ca: CA of its certificate.
        client: Certificate that it accepts.
    """

    pid: int
    url: str
    ca: RegistryCA
    client: KeyPair

    def ask(self, peer: Peer, references: Sequence[str], clients: int, rounds: int = 1) -> Times:
        """Asks for each reference by itself, as often as `rounds` says, over connections that are open already."""
        answer = peer.ask(
            "benchPosts",
            url=self.url,
            root=base64.b64encode(Path(self.ca.ca_file).read_bytes()).decode(),
            chainFile=self.client.certificate,
            keyFile=self.client.key,
            references=references,
            workers=clients,
            rounds=rounds,
        )
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        return Times(answer["perSecond"], answer["p99"] * 1000)

    def cpu_seconds(self) -> float:
        """Seconds of the processor so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def mebibytes(self) -> float:
        """The largest resident set so far."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / _KIBIBYTES


@contextlib.contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], port: int, log: Path) -> Iterator[int]:
    """Runs a server until the context is left; yields its process when somebody listens at its port."""
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        try:
            _wait_for(port, process, log)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.002)
    raise RuntimeError(f"no server at port {port}:\n{log.read_text()}")
