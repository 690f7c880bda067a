"""Running Fulcio, with a CA in files, and issuers of each kind that it knows."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from notarykit.keys.pem import read_certificates
from tests.servers.identity.issuer import AUDIENCE, Issuer
from tests.servers.registry.certificates import KeyPair
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen, forward
from tests.servers.registry.running import started
from tests.servers.timestamp.relay import Relay
from tests.support import requirements
from tests.support.ca import Changes, Extension, TestChain, make_chain
from tests.support.polling import poll

_PORT, _GRPC_PORT, _METRICS_PORT = 5555, 5554, 5553
_PASSWORD = "password of the CA's key"
KEY_ID = "fulcio"
# Fulcio requires it of an intermediate CA.
_FOR_CODE: Extension = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False
# The generic kind, whose subjects are templates of the operator's own.
_TEMPLATES = {
    "ci": {
        "DefaultTemplateValues": {"url": "https://ci.example"},
        "SubjectAlternativeNameTemplate": "{{ .url }}/{{ .pipeline }}",
    }
}


class Fulcio(RecordingServer):
    """Fulcio behind TLS; `seen` has what it was asked.

    Attributes:
        answers: Prepared answers by path, in place of its own.
        changes: Changes of its own answers, by path.
        upstream: Address at which Fulcio answers without TLS.
        issuers: Issuers that it accepts, by kind.
    """

    def __init__(self, certificate: KeyPair, upstream: str, issuers: Mapping[str, Issuer]) -> None:
        """Names the address at which Fulcio answers without TLS."""
        super().__init__(certificate)
        self.upstream = upstream
        self.issuers = issuers
        self.answers: dict[str, Reply] = {}
        self.changes: dict[str, Callable[[Seen, Reply], Reply]] = {}

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Has a request answered."""
        if seen.path in self.answers:
            return connection.reply(self.answers[seen.path])
        reply = forward(self.upstream, seen, seen.target)
        if seen.path in self.changes:
            reply = self.changes[seen.path](seen, reply)
        return connection.reply(reply)

    @property
    def root(self) -> bytes:
        """Root certificate in DER, of the trust bundle."""
        seen = Seen("GET", "", _host(self.upstream), b"")
        (chain,) = json.loads(forward(self.upstream, seen, "/api/v2/trustBundle").body)["chains"]
        return read_certificates(chain["certificates"][-1].encode(), "root")[0]


def _host(name: str) -> Message:
    message = Message()
    message["Host"] = name
    return message


class _Files(NamedTuple):
    config: Path
    settings: Path
    socket: Path


@contextlib.contextmanager
def running(program: str, certificate: KeyPair, ca_file: str, issuers: Mapping[str, Issuer]) -> Iterator[Fulcio]:
    """Runs Fulcio until the context is left.

    Args:
        program: The program.
        certificate: Certificate of this machine, for Fulcio and the issuers.
        ca_file: CA of that certificate.
        issuers: Issuers by the kind that Fulcio's configuration gives them.
    """
    with tempfile.TemporaryDirectory(prefix="fulcio-") as name:
        folder = Path(name)
        files = _write(folder, certificate, ca_file, issuers)
        command = [
            requirements.program("unshare"), "--net", sys.executable, "-I",
            str(Path(__file__).with_name("enclosed.py")), str(files.settings),
            # It dies with the process that encloses it.
            requirements.program("setpriv"), "--pdeathsig", "KILL", program, "serve", "--host=127.0.0.1",
            f"--port={_PORT}", "--grpc-host=127.0.0.1", f"--grpc-port={_GRPC_PORT}", f"--metrics-port={_METRICS_PORT}",
            f"--legacy-unix-domain-socket={folder / 'grpc'}", "--ct-log-url=", f"--config-path={files.config}",
            *_file_ca(folder, make_chain("EC-256", 3, cas={1: Changes(put=(_FOR_CODE,))})),
        ]  # fmt: skip
        with started(command, {"HOME": name}, "listening on http at "):
            poll(files.socket.exists)
            with (
                Relay(str(files.socket)) as relay,
                Fulcio(certificate, f"127.0.0.1:{relay.port}", issuers) as server,
            ):
                poll(lambda: _is_up(server))
                yield server


def _is_up(server: Fulcio) -> bool:
    try:
        return bool(server.root)
    except (OSError, ValueError, KeyError):
        return False


def _write(folder: Path, certificate: KeyPair, ca_file: str, issuers: Mapping[str, Issuer]) -> _Files:
    files = _Files(folder / "config.json", folder / "settings.json", folder / "socket")
    entries = {}
    for kind, issuer in issuers.items():
        more = {
            "uri": {"SubjectDomain": issuer.url.rpartition(":")[0]},
            "username": {"SubjectDomain": "127.0.0.1"},
            "spiffe": {"SPIFFETrustDomain": "acme.example"},
            "ci-provider": {"CIProvider": "ci"},
        }.get(kind, {})
        entries[issuer.url] = {"IssuerURL": issuer.url, "ClientID": AUDIENCE, "Type": kind, **more}
    files.config.write_text(json.dumps({"OIDCIssuers": entries, "CIIssuerMetadata": _TEMPLATES}))
    pages = {issuer.port: issuer.pages for issuer in issuers.values()}
    files.settings.write_text(
        json.dumps(
            {
                "issuers": pages,
                "certificate": certificate.certificate,
                "key": certificate.key,
                "ca": ca_file,
                "port": _PORT,
                "socket": os.fspath(files.socket),
            }
        )
    )
    return files


def _file_ca(folder: Path, chain: TestChain) -> list[str]:
    """Writes the CAs of a chain and the encrypted key of the first, and returns the arguments that name them.

    The CA that Fulcio makes in memory has a country of three letters, of which the X.509 library warns.
    """
    key = chain.keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(_PASSWORD.encode()))
    (folder / "ca.key").write_bytes(key)
    (folder / "ca.pem").write_bytes(b"".join(chain.pems[1:]))
    return [
        "--ca=fileca", f"--fileca-cert={folder / 'ca.pem'}", f"--fileca-key={folder / 'ca.key'}",
        f"--fileca-key-passwd={_PASSWORD}", "--fileca-watch=false",
    ]  # fmt: skip
