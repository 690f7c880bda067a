"""Names of authorities, compared with their certificates'."""

from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from notarykit.errors import TimestampError
from notarykit.timestamp import authority_name, tsp
from notarykit.timestamp.records import TimestampInfo
from tests.support.asn1 import explicit, integer, octet_string, oid
from tests.support.ca import name
from tests.support.der import bit_string, sequence, tlv
from tests.unit.timestamp.setting import CHAIN, info_with


def test_authority_name_matches_the_subject() -> None:
    """The tsa name matches the certificate's subject, whatever the case of its letters."""
    leaf = CHAIN.ders[0]
    right = tlv(0xA4, name("WABBIT-networks.io").public_bytes())
    for tsa in (None, "right", right):
        assert authority_name.is_by(tsp.read_info(info_with(tsa=tsa)), leaf)
    for tsa in ("wrong", tlv(0x82, b"wabbit-networks.io"), tlv(0x86, b"http://wabbit-networks.io")):
        assert not authority_name.is_by(tsp.read_info(info_with(tsa=tsa)), leaf)


@pytest.mark.parametrize("tag", [0x0C, 0x13, 0x14])
def test_string_types_of_one_text_are_equal(tag: int) -> None:
    """RFC 5280, section 7.1: attributes are compared by their text, with letters of either case and runs of spaces."""
    folded = _name((NameOID.COMMON_NAME, tag, b"  Time  AUTHORITY "))
    assert authority_name.is_by(_by(folded), _certificate(_name((NameOID.COMMON_NAME, 0x0C, b"time authority"))))


def test_other_types_are_compared_byte_by_byte() -> None:
    """A value of a type without text equals only identical bytes."""
    octets = _name((NameOID.COMMON_NAME, 0x04, b"time authority"))
    text = _name((NameOID.COMMON_NAME, 0x0C, b"time authority"))
    assert not authority_name.is_by(_by(octets), _certificate(text))
    assert not authority_name.is_by(_by(text), _certificate(octets))
    assert authority_name.is_by(_by(octets), _certificate(octets))


def test_order_of_relative_names_counts() -> None:
    """A distinguished name is a sequence; within one relative name, the order of attributes does not count."""
    country, common = (NameOID.COUNTRY_NAME, 0x13, b"DE"), (NameOID.COMMON_NAME, 0x0C, b"authority")
    assert not authority_name.is_by(_by(_name(country, common)), _certificate(_name(common, country)))


def test_repeated_attribute_of_a_relative_name_counts() -> None:
    """RFC 5280, section 7.1: relative names with another number of attributes do not match."""
    attribute = sequence(oid(NameOID.COMMON_NAME.dotted_string), tlv(0x0C, b"authority"))
    once, twice = sequence(tlv(0x31, attribute)), sequence(tlv(0x31, attribute * 2))
    assert not authority_name.is_by(_by(once), _certificate(twice))
    assert not authority_name.is_by(_by(twice), _certificate(once))


@pytest.mark.parametrize("place", [0, 1])
def test_authority_name_matches_an_alternative_name(place: int) -> None:
    """Each directory name among the subject's alternative names is compared."""
    expected = _name((NameOID.COMMON_NAME, 0x0C, b"authority"))
    other = _name((NameOID.COMMON_NAME, 0x0C, b"other"))
    alternatives = [tlv(0xA4, other), tlv(0x82, b"example.com")]
    alternatives.insert(place, tlv(0xA4, expected))
    assert authority_name.is_by(_by(expected), _certificate(other, alternatives))
    assert not authority_name.is_by(
        _by(_name((NameOID.COMMON_NAME, 0x0C, b"third"))), _certificate(other, alternatives)
    )


def test_dns_name_equals_the_same_dns_name_alone() -> None:
    """A DNS name equals the same DNS name alone."""
    certificate = _certificate(_name((NameOID.COMMON_NAME, 0x0C, b"x")), [tlv(0x82, b"example.com")])
    assert authority_name.is_by(_by(tlv(0x82, b"example.com"), is_whole=True), certificate)
    assert not authority_name.is_by(_by(tlv(0x86, b"example.com"), is_whole=True), certificate)
    assert not authority_name.is_by(_by(tlv(0x82, b"example.org"), is_whole=True), certificate)


def test_malformed_certificate_is_refused() -> None:
    """A malformed certificate is refused with a TimestampError."""
    with pytest.raises(TimestampError, match="certificate is malformed"):
        authority_name.is_by(_by(_name((NameOID.COMMON_NAME, 0x0C, b"x"))), b"0\x03\x02\x01\x01")


def _name(*attributes: tuple[x509.ObjectIdentifier, int, bytes]) -> bytes:
    """Return a Name of one relative name for each attribute."""
    return sequence(*(tlv(0x31, sequence(oid(kind.dotted_string), tlv(tag, value))) for kind, tag, value in attributes))


def _by(tsa: bytes, *, is_whole: bool = False) -> TimestampInfo:
    return tsp.read_info(info_with(tsa=tsa if is_whole else tlv(0xA4, tsa)))


def _certificate(subject: bytes, alternatives: Sequence[bytes] = ()) -> bytes:
    """Return the form of a certificate, unsigned, with a subject and its alternative names."""
    extension = sequence(oid("2.5.29.17"), octet_string(sequence(*alternatives)))
    extensions = [explicit(3, sequence(extension))] if alternatives else []
    empty = sequence()
    signed = sequence(explicit(0, integer(2)), integer(1), empty, empty, empty, subject, empty, *extensions)
    return sequence(signed, empty, bit_string(b"signature"))
