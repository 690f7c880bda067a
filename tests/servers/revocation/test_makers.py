"""The CRLs, answers and faults that tests make, as `openssl` and cryptography read them."""

import contextlib
import http.client
import socket
import time
import urllib.error
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from tests.servers.registry.http_server import Reply
from tests.servers.revocation.asking import Client, fetched
from tests.support import asn1
from tests.support.ca import Changes, TestChain, make_chain, name
from tests.support.crls import NOW, Entry, issued_for, make_crl, make_large_crl, revoked
from tests.support.ocsp_answers import (
    GOOD,
    REVOKED,
    TRY_LATER,
    UNKNOWN,
    Single,
    make_answer,
    make_delegate,
    make_refusal,
    nonce_of,
    responding,
    the_leaf,
)
from tests.support.responders import Responder
from tests.support.revocable import Point, revocable_chain

HASHES = (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())


@pytest.fixture(scope="module", params=["EC-256", "RSA-2048"])
def chain(request: pytest.FixtureRequest) -> TestChain:
    """A chain with CAs of a kind."""
    return make_chain("EC-256", 3, ca_kind=request.param)


@pytest.fixture
def client(chain: TestChain, tmp_path: Path) -> Client:
    """The openssl command, which is asked about the leaf."""
    return Client(tmp_path, chain)


@pytest.mark.parametrize("algorithm", HASHES, ids=lambda each: str(each.name))
@pytest.mark.parametrize("pss", [False, True], ids=["plain", "pss"])
def test_signatures_are_valid_unless_corrupted(
    chain: TestChain, client: Client, algorithm: hashes.HashAlgorithm, pss: bool
) -> None:
    """CRLs and responses with every hash are valid unless corrupted."""
    good, bad = (make_crl(chain, hash_algorithm=algorithm, pss=pss, corrupted=wrong) for wrong in (False, True))
    assert [client.holds(good), client.holds(bad)] == [True, False]
    good, bad = (make_answer(chain, hash_algorithm=algorithm, pss=pss, corrupted=wrong) for wrong in (False, True))
    assert client.read(good) == "good"
    assert "signature failure" in client.read(bad)


def test_crl_has_the_requested_extensions(chain: TestChain, client: Client) -> None:
    """Every requested extension is in the CRL."""
    hold, removed = x509.ReasonFlags.certificate_hold, x509.ReasonFlags.remove_from_crl
    entries = [
        Entry(1, reason=hold, invalidity_date=NOW),
        Entry(2, reason=removed, extensions=(asn1.unknown_extension(),)),
        Entry(3, issuer=name("Other CA")),
        Entry(128),
    ]
    point = issued_for("http://crl.example/1", only_user=True, only_reasons=[x509.ReasonFlags.key_compromise])
    data = make_crl(
        chain, entries=entries, number=7, base=5, freshest=["http://crl.example/delta"], distribution_point=point,
        next_publish=asn1.generalized_time(NOW), extensions=[asn1.unknown_extension(critical=False)],
    )  # fmt: skip
    assert client.holds(data)
    crl = x509.load_der_x509_crl(data)
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    assert crl.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number == 5
    issuing = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert issuing.critical
    assert issuing.value.full_name == [x509.UniformResourceIdentifier("http://crl.example/1")]
    assert issuing.value.only_contains_user_certs
    assert issuing.value.only_some_reasons == frozenset([x509.ReasonFlags.key_compromise])
    assert len(crl.extensions) == 7
    assert [entry.serial_number for entry in crl] == [1, 2, 3, 128]
    assert crl[0].extensions.get_extension_for_class(x509.CRLReason).value.reason is hold
    assert crl[0].extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == NOW
    assert crl[1].extensions.get_extension_for_class(x509.CRLReason).value.reason is removed
    assert crl[1].extensions[1].critical


def test_crl_can_omit_its_fields(chain: TestChain, client: Client) -> None:
    """A CRL can omit nextUpdate, number, authority key identifier, and all extensions."""
    crl = x509.load_der_x509_crl(make_crl(chain, next_update=None, number=None, without_authority=True))
    assert [crl.next_update_utc, len(crl.extensions)] == [None, 0]
    first = make_crl(chain, version=1, entries=[revoked(chain)])
    assert client.holds(first)
    assert client.verify(first) == "revoked"
    assert asn1.integer(1) + asn1.signature_algorithm(chain.keys[1], asn1.SHA256) not in first


