"""Sigstore's timestamp authority, with the chain that it makes for itself when it starts.

Its metrics listen on every interface and cannot be turned off, so it has a network of its own; it answers on a Unix
socket, which a port of 127.0.0.1 leads to.
"""

import contextlib
import os
import queue
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.interop import go_build
from tests.servers.timestamp.authority import SECONDS_TO_ANSWER, Authority
from tests.servers.timestamp.relay import Relay
from tests.support import requirements
from tests.support.requirements import require_build, require_namespaces

SOURCES = Path(__file__).with_name("sigstore")
SECONDS_TO_START = 30.0
SECONDS_TO_END = 5.0
_READY = "Serving timestamp server at unix://"


def build() -> str:
    """Return the path of the program, built first where the cache has none and that is asked for."""
    require_namespaces("--net")
    is_built = go_build.place("timestamp-server", SOURCES).exists()
    require_build("sigstore", is_built=is_built, needs=["go 1.25"])
    return go_build.build("timestamp-server", SOURCES)


@contextlib.contextmanager
def running(program: str, *, chain_in_response: bool = True) -> Iterator[Authority]:
    """Run an authority until the context is left.

    Args:
        program: The program.
        chain_in_response: Whether a client that asks for certificates gets the whole chain, or the leaf alone.
    """
    # Not a folder of pytest's: the address of a socket is 107 bytes long at most.
    with tempfile.TemporaryDirectory(prefix="tsa-") as folder:
        socket = os.path.join(folder, "socket")
        command = [
            *_namespace(), program, "serve", "--scheme=unix", f"--socket-path={socket}", "--timestamp-signer=memory",
            "--disable-ntp-monitoring", f"--include-chain-in-response={str(chain_in_response).lower()}",
        ]  # fmt: skip
        # It reads settings from the home and from where it is started.
        with _started(command, folder), Relay(socket) as relay:
            api = f"http://127.0.0.1:{relay.port}/api/v1/timestamp"
            yield Authority(api, _chain(api))


def _namespace() -> list[str]:
    # The server ends with the test run, however that ends.
    return [requirements.program("unshare"), "--net", requirements.program("setpriv"), "--pdeathsig", "KILL"]


@contextlib.contextmanager
def _started(command: list[str], folder: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, cwd=folder, env=os.environ | {"HOME": folder}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    output = threading.Thread(target=_read, args=(process, lines), name="output of a timestamp authority")
    output.start()
    try:
        _await_ready(lines)
        yield
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        output.join()


def _read(process: subprocess.Popen[str], lines: "queue.SimpleQueue[str | None]") -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line)
    lines.put(None)


def _await_ready(lines: "queue.SimpleQueue[str | None]") -> None:
    said = ""
    while _READY not in said:
        try:
            line = lines.get(timeout=SECONDS_TO_START)
        except queue.Empty:
            raise RuntimeError(f"the timestamp authority is not ready in time:\n{said}") from None
        if line is None:
            raise RuntimeError(f"the timestamp authority ended:\n{said}")
        said += line


def _chain(api: str) -> tuple[bytes, ...]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{api}/certchain", timeout=SECONDS_TO_ANSWER) as answer:
        certificates = x509.load_pem_x509_certificates(answer.read())
    return tuple(each.public_bytes(Encoding.DER) for each in certificates)
