"""What the Go peer says of timestamps and revocation: each operation on a good and a bad case, and the libraries' ways.

The second half holds on to what the Go libraries do where the specifications leave room or say otherwise.
"""

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import ocsp

from tests.interop.go_peer import Peer, build
from tests.support.ca import Changes, TestChain, crl_at, make_chain, ocsp_at
from tests.support.envelopes import COSE, FORMATS
from tests.support.homes import SCOPE, Home, policy_document
from tests.support.layouts import make_layout
from tests.support.requirements import program, require

MESSAGE = b"a signature"
HOUR = timedelta(hours=1)
TST_INFO = "1.2.840.113549.1.9.16.1.4"
SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")
NO_METHOD = {"server": "", "result": "NonRevokable", "method": "Unknown", "error": ""}
NOT_ASKED = {"result": "NonRevokable", "method": "Unknown", "servers": [NO_METHOD]}


class Reply(NamedTuple):
    """What the site answers."""

    body: bytes = b""
    status: int = 200
    location: str = ""


Page = Callable[[bytes], Reply]


class Site(ThreadingHTTPServer):
    """A tiny web site; what comes after a page's name in the path, as in an OCSP request, is of no interest.

    Attributes:
        pages: The pages by name, each of which gets the body of the request.
        asked: The names that were asked for, in order.
    """

    def __init__(self) -> None:
        """Takes a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []

    def url(self, name: str) -> str:
        """The address of a page."""
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def put(self, name: str, body: bytes) -> str:
        """Makes a page that is always the same, and returns its address."""
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


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of one test."""
    with Site() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run([program("openssl"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Tsa:
    """A timestamping authority that is `openssl ts`.

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
        """The root, as requests have it."""
        return _b64(self.chain.ders[-1])

    def answer(self, query: bytes) -> Reply:
        """The page of the authority."""
        asked, reply = self.folder / "query", self.folder / "reply"
        asked.write_bytes(query)
        _openssl("ts", "-reply", *self._as_signer("query"), "-out", reply)
        return Reply(reply.read_bytes())

    def token(self, message: bytes = MESSAGE) -> bytes:
        """A token for a message, without any HTTP."""
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
        """A token that another authority has signed as well."""
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


@pytest.fixture
def tsa(tmp_path: Path) -> Tsa:
    """An authority whose certificates name nobody to ask about their revocation."""
    return Tsa(tmp_path / "tsa")


def _revocable(*urls: str, responder: str = "", purpose: str = "code signing", ca_kind: str = "EC-256") -> TestChain:
    """A chain of three whose leaf names a responder or CRLs."""
    named = [*([ocsp_at(responder)] if responder else []), *([crl_at(*urls)] if urls else [])]
    spec = "RSA-2048" if purpose == "timestamping" else "EC-256"
    return make_chain(spec, purpose=purpose, ca_kind=ca_kind, leaf=Changes(put=tuple(named)))


def _entry(
    chain: TestChain, reason: x509.ReasonFlags | None = None, invalid_from: datetime | None = None
) -> x509.RevokedCertificate:
    """An entry of the leaf, revoked an hour ago."""
    builder = x509.RevokedCertificateBuilder(chain.certificates[0].serial_number, datetime.now(UTC) - HOUR)
    if reason:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if invalid_from:
        builder = builder.add_extension(x509.InvalidityDate(invalid_from), critical=False)
    return builder.build()


def _crl(
    chain: TestChain,
    *entries: x509.RevokedCertificate,
    number: int | None = 1,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A CRL of the leaf's issuer."""
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder(chain.subjects[1], now - HOUR, now + HOUR, [], list(entries))
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(chain.keys[1], hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _status(
    chain: TestChain, status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD, next_update: datetime | None = None
) -> bytes:
    """An OCSP response of the leaf's issuer itself."""
    leaf, issuer = chain.certificates[:2]
    now = datetime.now(UTC)
    revoked = now - HOUR if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf, issuer, hashes.SHA1(), status, now - HOUR, next_update, revoked, None
    )
    answer = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, issuer).sign(chain.keys[1], hashes.SHA256())
    return answer.public_bytes(serialization.Encoding.DER)


def _with_sha1(chain: TestChain, der: bytes, tbs: bytes, signature: bytes) -> bytes:
    """What an RSA key of the leaf's issuer has signed with SHA-256, signed with SHA-1 in its place."""
    changed = tbs.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    weak = chain.keys[1].sign(changed, padding.PKCS1v15(), hashes.SHA1())
    return der.replace(SHA256_WITH_RSA, SHA1_WITH_RSA).replace(signature, weak)


def _check(peer: Peer, chain: TestChain, **members: object) -> dict[str, Any]:
    """The state of the leaf; the others, which name nothing to ask, are looked at here."""
    purpose = {"purpose": "codeSigning", **members}
    answer = peer.ask("revocationCheck", chain=[_b64(der) for der in chain.ders], **purpose)
    assert answer["ok"], answer["error"]
    leaf, *others = answer["results"]
    assert others == [NOT_ASKED] * (len(chain.ders) - 1)
    assert isinstance(leaf, dict)
    return leaf


def _only(state: Mapping[str, Any]) -> dict[str, str]:
    """The one server result of a state."""
    (server,) = state["servers"]
    assert isinstance(server, dict)
    return server


# Timestamps.


def test_a_token_is_verified(peer: Peer, tsa: Tsa) -> None:
    """The answer has the time, the accuracy in nanoseconds and the subjects from leaf to root."""
    answer = peer.ask("timestampVerify", token=_b64(tsa.token()), message=_b64(MESSAGE), roots=[tsa.root])
    assert answer["ok"], answer["error"]
    assert abs(datetime.fromisoformat(answer["value"]) - datetime.now(UTC)) < HOUR
    assert answer["accuracy"] == 1_500_100_000
    assert [subject.split(",")[0] for subject in answer["subjects"]] == [
        "CN=wabbit-networks.io", "CN=Intermediate CA 1", "CN=Root CA"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"message": _b64(b"another")}, "mismatched message"),
        ({"token": ""}, "no timestamp countersignature was found"),
        ({"token": _b64(b"0\0")}, "failed to parse timestamp countersignature"),
        ({"roots": []}, "no trusted TSA certificate found"),
        ({"roots": [_b64(make_chain().ders[-1])]}, "failed to verify the timestamp countersignature"),
        ({"roots": [_b64(b"0\0")]}, "certificate 0: "),
        ({"at": "2100-01-01T00:00:00Z"}, "certificate has expired or is not yet valid"),
    ],
)
def test_a_token_is_refused(peer: Peer, tsa: Tsa, changes: Mapping[str, object], error: str) -> None:
    """One thing is wrong with a good request."""
    good = {"token": _b64(tsa.token()), "message": _b64(MESSAGE), "roots": [tsa.root]}
    answer = peer.ask("timestampVerify", **{**good, **changes})
    assert not answer["ok"]
    assert error in answer["error"]


