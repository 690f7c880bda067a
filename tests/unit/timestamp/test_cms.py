"""Tokens as CMS: the signed data and its signed attributes."""

import hashlib
from typing import Any

import pytest

from notarykit.errors import TimestampError
from notarykit.keys.der import elements
from notarykit.keys.x509_signature import Algorithm
from notarykit.timestamp import cms
from notarykit.timestamp.records import Attributes
from tests.support.asn1 import NULL, integer, octet_string, oid
from tests.support.ca import make_chain
from tests.support.der import sequence, tlv
from tests.support.token_changes import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    TST_INFO,
    EssCertificate,
    TokenChanges,
)
from tests.support.tokens import make_token
from tests.unit.timestamp.setting import CHAIN, MESSAGE, MOMENT, info_with, token_with

OTHER = "1.3.6.1.4.1.99999.7"


def _attributes(**changes: Any) -> Attributes:
    return cms.read_attributes(cms.read_token(token_with(**changes)).signed_attributes)


# Tokens.


def test_token_is_parsed() -> None:
    """The content, the certificates, the algorithm and the signed attributes are read."""
    token = cms.read_token(token_with(certificates_as_given=True))
    assert token.content == info_with()
    assert token.certificates == CHAIN.ders
    assert token.signers == CHAIN.ders[:1]
    assert (token.hash_name, token.algorithm) == ("SHA-256", Algorithm("ECDSA", "SHA-256"))
    assert token.signed_attributes[0] == 0x31
    assert cms.read_token(token_with(indefinite=True, content_in_parts=True)).content == info_with()


def test_signer_is_found_by_issuer_and_serial_number() -> None:
    """A missing certificate finds no signer, and a repeated one finds one signer."""
    assert cms.read_token(token_with(certificates=None)).certificates == ()
    assert cms.read_token(token_with(certificates=())).signers == ()
    assert cms.read_token(token_with(certificates=CHAIN.ders[1:])).signers == ()
    assert cms.read_token(token_with(signer_id_of=CHAIN.ders[1])).signers == CHAIN.ders[1:2]
    assert cms.read_token(token_with(extra_certificates=CHAIN.ders[:1])).signers == CHAIN.ders[:1]


@pytest.mark.requirement("trust:timestamp-token")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outer_type": DATA}, "not signed data$"),
        ({"content_type": DATA}, "not signed data of version 3 around a TSTInfo"),
        ({"signed_data_version": 1}, "not signed data of version 3"),
        ({"signed_data_version": 259}, "not signed data of version 3"),
        ({"no_signer": True}, "has 0 signatures"),
        ({"second_signer": CHAIN}, "has 2 signatures"),
        ({"signer_id": "subject key id"}, "does not name its signer by issuer and serial number"),
        ({"signer_info_version": 3}, "does not name its signer"),
        ({"signed_attributes": False}, "no signed attributes"),
        ({"listed_algorithms": ("sha512",)}, "does not list the hash"),
        ({"digest_algorithm": "sha1"}, "the hash is not SHA-256"),
        ({"signature_hash": "sha512"}, "does not use the digest algorithm SHA-256"),
        ({"signature_algorithm": sequence(oid(OTHER))}, "not supported"),
        ({"extra_certificates": tuple(make_chain(length=1).ders[0] for _ in range(30))}, "33 certificates"),
        ({"extra_certificates": (b"\x30\x00",)}, "malformed"),
        ({"trailing": b"\0"}, "malformed"),
    ],
)
def test_token_that_breaks_a_rule_is_refused(changes: dict[str, Any], message: str) -> None:
    """Each broken rule has its own message."""
    with pytest.raises(TimestampError, match=message):
        cms.read_token(token_with(**changes))


def test_size_of_a_token_is_limited() -> None:
    """A token of the largest size is read, and one more byte is refused."""
    # An RSA signature is always of the same size.
    chain = make_chain("RSA-2048", purpose="timestamping")

    def token(size: int) -> bytes:
        return make_token(MESSAGE, chain, TokenChanges(unsigned_attributes=((OTHER, octet_string(bytes(size))),)))

    largest = token(70_000 + cms.LARGEST - len(token(70_000)))
    assert len(largest) == cms.LARGEST
    assert cms.read_token(largest).signers
    with pytest.raises(TimestampError, match=f"{cms.LARGEST + 1} bytes"):
        cms.read_token(largest + b"\0")


def test_deeply_nested_elements_are_refused() -> None:
    """Thousands of nested elements are refused as a malformed token."""
    for nested in (b"\x30\x80" * 100_000, b"\xa0\x80" * 100_000):
        with pytest.raises(TimestampError):
            cms.read_token(nested)
        with pytest.raises(TimestampError):
            cms.read_token(token_with(info=nested, content_in_parts=True)[:-4] + nested)


# Signed attributes


def test_signed_attributes_are_read() -> None:
    """The known attributes are read, and others ignored."""
    older = (EssCertificate(),)
    attributes = _attributes(ess_v1=older, signing_time=MOMENT, more_attributes=((OTHER, integer(1)),))
    names = (CHAIN.subjects[1].public_bytes(), CHAIN.certificates[0].serial_number)
    assert attributes == Attributes(
        TST_INFO,
        hashlib.sha256(info_with()).digest(),
        ("SHA-256", hashlib.sha256(CHAIN.ders[0]).digest()),
        hashlib.sha1(CHAIN.ders[0]).digest(),
        (names, names),
        MOMENT,
    )
    assert names == cms.issuer_and_serial(CHAIN.ders[0])


