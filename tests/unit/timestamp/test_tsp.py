"""Timestamp requests and responses."""

import hashlib

import pytest

from notarykit.errors import TimestampError
from notarykit.timestamp import cms, tsp
from tests.support.asn1 import HASHES, NULL, integer, octet_string, oid
from tests.support.der import sequence, tlv
from tests.support.timestamp_responses import make_response
from tests.support.token_changes import POLICY
from tests.unit.timestamp.setting import MESSAGE, token_with

# Requests


@pytest.mark.requirement(
    "plugin:certificate-request",
    "plugin:plugin-timestamp",
    "workflow:timestamp-certificate-request",
)
@pytest.mark.parametrize(("hash_name", "short"), [("SHA-256", "sha256"), ("SHA-384", "sha384"), ("SHA-512", "sha512")])
@pytest.mark.parametrize("policy", ["", POLICY])
@pytest.mark.parametrize("nonce", [0, 127, 128, 2**159 - 1])
def test_request_has_the_form_of_rfc_3161(hash_name: str, short: str, policy: str, nonce: int) -> None:
    """A request has version, imprint, the policy if required, the nonce, and certReq."""
    digest = hashlib.new(short, MESSAGE).digest()
    request = tsp.make_request(hash_name, digest, nonce, policy)
    parameters = {NULL, b""}
    assert request in {
        sequence(
            integer(1),
            sequence(sequence(oid(HASHES[short]), null), octet_string(digest)),
            oid(policy) if policy else b"",
            integer(nonce),
            tlv(0x01, b"\xff"),
        )
        for null in parameters
    }


# Responses


@pytest.mark.parametrize("status", [0, 1])
def test_granted_token_is_returned(status: int) -> None:
    """The token of a response is returned as sent, with definite lengths."""
    for token in (token_with(), token_with(certificates_as_given=True)):
        assert tsp.read_response(make_response(token, status, texts=("fine",))) == token
    endless = token_with(indefinite=True)
    token = tsp.read_response(make_response(endless, status))
    assert cms.read_token(token) == cms.read_token(endless)


@pytest.mark.parametrize(
    ("status", "word"), [(2, "rejection"), (3, "waiting"), (4, "revocation_warning"), (5, "revocation_notification")]
)
def test_refusal_is_reported_by_its_status(status: int, word: str) -> None:
    """A response with a status other than granted is refused, with or without a token."""
    for token in (None, token_with()):
        with pytest.raises(TimestampError, match=rf"refuses \({word}\)$"):
            tsp.read_response(make_response(token, status))


@pytest.mark.parametrize(
    ("bit", "text"),
    [
        (0, "hash algorithm"),
        (2, "not permitted or supported"),
        (5, "wrong format"),
        (14, "time source"),
        (15, "policy"),
        (16, "extension"),
        (17, "additional information"),
        (25, "system failure"),
    ],
)
def test_refusal_reports_its_failure_info(bit: int, text: str) -> None:
    """Each PKIFailureInfo has its text."""
    with pytest.raises(TimestampError, match=rf"refuses \(rejection\): [^,]*{text}[^,]*$"):
        tsp.read_response(make_response(None, 2, failures=[bit]))


def test_refusal_reports_all_failures() -> None:
    """All known failures are reported, and unknown ones are ignored."""
    with pytest.raises(TimestampError, match=r"hash algorithm, .*system failure"):
        tsp.read_response(make_response(None, 2, failures=[0, 1, 25], texts=("no\nsuch luck",)))
    with pytest.raises(TimestampError, match=r"refuses \(rejection\)"):
        tsp.read_response(make_response(None, 2, failures=[200]))


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"\0",
        b"\x30\x00",
        b"\x30\x80",
        b"<html></html>",
        make_response(None),
        make_response(None, 1),
        make_response(None, 99),
        make_response(token_with(), trailing=b"\0"),
        make_response(token_with())[:-1],
        make_response(NULL),
        sequence(sequence(octet_string(b"\0"))),
        sequence(integer(0), token_with()),
    ],
    ids=range(13),
)
def test_malformed_response_is_refused(response: bytes) -> None:
    """A malformed response is refused with a TimestampError, at the latest as a token."""
    with pytest.raises(TimestampError) as caught:
        cms.read_token(tsp.read_response(response))
    assert "\n" not in caught.value.one_line()