@pytest.mark.parametrize("name", ["SHA-256", "SHA-384", "SHA-512"])
def test_a_token_is_fetched(peer: Peer, site: Site, tsa: Tsa, name: str) -> None:
    """The token that comes is one that is verified."""
    site.pages["tsa"] = tsa.answer
    stamped = peer.ask("stamp", message=_b64(MESSAGE), url=site.url("tsa"), root=tsa.root, hash=name)
    assert stamped["ok"], stamped["error"]
    verified = peer.ask("timestampVerify", token=stamped["token"], message=_b64(MESSAGE), roots=[tsa.root])
    assert verified["ok"], verified["error"]
    assert verified["subjects"] == stamped["subjects"]


def test_a_token_is_not_fetched(peer: Peer, site: Site, tsa: Tsa) -> None:
    """A server that fails or answers another query, a root that is not the TSA's or is none, and an unknown hash."""
    site.pages["tsa"] = tsa.answer
    earlier = peer.ask("stamp", message=_b64(MESSAGE), url=site.url("tsa"), root=tsa.root, hash="SHA-256")
    assert earlier["ok"], earlier["error"]
    site.put("replay", (tsa.folder / "reply").read_bytes())
    good = {"message": _b64(MESSAGE), "url": site.url("tsa"), "root": tsa.root, "hash": "SHA-256"}
    for changes, error in (
        ({"url": site.url("nowhere")}, "404"),
        ({"url": site.url("replay")}, "nonce"),
        ({"url": "ftp://127.0.0.1/"}, "scheme must be http or https"),
        ({"root": _b64(make_chain().ders[-1])}, "certificate signed by unknown authority"),
        ({"root": _b64(tsa.chain.ders[1])}, "the TSA's root certificate: "),
        ({"hash": "SHA-1"}, 'unknown hash "SHA-1"'),
    ):
        answer = peer.ask("stamp", **{**good, **changes})
        assert not answer["ok"]
        assert error in answer["error"]


