"""OCSP requests, and the forms and statuses of responses."""

from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from notarykit.revocation.ocsp import build_request, judge
from notarykit.revocation.result import NO_SIGNING_TIMES, Status, UnknownStatusError
from tests.support import asn1
from tests.support.crls import NEXT_UPDATE, NOW, REVOKED_AT
from tests.support.ocsp_answers import (
    GOOD,
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    REVOKED,
    SIG_REQUIRED,
    TRY_LATER,
    UNAUTHORIZED,
    UNKNOWN,
    Single,
    make_answer,
    make_refusal,
)
from tests.unit.revocation.ocsp.responses import leaf_response, leaf_status, read_response
from tests.unit.revocation.setting import CHAIN, KEY_COMPROMISE


@pytest.mark.parametrize("nonce", [b"", b"n" * 16])
def test_request_names_the_certificate(nonce: bytes) -> None:
    """A request names one certificate by SHA-1 hashes, and has the given nonce."""
    request = ocsp.load_der_ocsp_request(build_request(CHAIN.certificates[0], CHAIN.certificates[1], nonce))
    assert isinstance(request.hash_algorithm, hashes.SHA1)
    assert request.serial_number == CHAIN.certificates[0].serial_number
    assert request.issuer_key_hash == asn1.digest(asn1.SHA1, asn1.key_bits(CHAIN.keys[1]))
    assert request.issuer_name_hash == asn1.digest(asn1.SHA1, CHAIN.subjects[1].public_bytes())
    assert [extension.value for extension in request.extensions] == ([x509.OCSPNonce(nonce)] if nonce else [])


@pytest.mark.requirement("trust:ocsp-steps")
@pytest.mark.parametrize(
    ("single", "status"), [(GOOD, Status.GOOD), (REVOKED, Status.REVOKED), (UNKNOWN, Status.UNKNOWN)]
)
@pytest.mark.parametrize("by_key", [False, True])
def test_status_is_read(single: Single, status: Status, by_key: bool) -> None:
    """Each of the three statuses is read, from responders identified by name or by key."""
    assert leaf_status(single, by_key=by_key) is status


def test_status_text_has_date_and_reason() -> None:
    """A revocation has its date and reason, any other status its end."""
    result = judge(leaf_response(replace(REVOKED, reason=KEY_COMPROMISE)), NOW, NO_SIGNING_TIMES)
    assert result.text == f"on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}, keyCompromise"
    assert judge(leaf_response(REVOKED), NOW, NO_SIGNING_TIMES).text == f"on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}"
    assert judge(leaf_response(), NOW, NO_SIGNING_TIMES).text == f"until {NEXT_UPDATE:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("status", [MALFORMED_REQUEST, INTERNAL_ERROR, TRY_LATER, SIG_REQUIRED, UNAUTHORIZED])
def test_error_response_is_refused(status: int) -> None:
    """An OCSP error response has no status."""
    with pytest.raises(UnknownStatusError, match="the responder answers "):
        read_response(make_refusal(status))


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30\x00", b"0" * 1000, b"<html></html>", make_answer(CHAIN)[:-1], make_answer(CHAIN) + b"\0"],
    ids=["nothing", "empty", "zeros", "a page", "cut off", "more behind"],
)
def test_unreadable_response_is_refused(der: bytes) -> None:
    """Bytes that are no OCSP response are refused."""
    with pytest.raises(UnknownStatusError):
        read_response(der)


def test_other_response_type_is_refused() -> None:
    """RFC 6960, section 4.2.1: the basic response is the only supported type."""
    with pytest.raises(UnknownStatusError):
        read_response(make_answer(CHAIN, response_type="1.3.6.1.5.5.7.48.1.99"))


# Extensions.


@pytest.mark.parametrize(("sent", "got"), [(b"n" * 16, b"n" * 16), (b"", b"n" * 16), (b"", None)])
def test_repeated_or_unrequested_nonce_is_accepted(sent: bytes, got: bytes | None) -> None:
    """A requested nonce is repeated, and an unrequested one is ignored."""
    assert read_response(make_answer(CHAIN, nonce=got), nonce=sent).status is Status.GOOD


@pytest.mark.parametrize("got", [b"m" * 16, b"n" * 15, None])
def test_missing_or_other_nonce_is_refused(got: bytes | None) -> None:
    """A response with another nonce, or none, answers another request."""
    with pytest.raises(UnknownStatusError, match="the response does not repeat the nonce"):
        read_response(make_answer(CHAIN, nonce=got), nonce=b"n" * 16)


def test_critical_response_extension_is_refused() -> None:
    """RFC 6960, section 4.4: unknown ones are ignored unless they are critical."""
    assert leaf_status(extensions=[asn1.unknown_extension(critical=False)]) is Status.GOOD
    with pytest.raises(UnknownStatusError, match=r"critical extension 1\.3\.6\.1\.4\.1\.99999\.1"):
        leaf_status(extensions=[asn1.unknown_extension()])


def test_critical_single_response_extension_is_refused() -> None:
    """RFC 6960, section 4.4: unknown ones are ignored unless they are critical."""
    assert leaf_status(replace(GOOD, extensions=(asn1.unknown_extension(critical=False),))) is Status.GOOD
    with pytest.raises(UnknownStatusError, match=r"critical extension 1\.3\.6\.1\.4\.1\.99999\.1"):
        leaf_status(replace(GOOD, extensions=(asn1.unknown_extension(),)))
