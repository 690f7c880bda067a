"""A registry that is named by its IPv6 address."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from notarykit.envelope.descriptor import digest_of
from notarykit.oci.reference import parse_reference
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from notarykit.oci.registry.repository import RegistryRepository
from tests.support.requirements import leave_out

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE}).encode()


class _Answers(http.server.BaseHTTPRequestHandler):
    """Has one manifest, and notes for whom it was asked."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path))
        self.send_response(200)
        self.send_header("Content-Type", MANIFEST_TYPE)
        self.send_header("Content-Length", str(len(MANIFEST)))
        self.end_headers()
        self.wfile.write(MANIFEST)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""


class _Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@pytest.fixture
def server() -> Iterator[_Server]:
    """A server at the loopback address of IPv6."""
    _Answers.asked = []
    try:
        listening = _Server(("::1", 0), _Answers)
    except OSError as error:
        leave_out(f"needs IPv6 at the loopback address: {error}", "turn it on in the system's settings")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with listening:
        yield listening
        listening.shutdown()
        thread.join()


def test_an_address_in_brackets(server: _Server) -> None:
    """A reference leads to the address in brackets, with its port, and requests name it so."""
    reference = parse_reference(f"[::1]:{server.server_port}/hello:v1")
    name = reference.registry
    host = RegistryHost(name, RegistrySettings(plain_http=frozenset([name])))
    try:
        found = RegistryRepository(host, reference.name).resolve(reference.identifier)
    finally:
        host.close()
    assert found.digest == digest_of(MANIFEST)
    assert _Answers.asked == [(name, "/v2/hello/manifests/v1")]