# Signing and verification with timestamps and revocation.


class Signed:
    """A signer with settings that trust it and a TSA, and an artifact that is to be signed."""

    def __init__(self, folder: Path, chain: TestChain, tsa: Tsa, media_type: str = COSE) -> None:
        """Makes the files."""
        self.home = Home(folder / "home")
        self.home.trust(chain)
        self.home.trust(tsa.chain, kind="tsa")
        self._key_file, self._chain_file = self.home.add_key(chain)
        self._layout = make_layout(folder / "layout")
        self._media_type = media_type

    def sign(self, peer: Peer, **members: object) -> dict[str, Any]:
        """Has the Go side sign."""
        files = {"keyFile": str(self._key_file), "chainFile": str(self._chain_file), "mediaType": self._media_type}
        return peer.ask("sign", layout=self._layout.path, digest=self._layout.digest, **files, **members)

    def failed(self, peer: Peer, option: str = "always", **members: object) -> dict[str, str]:
        """The validations that fail on the Go side with their errors; none where all is well."""
        policy = policy_document(stores=["ca:tests", "tsa:tests"])
        policy["trustPolicies"][0]["signatureVerification"]["verifyTimestamp"] = option
        where = {"layout": self._layout.path, "digest": self._layout.digest, "scope": SCOPE}
        answer = peer.ask("verify", **where, policy=policy, trustStore=str(self.home.folder), **members)
        failed = {each["type"]: each["error"] for each in answer["results"] if each["error"]}
        assert answer["ok"] is not bool(failed)
        return failed


@pytest.mark.parametrize("media_type", FORMATS)
def test_a_timestamp_is_made_and_verified(peer: Peer, site: Site, tmp_path: Path, tsa: Tsa, media_type: str) -> None:
    """What is signed with a timestamp is verified under a policy that wants one, and not what is signed without."""
    site.pages["tsa"] = tsa.answer
    stamped = Signed(tmp_path / "stamped", make_chain(), tsa, media_type)
    answer = stamped.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=tsa.root)
    assert answer["ok"], answer["error"]
    assert stamped.failed(peer) == {}
    plain = Signed(tmp_path / "plain", make_chain(), tsa, media_type)
    assert plain.sign(peer)["ok"]
    assert plain.failed(peer) == {
        "authenticTimestamp": "no timestamp countersignature was found in the signature envelope"
    }
    assert plain.failed(peer, "afterCertExpiry") == {}


def test_a_timestamp_is_not_made(peer: Peer, site: Site, tmp_path: Path, tsa: Tsa) -> None:
    """The Go side signs nothing without the TSA, or under another root."""
    site.pages["tsa"] = tsa.answer
    signed = Signed(tmp_path / "signed", make_chain(), tsa)
    gone = signed.sign(peer, timestampUrl=site.url("nowhere"), timestampRoot=tsa.root)
    assert "404" in gone["error"]
    other = signed.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=_b64(make_chain().ders[-1]))
    assert "certificate signed by unknown authority" in other["error"]
    assert not gone["ok"]
    assert not other["ok"]