def test_crl_by_another_issuer_is_refused(chain: TestChain, client: Client) -> None:
    """A CRL with another key or another name is not the issuer's."""
    assert not client.holds(make_crl(chain, signed_by=chain.keys[2]))
    assert x509.load_der_x509_crl(make_crl(chain, issuer=name("Other CA"))).issuer == name("Other CA")


@pytest.mark.parametrize("serial_bytes", [16, 20])
def test_large_crl_is_read_to_its_last_entry(serial_bytes: int, tmp_path: Path) -> None:
    """The openssl command finds the last entry of a large CRL."""
    chain = make_chain()
    data = make_large_crl(chain, count=20_000, serial_bytes=serial_bytes, last=[revoked(chain)])
    assert Client(tmp_path, chain).verify(data) == "revoked"
    crl = x509.load_der_x509_crl(data)
    assert len(crl) == 20_001
    assert {(entry.serial_number.bit_length() + 8) // 8 for entry in crl[:-1]} == {serial_bytes}


@pytest.mark.parametrize(("single", "expected"), [(GOOD, "good"), (REVOKED, "revoked"), (UNKNOWN, "unknown")])
def test_responses_are_by_the_issuer_or_a_delegate(
    chain: TestChain, client: Client, single: Single, expected: str
) -> None:
    """Responses are by the issuer, identified in both ways, and by its delegate."""
    assert client.read(make_answer(chain, 0, single)) == expected
    assert client.read(make_answer(chain, 0, single, by_key=True)) == expected
    for nocheck in (True, False):
        delegate = make_delegate(chain, nocheck=nocheck, crl_urls=["http://crl.example/"])
        assert client.read(make_answer(chain, 0, single, delegate=delegate)) == expected
        assert client.read(make_answer(chain, 0, single, delegate=delegate, by_key=True)) == expected


def test_openssl_refuses_broken_responses(chain: TestChain, client: Client) -> None:
    """Each response breaks one rule."""
    delegate, other = make_delegate(chain), make_chain(cas={1: Changes(subject=name("Other CA"))})
    wrong = {
        "missing ocspsigning usage": make_answer(chain, delegate=make_delegate(chain, ocsp_signing=False)),
        "certificate has expired": make_answer(chain, delegate=make_delegate(chain, expired=True)),
        "unable to get local issuer": make_answer(chain, delegate=make_delegate(other)),
        "certificate signature failure": make_answer(chain, delegate=make_delegate(chain, signed_by=chain.keys[2])),
        "signer certificate not found": make_answer(chain, delegate=delegate, include=[]),
        "ocspsigning": make_answer(chain, delegate=the_leaf(chain)),
        "not found": make_answer(chain, named=chain.certificates[2], by_key=True, include=[]),
        "signature failure": make_answer(chain, signed_by=chain.keys[2]),
        "No Status found": make_answer(chain, 0, Single(serial=5)),
        "trylater": make_refusal(TRY_LATER),
        "Status times invalid": make_answer(chain, 0, Single(next_update=NOW - timedelta(minutes=20))),
    }
    for expected, answer in wrong.items():
        assert expected in client.read(answer)
    for single in (Single(name_hash=b"n" * 20), Single(key_hash=b"k" * 20)):
        assert "No Status found" in client.read(make_answer(chain, 0, single))
    assert client.read(make_answer(chain, response_type="1.2.3.4")) not in {"good", "revoked", "unknown"}


def test_response_has_the_requested_fields(chain: TestChain) -> None:
    """The requested fields are read by cryptography."""
    reason = x509.ReasonFlags.remove_from_crl
    single = Single("revoked", reason=reason, invalidity_date=NOW, next_update=None, id_hash=hashes.SHA384())
    critical = (asn1.unknown_extension(),)
    several = [single, Single(serial=9, extensions=critical)]
    answer = ocsp.load_der_ocsp_response(make_answer(chain, 0, several, nonce=b"n" * 32, extensions=critical))
    first, second = answer.responses
    assert isinstance(first.hash_algorithm, hashes.SHA384)
    assert [first.revocation_reason, first.next_update_utc, second.serial_number] == [reason, None, 9]
    nonce, unknown = answer.extensions
    assert nonce.value == x509.OCSPNonce(b"n" * 32)
    assert unknown.critical
    assert make_answer(chain, 0, []).count(b"\x30\x00") == 1


def test_responder_uses_nonce_and_hash_of_the_request(client: Client, chain: TestChain) -> None:
    """By POST; by GET the request has no nonce."""
    requests: list[bytes] = []
    make = responding(chain)

    def answer(request: bytes, method: str) -> bytes:
        requests.append(request)
        return make(request, method)

    with Responder() as responder:
        url = responder.ocsp("/some/ocsp", answer)
        assert client.ask(url) == client.ask_by_get(url) == "good"
        assert responder.asked == {"/some/ocsp": 2}
        with pytest.raises(urllib.error.HTTPError, match="400"):
            fetched(f"{url}/!")
    assert [nonce_of(request) is not None for request in requests] == [True, False]


@contextlib.contextmanager
def in_a_moment() -> Iterator[None]:
    """Fail where something takes seconds."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 2


Fault = Callable[[Responder], str]
FAULTS: dict[str, Fault] = {
    "hang": lambda on: on.hang("/f"),
    "hang after the head": lambda on: on.hang("/f", Reply(200, (("Content-Length", "5"),))),
    "drip": lambda on: on.drip("/f", b"x" * 1000, 0.01),
    "pour": lambda on: on.pour("/f"),
    "pour a told length": lambda on: on.pour("/f", start=b"0", told=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_server_stops_in_the_middle_of_a_response(fault: Fault) -> None:
    """The server stops at once during an endless response."""
    with in_a_moment(), contextlib.ExitStack() as stack:
        responder = stack.enter_context(Responder())
        fault(responder)
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", responder.port)))
        connection.sendall(b"GET /f HTTP/1.1\r\nHost: here\r\n\r\n")
        responder.wait_until_asked("/f")


def test_faults(tmp_path: Path) -> None:
    """Each is what it is called."""
    with in_a_moment(), Responder() as responder:
        with pytest.raises(urllib.error.URLError, match="refused"):
            fetched(responder.refusing_url("/crl"))
        with pytest.raises(urllib.error.HTTPError, match="503"):
            fetched(responder.fail("/503", 503))
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(responder.url("/nothing"))
        with pytest.raises(urllib.error.HTTPError, match="infinite loop"):
            fetched(responder.redirect_in_a_circle("/circle", 3))
        with pytest.raises(http.client.IncompleteRead):
            fetched(responder.cut("/cut", b"12345", 3))
        with pytest.raises(ConnectionResetError):
            fetched(responder.cut("/reset", b"12345", 3, reset=True))
        responder.put("/crl", b"a CRL", "text/plain")
        assert fetched(responder.redirect("/moved", "/crl")) == b"a CRL"
        assert fetched(responder.drip("/drip", b"drops", 0.001)) == b"drops"
        assert len(fetched(responder.pour("/large", 100_000))) == 100_000
        assert responder.asked["/crl"] == 1


def test_revocable_chain_has_the_requested_endpoints() -> None:
    """The root has no endpoints, and the others those requested."""
    reasons = frozenset([x509.ReasonFlags.key_compromise])
    chain = revocable_chain(
        "http://here",
        length=4,
        purpose="timestamping",
        ocsp_at={0: ["https://tls.example", "http://second.example"], 1: []},
        crl_at={0: [Point(("ldap://directory.example", "http://crl.example"), reasons), Point((), None, name("CRLs"))]},
        freshest_at={2: ["http://delta.example"]},
    )
    leaf, first, second, root = (certificate.extensions for certificate in chain.certificates)
    access = leaf.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [each.access_location.value for each in access] == ["https://tls.example", "http://second.example"]
    point, indirect = leaf.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [len(point.full_name or []), point.reasons] == [2, reasons]
    assert indirect.crl_issuer == [x509.DirectoryName(name("CRLs"))]
    with pytest.raises(x509.ExtensionNotFound):
        first.get_extension_for_class(x509.AuthorityInformationAccess)
    (usual,) = first.get_extension_for_class(x509.CRLDistributionPoints).value
    assert usual.full_name == [x509.UniformResourceIdentifier("http://here/crl/1")]
    assert second.get_extension_for_class(x509.FreshestCRL)
    assert len(root) == 2
