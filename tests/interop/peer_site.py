"""Web site, timestamp authority and revocation data for the Go peer."""

import base64
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import ocsp

from tests.interop.go_peer import Peer
from tests.support.ca import Changes, TestChain, crl_at, make_chain, ocsp_at
from tests.support.requirements import program, require

MESSAGE = b"a signature"
HOUR = timedelta(hours=1)
TST_INFO = "1.2.840.113549.1.9.16.1.4"
SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")
NO_METHOD = {"server": "", "result": "NonRevokable", "method": "Unknown", "error": ""}
NOT_REVOKABLE = {"result": "NonRevokable", "method": "Unknown", "servers": [NO_METHOD]}


class Reply(NamedTuple):
    """Response of the site."""

    body: bytes = b""
    status: int = 200
    location: str = ""


Page = Callable[[bytes], Reply]


class Site(ThreadingHTTPServer):
    """Web site that serves pages by the first segment of the path.

    Attributes:
        pages: The pages by name, each called with the body of the request.
        asked: The names of the requested pages, in order.
    """

    def __init__(self) -> None:
        """Takes a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []

    def url(self, name: str) -> str:
        """Returns the URL of a page."""
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def put(self, name: str, body: bytes) -> str:
        """Adds a page with a fixed body, and returns its URL."""
        self.pages[name] = lambda _: Reply(body)
        return self.url(name)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        name = urlsplit(self.path).path.split("/")[1]
        self.server.asked.append(name)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        page = self.server.pages.get(name)
        reply = page(body) if page else Reply(status=404)
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(reply.body)))
        if reply.location:
            self.send_header("Location", reply.location)
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Keeps quiet."""