def test_the_tsa_is_checked_for_revocation(peer: Peer, site: Site, tmp_path: Path) -> None:
    """A TSA that has been revoked since is refused, and asked for no further timestamp."""
    tsa = Tsa(tmp_path / "tsa", _revocable(site.url("crl"), purpose="timestamping"))
    site.pages["tsa"] = tsa.answer
    site.put("crl", _crl(tsa.chain))
    signed = Signed(tmp_path / "signed", make_chain(), tsa)
    assert signed.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=tsa.root)["ok"]
    assert signed.failed(peer) == {}
    site.put("crl", _crl(tsa.chain, _entry(tsa.chain)))
    assert "is revoked" in signed.failed(peer)["authenticTimestamp"]
    again = signed.sign(peer, timestampUrl=site.url("tsa"), timestampRoot=tsa.root)
    assert "is revoked" in again["error"]


def test_the_signer_is_checked_for_revocation(peer: Peer, site: Site, tmp_path: Path, tsa: Tsa) -> None:
    """A revoked signer is refused; with a cache folder, the CRL of before is good until its time is over."""
    chain = _revocable(site.url("crl"))
    site.put("crl", _crl(chain))
    signed = Signed(tmp_path / "signed", chain, tsa)
    assert signed.sign(peer)["ok"]
    cache = str(tmp_path / "cache")
    assert signed.failed(peer, "afterCertExpiry") == {}
    assert signed.failed(peer, "afterCertExpiry", cacheFolder=cache) == {}
    site.put("crl", _crl(chain, _entry(chain)))
    assert "is revoked" in signed.failed(peer, "afterCertExpiry")["revocation"]
    assert signed.failed(peer, "afterCertExpiry", cacheFolder=cache) == {}
    assert site.asked == ["crl"] * 3


# Revocation alone.


def test_crls_are_consulted(peer: Peer, site: Site) -> None:
    """Good, revoked and without an answer."""
    chain = _revocable(site.url("crl"))
    site.put("crl", _crl(chain))
    server = {"server": site.url("crl"), "result": "OK", "method": "CRL", "error": ""}
    assert _check(peer, chain) == {"result": "OK", "method": "CRL", "servers": [server]}
    site.put("crl", _crl(chain, _entry(chain)))
    revoked = {**server, "result": "Revoked"}
    assert _check(peer, chain) == {"result": "Revoked", "method": "CRL", "servers": [revoked]}
    del site.pages["crl"]
    unknown = _check(peer, chain)
    assert (unknown["result"], unknown["method"]) == ("Unknown", "CRL")
    assert "status code: 404" in _only(unknown)["error"]


def test_responders_are_asked(peer: Peer, site: Site) -> None:
    """Good, revoked and without an answer, which is where the CRL comes in."""
    chain = _revocable(site.url("crl"), responder=site.url("ocsp"))
    site.put("ocsp", _status(chain, next_update=datetime.now(UTC) + HOUR))
    server = {"server": site.url("ocsp"), "result": "OK", "method": "OCSP", "error": ""}
    assert _check(peer, chain) == {"result": "OK", "method": "OCSP", "servers": [server]}
    site.put("ocsp", _status(chain, ocsp.OCSPCertStatus.REVOKED, datetime.now(UTC) + HOUR))
    revoked = {**server, "result": "Revoked", "error": "certificate is revoked via OCSP"}
    assert _check(peer, chain) == {"result": "Revoked", "method": "OCSP", "servers": [revoked]}
    assert set(site.asked) == {"ocsp"}
    del site.pages["ocsp"]
    site.put("crl", _crl(chain))
    fallback = _check(peer, chain)
    assert (fallback["result"], fallback["method"]) == ("OK", "OCSPFallbackCRL")
    assert [(each["method"], each["result"]) for each in fallback["servers"]] == [("OCSP", "Unknown"), ("CRL", "OK")]


