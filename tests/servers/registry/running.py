"""What every registry of the tests looks like from outside, and the processes behind some of them."""

import base64
import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.servers.registry.certificates import KeyPair, RegistryCA

SECONDS_TO_START = 30.0
SECONDS_TO_END = 5.0


class Credentials(NamedTuple):
    """A name and a password."""

    name: str
    password: str

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return f"Basic {base64.b64encode(f'{self.name}:{self.password}'.encode()).decode()}"


# A colon, a space, a plus, a percent sign and a letter outside ASCII: each is lost by some wrong way of encoding.
CREDENTIALS = Credentials("tester", "open sesame: ü&+%")


class Registry(NamedTuple):
    """A registry that runs.

    Attributes:
        port: Where it listens, on 127.0.0.1 only.
        ca_file: The certificates that its own is to be verified with, or None where it speaks plain HTTP.
        credentials: The name and password that it, or its token server, accepts; None where anyone may do anything.
        client: The certificate that clients can show, where one is required.
        log: The file that takes what it writes about itself.
    """

    port: int
    ca_file: str | None = None
    credentials: Credentials | None = None
    client: KeyPair | None = None
    log: str = os.devnull

    @property
    def address(self) -> str:
        """The address by number."""
        return f"127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """The address by name, which clients of registries may take as a permission to speak plain HTTP."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """The address by number with its scheme."""
        return f"{'http' if self.ca_file is None else 'https'}://{self.address}"


class Tls(NamedTuple):
    """The files of a registry that speaks TLS; all are None for one that does not."""

    pair: KeyPair | None
    ca_file: str | None
    client: KeyPair | None

    @classmethod
    def of(cls, ca: RegistryCA, *, server: bool | KeyPair, client_certificates: bool) -> "Tls":
        """Choose the usual certificates where no particular one is asked for."""
        if not server and client_certificates:
            raise ValueError("client certificates need TLS")
        if not server:
            return cls(None, None, None)
        pair = server if isinstance(server, KeyPair) else ca.server()
        return cls(pair, ca.ca_file, ca.client() if client_certificates else None)


@contextlib.contextmanager
def started(command: Sequence[str], environment: Mapping[str, str], announces: str) -> Iterator[tuple[int, str]]:
    """Run a server until the context is left; yield its port and the file that takes its log.

    Args:
        command: The program and its arguments.
        environment: Variables that are added to the present ones.
        announces: What stands before the address in the line that tells it; both output streams are read.
    """
    with tempfile.TemporaryDirectory() as folder:
        log_file = os.path.join(folder, "log")
        process = subprocess.Popen(
            command, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        )  # fmt: skip
        output = _Output(process, announces, log_file)
        try:
            output.start()
            yield output.port(), log_file
        finally:
            _stop(process)
            output.join()
            assert process.stdin is not None
            process.stdin.close()


class _Output(threading.Thread):
    """Keeps what a server writes, so that no pipe fills, and finds its port therein."""

    def __init__(self, process: subprocess.Popen[str], announces: str, log_file: str) -> None:
        super().__init__(name="output of a server")
        self._process = process
        self._announces = announces
        self._log_file = log_file
        self._found = threading.Event()
        self._port: int | None = None

    def run(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines, open(self._log_file, "w", encoding="utf-8", buffering=1) as log:
            for line in lines:
                log.write(line)
                if self._port is None:
                    self._port = self._port_in(line)
                if self._port is not None:
                    self._found.set()
        self._found.set()

    def _port_in(self, line: str) -> int | None:
        _, mark, rest = line.partition(f"{self._announces}127.0.0.1:")
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        return int(digits) if mark and digits else None

    def port(self) -> int:
        """Wait for the port; a server that ends before it tells one is an error that shows its log."""
        told = self._found.wait(SECONDS_TO_START)
        if self._port is None:
            reason = "ended" if told else "told no address in time"
            with open(self._log_file, encoding="utf-8") as log:
                raise RuntimeError(f"the server {reason}:\n{log.read()}")
        return self._port


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