def base64_text(content: bytes) -> str:
    """Returns bytes in base64."""
    return base64.b64encode(content).decode()


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run([program("openssl"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Tsa:
    """Timestamp authority by `openssl ts`.

    Attributes:
        chain: Its chain.
        folder: Where its files are; `reply` is its last response.
    """

    def __init__(self, folder: Path, chain: TestChain | None = None) -> None:
        """Writes what the command reads."""
        require("openssl")  # here, and not first in a server's thread
        self.chain = chain or make_chain("RSA-2048", purpose="timestamping")
        self.folder = folder
        folder.mkdir()
        (folder / "serial").write_text("01")
        (folder / "signer.pem").write_bytes(self.chain.pems[0])
        (folder / "signer.key").write_bytes(self.chain.key_pem)
        (folder / "chain.pem").write_bytes(b"".join(self.chain.pems[1:]))
        (folder / "settings").write_text(
            f"[tsa]\nserial = {folder}/serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\n"
            "digests = sha256, sha384, sha512\naccuracy = secs:1, millisecs:500, microsecs:100\n"
            "ess_cert_id_alg = sha256\n"
        )

    @property
    def root(self) -> str:
        """Root certificate in base64."""
        return base64_text(self.chain.ders[-1])

    def answer(self, query: bytes) -> Reply:
        """Answers a timestamp query."""
        asked, reply = self.folder / "query", self.folder / "reply"
        asked.write_bytes(query)
        _openssl("ts", "-reply", *self._as_signer("query"), "-out", reply)
        return Reply(reply.read_bytes())

    def token(self, message: bytes = MESSAGE) -> bytes:
        """Makes a token for a message without HTTP."""
        (self.folder / "message").write_bytes(message)
        query, token = self.folder / "own", self.folder / "token"
        _openssl("ts", "-query", "-data", self.folder / "message", "-sha256", "-cert", "-out", query)
        _openssl("ts", "-reply", *self._as_signer("own"), "-token_out", "-out", token)
        return token.read_bytes()

    def _as_signer(self, query: str) -> list[str | Path]:
        at = self.folder
        files = {"-signer": "signer.pem", "-inkey": "signer.key", "-chain": "chain.pem", "-queryfile": query}
        named = [part for option, file in files.items() for part in (option, at / file)]
        return ["-config", at / "settings", "-section", "tsa", *named]

    def signed_with(self, other: "Tsa", message: bytes = MESSAGE) -> bytes:
        """Makes a token that another authority has signed as well."""
        (self.folder / "single").write_bytes(self.token(message))
        info, both, more = (self.folder / name for name in ("info", "both", "more.pem"))
        _openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", self.folder / "single", "-out", info)
        more.write_bytes(b"".join((*self.chain.pems[1:], *other.chain.pems[1:])))
        signers = [
            part
            for at in (self.folder, other.folder)
            for part in ("-signer", at / "signer.pem", "-inkey", at / "signer.key")
        ]
        content = ["-econtent_type", TST_INFO, "-binary", "-nodetach", "-cades", "-nosmimecap", "-md", "sha256"]
        _openssl("cms", "-sign", *signers, "-certfile", more, *content, "-in", info, "-outform", "DER", "-out", both)
        return both.read_bytes()


def revocable_chain(
    *urls: str, responder: str = "", purpose: str = "code signing", ca_kind: str = "EC-256"
) -> TestChain:
    """Makes a chain of three whose leaf names a responder or CRLs."""
    named = [*([ocsp_at(responder)] if responder else []), *([crl_at(*urls)] if urls else [])]
    spec = "RSA-2048" if purpose == "timestamping" else "EC-256"
    return make_chain(spec, purpose=purpose, ca_kind=ca_kind, leaf=Changes(put=tuple(named)))


def leaf_entry(
    chain: TestChain, reason: x509.ReasonFlags | None = None, invalid_from: datetime | None = None
) -> x509.RevokedCertificate:
    """Makes an entry of the leaf, revoked an hour ago."""
    builder = x509.RevokedCertificateBuilder(chain.certificates[0].serial_number, datetime.now(UTC) - HOUR)
    if reason:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if invalid_from:
        builder = builder.add_extension(x509.InvalidityDate(invalid_from), critical=False)
    return builder.build()


def leaf_crl(
    chain: TestChain,
    *entries: x509.RevokedCertificate,
    number: int | None = 1,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """Makes a CRL of the leaf's issuer."""
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder(chain.subjects[1], now - HOUR, now + HOUR, [], list(entries))
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(chain.keys[1], hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def leaf_response(
    chain: TestChain, status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD, next_update: datetime | None = None
) -> bytes:
    """Makes an OCSP response by the leaf's issuer."""
    leaf, issuer = chain.certificates[:2]
    now = datetime.now(UTC)
    revoked = now - HOUR if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf, issuer, hashes.SHA1(), status, now - HOUR, next_update, revoked, None
    )
    answer = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer).sign(chain.keys[1], hashes.SHA256())
    return answer.public_bytes(serialization.Encoding.DER)


def signed_with_sha1(chain: TestChain, der: bytes, tbs: bytes, signature: bytes) -> bytes:
    """Signs again with SHA-1 what an RSA key of the leaf's issuer has signed with SHA-256."""
    changed = tbs.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    weak = chain.keys[1].sign(changed, padding.PKCS1v15(), hashes.SHA1())
    return der.replace(SHA256_WITH_RSA, SHA1_WITH_RSA).replace(signature, weak)


def leaf_state(peer: Peer, chain: TestChain, **members: object) -> dict[str, Any]:
    """Returns the Go library's state of the leaf, and checks those of the certificates above."""
    purpose = {"purpose": "codeSigning", **members}
    answer = peer.ask("revocationCheck", chain=[base64_text(der) for der in chain.ders], **purpose)
    assert answer["ok"], answer["error"]
    leaf, *others = answer["results"]
    assert others == [NOT_REVOKABLE] * (len(chain.ders) - 1)
    assert isinstance(leaf, dict)
    return leaf


def only_server(state: Mapping[str, Any]) -> dict[str, str]:
    """Returns the one server result of a state."""
    (server,) = state["servers"]
    assert isinstance(server, dict)
    return server