def test_a_slow_responder_is_not_waited_for(peer: Peer, site: Site) -> None:
    """The seconds of the request count."""

    def slow(_: bytes) -> Reply:
        time.sleep(0.5)
        return Reply()

    site.pages["slow"] = slow
    by_ocsp = _check(peer, _revocable(responder=site.url("slow")), ocspSeconds=0.1)
    assert _only(by_ocsp)["error"] == "exceeded timeout threshold of 0.10 seconds for OCSP check"
    by_crl = _check(peer, _revocable(site.url("slow")), crlSeconds=0.1)
    assert "Client.Timeout exceeded" in _only(by_crl)["error"]


def test_an_entry_counts_from_its_invalidity_date(peer: Peer, site: Site) -> None:
    """What was signed before is good; without a time of signing, the entry counts."""
    chain = _revocable(site.url("crl"))
    date = datetime.now(UTC) - HOUR
    site.put("crl", _crl(chain, _entry(chain, invalid_from=date)))
    assert _check(peer, chain)["result"] == "Revoked"
    assert _check(peer, chain, authenticSigningTime=(date - HOUR).isoformat())["result"] == "OK"
    assert _check(peer, chain, authenticSigningTime=(date + HOUR).isoformat())["result"] == "Revoked"


def test_a_chain_is_for_its_purpose(peer: Peer) -> None:
    """A chain for another purpose is refused before anybody is asked, and so is a purpose that nobody knows."""
    chain = make_chain("RSA-2048", purpose="timestamping")
    assert _check(peer, chain, purpose="timestamping") == NOT_ASKED
    ders = [_b64(der) for der in chain.ders]
    wrong = peer.ask("revocationCheck", chain=ders, purpose="codeSigning")
    assert not wrong["ok"]
    assert "extended key usage must not contain Timestamping eku" in wrong["error"]
    assert peer.ask("revocationCheck", chain=ders, purpose="")["error"] == 'unknown purpose ""'
    assert not peer.ask("revocationCheck", chain=[], purpose="codeSigning")["ok"]


def test_a_cached_crl_is_timed(site: Site, tmp_path: Path) -> None:
    """A new process times its checks against a filled cache, and refuses one that has no CRL."""
    chain = _revocable(site.url("crl"))
    site.put("crl", _crl(chain))
    request = {"chain": [_b64(der) for der in chain.ders], "url": site.url("crl"), "rounds": 2}
    with Peer(build()) as fresh:
        empty = fresh.ask("benchCrl", **request, cacheFolder=str(tmp_path / "empty"))
        assert not empty["ok"]
        assert "the cache has no usable CRL" in empty["error"]
        assert _check(fresh, chain, cacheFolder=str(tmp_path / "cache"))["result"] == "OK"
    assert site.asked == ["crl"]
    with Peer(build()) as fresh:
        answer = fresh.ask("benchCrl", **request, cacheFolder=str(tmp_path / "cache"))
    assert answer["ok"], answer["error"]
    assert len(answer["fresh"]) == len(answer["same"]) == 2
    assert min(answer["first"], *answer["fresh"], *answer["same"]) > 0
    assert 1 << 20 < answer["firstPeakBytes"] <= answer["peakBytes"]
    assert site.asked == ["crl"]


# What the Go libraries do.


def test_go_takes_no_ocsp_response_without_next_update(peer: Peer, site: Site) -> None:
    """It takes the absent time for one long ago."""
    chain = _revocable(responder=site.url("ocsp"))
    for status in (ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED):
        site.put("ocsp", _status(chain, status))
        state = _check(peer, chain)
        assert (state["result"], state["method"]) == ("Unknown", "OCSP")
        assert "expired OCSP response" in _only(state)["error"]


def test_go_takes_a_token_of_two_signers_for_the_one_that_it_trusts(peer: Peer, tmp_path: Path) -> None:
    """One trusted signer is enough, though RFC 3161 wants a token to have no other."""
    one, two = Tsa(tmp_path / "one"), Tsa(tmp_path / "two", make_chain("EC-256", purpose="timestamping"))
    both = {"token": _b64(one.signed_with(two)), "message": _b64(MESSAGE)}
    for roots in ([one.root], [two.root], [one.root, two.root]):
        answer = peer.ask("timestampVerify", **both, roots=roots)
        assert answer["ok"], answer["error"]
    assert not peer.ask("timestampVerify", **both, roots=[_b64(make_chain().ders[-1])])["ok"]


