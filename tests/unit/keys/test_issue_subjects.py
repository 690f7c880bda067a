"""Subjects of certificates: order, escapes, values that an attribute cannot hold."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from notarykit.errors import CertificateError
from notarykit.keys.issue import (
    default_subject,
    make_csr,
    make_name,
)
from notarykit.trust.identity import parse_name
from tests.support.ca import new_key


def _attributes(subject: x509.Name) -> list[tuple[x509.ObjectIdentifier, str | bytes]]:
    return [(each.oid, each.value) for each in subject]


def test_order_of_attributes_is_kept() -> None:
    """The first of the text is the last of the certificate, so that both read alike (RFC 4514, section 2.1)."""
    text = "CN=build,OU=Tools,O=ACME,L=Seattle,ST=WA,C=US"
    made = make_name(parse_name(text))
    assert made.rfc4514_string() == text
    assert [oid for oid, _ in _attributes(made)] == [
        NameOID.COUNTRY_NAME, NameOID.STATE_OR_PROVINCE_NAME, NameOID.LOCALITY_NAME, NameOID.ORGANIZATION_NAME,
        NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"CN=Smith\, Jones \+ Co.", "Smith, Jones + Co."),
        (r"CN=\#1 \"best\" \<a\> \\ \;", '#1 "best" <a> \\ ;'),
        (r"CN=Gr\C3\BC\C3\9Fe", "Grüße"),
        ("CN=世界", "世界"),
        (r"CN=\ padded\ ", " padded "),
        ("  CN  =  trimmed  ", "trimmed"),
        ("2.5.4.3=by number", "by number"),
        ("CN=a=b", "a=b"),
    ],
)
def test_escapes_are_read(text: str, value: str) -> None:
    """A value is in the certificate as it was meant, and a request has it after encoding."""
    for subject in (text, f"{text}, O=ACME", f"O=ACME; {text}"):
        request = make_csr(new_key("EC-256"), make_name(parse_name(subject)))
        read = x509.load_der_x509_csr(request.public_bytes(Encoding.DER)).subject
        assert [each.value for each in read.get_attributes_for_oid(NameOID.COMMON_NAME)] == [value]


def test_duplicate_attributes_keep_their_order() -> None:
    """Two attributes of a kind are two in the certificate, in their order."""
    made = make_name(parse_name("OU=first,OU=second,O=ACME"))
    assert _attributes(made) == [
        (NameOID.ORGANIZATION_NAME, "ACME"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "second"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "first"),
    ]


@pytest.mark.parametrize(
    "text", ["", " ", "CN", "CN=", "=x", "CN=a,", "CN=a,,O=b", "cn=a", "CN=a+O=b", "CN=#04", "X=1"]
)
def test_malformed_subject_is_refused(text: str) -> None:
    """What is no distinguished name is refused, with what is wrong with it."""
    with pytest.raises(ValueError, match=r"."):
        parse_name(text)


@pytest.mark.parametrize("country", ["USA", "U", "Deutschland"])
def test_malformed_country_is_refused(country: str) -> None:
    """A country has two letters, and the refusal says so."""
    with pytest.raises(CertificateError, match=r"^subject: ") as caught:
        make_name(parse_name(f"CN=build,O=ACME,C={country}"))
    assert caught.value.rule == "subject"
    assert "two letters" in caught.value.advice


@pytest.mark.parametrize("text", ["CN=" + "x" * 65, "0.50=x"])
def test_value_beyond_its_length_is_refused(text: str) -> None:
    """A name that is too long, or an identifier that is none, is refused, and not with advice about countries."""
    with pytest.raises(CertificateError, match=r"^subject: ") as caught:
        make_name(parse_name(text))
    assert "country" not in caught.value.advice


@pytest.mark.parametrize("text", ["SERIALNUMBER=a_b", "C=U_", "SERIALNUMBER=ü1"])
def test_value_outside_its_encoding_is_refused(text: str) -> None:
    """A value that cannot be written in the alphabet of its attribute is refused, rather than written unreadably."""
    with pytest.raises(CertificateError, match=r"^subject: "):
        make_name(parse_name(f"{text},CN=build"))


def test_test_key_has_its_name_as_subject() -> None:
    """A test certificate has the subject that notation gives it."""
    assert default_subject("wabbit").rfc4514_string() == "CN=wabbit,O=Notary,L=Seattle,ST=WA,C=US"