def test_optional_signed_attributes_may_be_absent() -> None:
    """The older signing certificate, the names in both, and the time may be absent; the hash is SHA-256 by default."""
    bare = _attributes(ess_v2=(EssCertificate(issuer_serial=None),))
    assert (bare.older_certificate_hash, bare.certificate_names, bare.signing_time) == (None, (), None)
    assert _attributes(ess_v2=(EssCertificate(written=True),)).certificate_hash == bare.certificate_hash
    for short, hash_name in (("sha384", "SHA-384"), ("sha512", "SHA-512")):
        digest = hashlib.new(short, CHAIN.ders[0]).digest()
        assert _attributes(ess_v2=(EssCertificate(short),)).certificate_hash == (hash_name, digest)


@pytest.mark.parametrize(
    "value", [tlv(0x18, b"20260301123015Z"), tlv(0x17, b"260301123015Z")], ids=["GeneralizedTime", "UTCTime"]
)
def test_signing_time_is_utc_time_or_generalized_time(value: bytes) -> None:
    """The signing time has either of two forms (RFC 5652, section 11.3)."""
    assert _attributes(more_attributes=((SIGNING_TIME, value),)).signing_time == MOMENT


def test_unknown_attribute_may_have_several_values() -> None:
    """An unknown attribute may have several values."""
    assert _attributes(more_attributes=((OTHER, integer(1)),), two_values=(OTHER,)) == _attributes()


@pytest.mark.parametrize("kind", [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2])
def test_required_attribute_has_exactly_one_value(kind: str) -> None:
    """A required attribute is present once, with one value."""
    for change in ("without", "twice", "two_values"):
        with pytest.raises(TimestampError, match=r"signed attribute .*(absent|exactly one value)"):
            _attributes(**{change: (kind,)})


@pytest.mark.parametrize(
    "changes",
    [
        {"ess_v2": ()},
        {"ess_v1": ()},
        {"ess_v2": (EssCertificate("sha1"),)},
        {"ess_v2": None, "more_attributes": ((SIGNING_CERTIFICATE_V2, integer(1)),)},
        {"without": (MESSAGE_DIGEST,), "more_attributes": ((MESSAGE_DIGEST, integer(1)),)},
        {"without": (CONTENT_TYPE,), "more_attributes": ((CONTENT_TYPE, integer(1)),)},
        {"signing_time": MOMENT, "twice": (SIGNING_TIME,)},
        {"signing_time": MOMENT, "two_values": (SIGNING_TIME,)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"260301123015")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"260301123015+0100")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"2603011230Z")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x18, b"20260301123015")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x18, b"20260301133015+0100")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"soon")),)},
        {"more_attributes": ((SIGNING_TIME, integer(1)),)},
    ],
    ids="-".join,
)
def test_malformed_attribute_is_refused(changes: dict[str, Any]) -> None:
    """A malformed attribute is refused (RFC 5035, section 4; RFC 5652, section 11)."""
    with pytest.raises(TimestampError):
        _attributes(**changes)


@pytest.mark.parametrize("members", [(), (tlv(0x31, NULL), NULL)], ids=["too few", "too many"])
def test_attribute_has_exactly_two_members(members: tuple[bytes, ...]) -> None:
    """RFC 5652, section 5.3: every attribute, an unknown one too, has two members."""
    (_, _, content), *_ = elements(cms.read_token(token_with()).signed_attributes)
    usual = [whole for _, whole, _ in elements(content)]
    assert cms.read_attributes(tlv(0x31, b"".join(sorted([*usual, sequence(oid(OTHER), tlv(0x31, NULL))]))))
    with pytest.raises(TimestampError, match="signed attribute is malformed"):
        cms.read_attributes(tlv(0x31, b"".join(sorted([*usual, sequence(oid(OTHER), *members)]))))


def test_signed_attributes_out_of_der_order_are_refused() -> None:
    """Signed attributes in another order are refused, whichever order is signed."""
    for signed_as_written in (False, True):
        with pytest.raises(TimestampError):
            _attributes(reversed_attributes=True, signed_as_written=signed_as_written)


@pytest.mark.parametrize("place", ["content info", "signed data", "signer info", "explicit tag"])
def test_members_too_many_are_refused(place: str) -> None:
    """A token has no members beyond those of its syntax, and one element in an explicit tag."""
    (_, _, outer), *_ = elements(token_with())
    (_, kind, _), (_, _, explicit_content) = elements(outer)
    (_, _, signed), *_ = elements(explicit_content)
    *others, (_, _, signers) = elements(signed)
    (_, _, signer), *_ = elements(signers)
    signer += NULL if place == "signer info" else b""
    parts = [
        *(whole for _, whole, _ in others),
        tlv(0x31, sequence(signer)),
        *([NULL] if place == "signed data" else []),
    ]
    content = tlv(0xA0, sequence(*parts) + (NULL if place == "explicit tag" else b""))
    token = sequence(kind, content, *([NULL] if place == "content info" else []))
    with pytest.raises(TimestampError, match="token is malformed: "):
        cms.read_token(token)