@pytest.mark.parametrize("scheme", ["https", "ldap"])
def test_go_asks_only_over_http(peer: Peer, scheme: str) -> None:
    """Another scheme makes the state unknown, not that of a certificate that cannot be revoked."""
    by_crl = _check(peer, _revocable(f"{scheme}://127.0.0.1/crl"))
    assert (by_crl["result"], by_crl["method"]) == ("Unknown", "CRL")
    assert f"unsupported scheme: {scheme}. Only supports CRL URL in HTTP protocol" in _only(by_crl)["error"]
    by_ocsp = _check(peer, _revocable(responder=f"{scheme}://127.0.0.1/ocsp"))
    assert (by_ocsp["result"], by_ocsp["method"]) == ("Unknown", "OCSP")
    assert f"OCSPServer protocol {scheme} is not supported" in _only(by_ocsp)["error"]


def test_go_reads_every_distribution_point(peer: Peer, site: Site) -> None:
    """One address of the same point that fails makes the state unknown, even after one that is good."""
    chain = _revocable(site.url("crl"), site.url("nowhere"))
    site.put("crl", _crl(chain))
    assert _check(peer, chain)["result"] == "Unknown"
    assert site.asked == ["crl", "nowhere"]
    site.put("crl", _crl(chain, _entry(chain)))
    assert _check(peer, chain)["result"] == "Revoked"


@pytest.mark.parametrize(
    ("base", "delta", "indicator", "error"),
    [
        (5, 6, 5, ""),
        (5, 6, 3, ""),
        (5, 6, 6, "delta CRL indicator 6 is not less than or equal to the base CRL number 5"),
        (5, 5, 5, "delta CRL number 5 is not greater than the base CRL number 5"),
        (5, 6, None, "delta CRL indicator extension is not found"),
    ],
)
def test_go_joins_a_delta_crl(peer: Peer, site: Site, base: int, delta: int, indicator: int | None, error: str) -> None:
    """The indicator may be less than the base's number; the delta's own number must be greater."""
    chain = _revocable(site.url("crl"))
    site.put("crl", _crl(chain, number=base, extensions=[_freshest(site.url("delta"))]))
    kind = [(x509.DeltaCRLIndicator(indicator), True)] if indicator is not None else []
    site.put("delta", _crl(chain, _entry(chain), number=delta, extensions=kind))
    state = _check(peer, chain)
    assert state["result"] == ("Unknown" if error else "Revoked")
    assert error in _only(state)["error"]


def _freshest(url: str) -> tuple[x509.ExtensionType, bool]:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return x509.FreshestCRL([point]), False


def test_go_panics_where_a_base_with_a_delta_has_no_number(peer: Peer, site: Site) -> None:
    """The number is needed without a look whether it is there."""
    chain = _revocable(site.url("crl"))
    site.put("crl", _crl(chain, number=None, extensions=[_freshest(site.url("delta"))]))
    site.put("delta", _crl(chain, number=2, extensions=[(x509.DeltaCRLIndicator(1), True)]))
    answer = peer.ask("revocationCheck", chain=[_b64(der) for der in chain.ders], purpose="codeSigning")
    assert answer["error"].startswith("panic: ")
    site.put("crl", _crl(chain, number=None))
    assert _check(peer, chain)["result"] == "OK"


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize(
    "scope",
    [
        {"full_name": [x509.UniformResourceIdentifier("http://127.0.0.1:1/other")]},
        {"only_contains_ca_certs": True},
        {"only_contains_attribute_certs": True},
        {"only_some_reasons": frozenset([x509.ReasonFlags.superseded])},
        {"indirect_crl": True},
    ],
    ids=lambda scope: next(iter(scope)),
)
def test_go_overlooks_the_scope_of_a_crl(peer: Peer, site: Site, scope: Mapping[str, Any], revoked: bool) -> None:
    """An issuing distribution point that does not fit changes nothing, though it is critical."""
    chain = _revocable(site.url("crl"))
    none: dict[str, Any] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    point = x509.IssuingDistributionPoint(**{**none, **scope})
    site.put("crl", _crl(chain, *([_entry(chain)] if revoked else []), extensions=[(point, True)]))
    assert _check(peer, chain)["result"] == ("Revoked" if revoked else "OK")


@pytest.mark.parametrize("revoked", [False, True])
def test_go_takes_a_delta_crl_for_a_base(peer: Peer, site: Site, revoked: bool) -> None:
    """A delta CRL where the certificate names a CRL is all that is read."""
    chain = _revocable(site.url("crl"))
    entries = [_entry(chain)] if revoked else []
    site.put("crl", _crl(chain, *entries, number=6, extensions=[(x509.DeltaCRLIndicator(5), True)]))
    assert _check(peer, chain)["result"] == ("Revoked" if revoked else "OK")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_go_follows_redirects(peer: Peer, site: Site, tsa: Tsa, status: int) -> None:
    """For CRLs and for OCSP with any status; for timestamps with those that keep the method."""
    chain = _revocable(site.url("from-crl"))
    site.put("crl", _crl(chain))
    site.pages["from-crl"] = lambda _: Reply(status=status, location=site.url("crl"))
    assert _check(peer, chain)["result"] == "OK"
    asking = _revocable(responder=site.url("from-ocsp"))
    site.put("ocsp", _status(asking, next_update=datetime.now(UTC) + HOUR))
    site.pages["from-ocsp"] = lambda _: Reply(status=status, location=site.url("ocsp"))
    assert _check(peer, asking)["result"] == "OK"
    site.pages["tsa"] = lambda query: tsa.answer(query) if query else Reply(status=405)
    site.pages["from-tsa"] = lambda _: Reply(status=status, location=site.url("tsa"))
    stamped = peer.ask("stamp", message=_b64(MESSAGE), url=site.url("from-tsa"), root=tsa.root, hash="SHA-256")
    assert stamped["ok"] is (status in {307, 308})


@pytest.mark.parametrize("revoked", [False, True])
def test_go_accepts_sha1(peer: Peer, site: Site, revoked: bool) -> None:
    """CRLs and OCSP responses that are signed with SHA-1 count."""
    chain = _revocable(site.url("crl"), ca_kind="RSA-2048")
    der = _crl(chain, *([_entry(chain)] if revoked else []))
    parsed = x509.load_der_x509_crl(der)
    site.put("crl", _with_sha1(chain, der, parsed.tbs_certlist_bytes, parsed.signature))
    assert _check(peer, chain)["result"] == ("Revoked" if revoked else "OK")
    site.put("crl", _with_sha1(chain, der, b"another", parsed.signature))
    assert _check(peer, chain)["result"] == "Unknown"
    asking = _revocable(responder=site.url("ocsp"), ca_kind="RSA-2048")
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    answer = _status(asking, status, datetime.now(UTC) + HOUR)
    read = ocsp.load_der_ocsp_response(answer)
    site.put("ocsp", _with_sha1(asking, answer, read.tbs_response_bytes, read.signature))
    assert _check(peer, asking)["result"] == ("Revoked" if revoked else "OK")


def test_go_downloads_no_crl_of_32_mebibytes(peer: Peer, site: Site, tmp_path: Path) -> None:
    """A larger one counts all the same where it is in the cache already."""
    chain = _revocable(site.url("crl"))
    padding_of_its_own = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(32 << 20))
    crl = _crl(chain, _entry(chain), extensions=[(padding_of_its_own, False)])
    site.put("crl", crl)
    assert "CRL size exceeds the limit: 33554432" in _only(_check(peer, chain))["error"]
    cached = tmp_path / hashlib.sha256(site.url("crl").encode()).hexdigest()
    cached.write_text(json.dumps({"baseCRL": _b64(crl)}))
    assert _check(peer, chain, cacheFolder=str(tmp_path))["result"] == "Revoked"
    assert site.asked == ["crl"]
