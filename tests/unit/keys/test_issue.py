"""Requests, issued and self-signed certificates: what is in them, what OpenSSL says of them, and what is refused."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from notarykit.errors import CertificateError, NotarykitError, SigningKeyError
from notarykit.keys.chain import check_chain
from notarykit.keys.issue import (
    check_request,
    default_subject,
    issue,
    make_csr,
    make_name,
    self_signed,
)
from notarykit.keys.lint import lint
from notarykit.keys.remote import remote_key
from notarykit.keys.signature import sign_raw
from notarykit.trust.identity import parse_name
from tests.support.ca import HASH_OF_SPEC, SPECS, Changes, key_usage, make_chain, name, new_key
from tests.support.der import bit_string, sequence
from tests.support.openssl import accepts_request, verify

_NOW = datetime.now(UTC).replace(microsecond=0)
_DAY = timedelta(days=1)
_SUBJECT = name("release")
_RSA_SPECS = [spec for spec in SPECS if spec.startswith("RSA")]


def _local(key: Any) -> Any:
    return key


def _remote(key: Any) -> Any:
    return remote_key(key.public_key(), lambda message, spec: sign_raw(key, spec, message))


class _Holder(NamedTuple):
    """Who has the key."""

    name: str
    key: Callable[[Any], Any]

    def __str__(self) -> str:
        return self.name


_HOLDERS = (_Holder("in a file", _local), _Holder("at a plugin", _remote))
_EITHER = pytest.mark.parametrize("holder", _HOLDERS, ids=str)
_EACH_SPEC = pytest.mark.parametrize("spec", SPECS)


def _check_signature(made: Any, spec: str, holder: _Holder) -> None:
    """Checks that something is signed with the hash of a key spec, and an RSA key's with its holder's padding."""
    algorithm = HASH_OF_SPEC[spec]
    assert made.signature_hash_algorithm.name == algorithm.name
    found = made.signature_algorithm_parameters
    if not spec.startswith("RSA"):
        assert isinstance(found, ECDSA)
    elif holder.name == "in a file":
        assert isinstance(found, padding.PKCS1v15)
    else:
        assert found == padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)


def _values(made: Any) -> dict[str, tuple[Any, bool]]:
    return {each.oid._name: (each.value, each.critical) for each in made.extensions}


_OF_LEAF = {
    "basicConstraints": (x509.BasicConstraints(ca=False, path_length=None), True),
    "keyUsage": (key_usage("digital_signature"), True),
    "extendedKeyUsage": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
}
_OF_CA = {
    "basicConstraints": (x509.BasicConstraints(ca=True, path_length=None), True),
    "keyUsage": (key_usage("key_cert_sign", "crl_sign"), True),
}


def _identifier(key: Any) -> tuple[Any, bool]:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False


# Requests


@_EACH_SPEC
@_EITHER
def test_a_request(spec: str, holder: _Holder, tmp_path: Path) -> None:
    """A request asks for a code signing certificate of the subject and key, and holds for us and for OpenSSL."""
    key = new_key(spec)
    made = make_csr(holder.key(key), _SUBJECT)
    assert (made.subject, made.public_key()) == (_SUBJECT, key.public_key())
    assert _values(made) == _OF_LEAF
    _check_signature(made, spec, holder)
    check_request(made)
    assert accepts_request(tmp_path, made)


def test_openssl_accepts_the_request(tmp_path: Path) -> None:
    """OpenSSL refuses a request whose signature does not hold; otherwise its consent would mean nothing."""
    assert not accepts_request(tmp_path, _tampered())


@pytest.mark.parametrize("kind", ["RSA-1024", "EC-192", "EC-224", "EC-256K", "Ed25519", "DSA-1024"])
def test_keys_that_ask_for_nothing(kind: str) -> None:
    """A key that can sign no artifact gets no request, and signs no certificate."""
    key = new_key(kind)
    with pytest.raises(SigningKeyError, match="is not supported"):
        make_csr(key, _SUBJECT)
    with pytest.raises(SigningKeyError, match="is not supported"):
        self_signed(key, _SUBJECT, _NOW, _DAY)


@pytest.mark.parametrize("answer", [b"", b"\1", b"\1" * 63, b"\1" * 64, b"\1" * 65], ids=len)
def test_a_service_that_signs_wrongly(answer: bytes) -> None:
    """What a key's holder gives for a signature and is none does not go out in a request."""
    key = remote_key(new_key("EC-256").public_key(), lambda *_: answer)
    with pytest.raises(NotarykitError):
        make_csr(key, _SUBJECT)


@pytest.mark.parametrize("is_ca", [True, False])
def test_a_service_that_signs_certificates_wrongly(is_ca: bool) -> None:
    """Nor does it go out in a self-signed certificate."""
    key = remote_key(new_key("EC-256").public_key(), lambda *_: b"\1" * 64)
    with pytest.raises(NotarykitError):
        self_signed(key, _SUBJECT, _NOW, _DAY, is_ca=is_ca)


# Self-signed certificates


@_EACH_SPEC
@_EITHER
def test_a_self_signed_certificate(spec: str, holder: _Holder, tmp_path: Path) -> None:
    """A self-signed certificate is a chain that keeps every rule, for us and for OpenSSL."""
    key = new_key(spec)
    made = self_signed(holder.key(key), _SUBJECT, _NOW, 90 * _DAY)
    assert (made.subject, made.issuer, made.public_key()) == (_SUBJECT, _SUBJECT, key.public_key())
    assert (made.not_valid_before_utc, made.not_valid_after_utc) == (_NOW, _NOW + 90 * _DAY)
    assert made.version is x509.Version.v3
    assert _values(made) == {**_OF_LEAF, "subjectKeyIdentifier": _identifier(key)}
    _check_signature(made, spec, holder)
    der = made.public_bytes(Encoding.DER)
    assert check_chain([der]).key_spec.name == spec
    assert lint([der]) == []
    verify(tmp_path, made)


@_EACH_SPEC
@_EITHER
def test_a_root_of_ones_own(spec: str, holder: _Holder, tmp_path: Path) -> None:
    """A CA's root signs certificates and nothing else, and is a strict root for OpenSSL."""
    key = new_key(spec)
    made = self_signed(holder.key(key), _SUBJECT, _NOW, 90 * _DAY, is_ca=True)
    assert _values(made) == {**_OF_CA, "subjectKeyIdentifier": _identifier(key)}
    _check_signature(made, spec, holder)
    assert lint([made.public_bytes(Encoding.DER)]) == []
    verify(tmp_path, made)


# Issued certificates


@_EACH_SPEC
@pytest.mark.parametrize("ca_spec", SPECS)
def test_an_issued_certificate(spec: str, ca_spec: str, tmp_path: Path) -> None:
    """A chain that was issued keeps every rule, for us and for OpenSSL, whatever keys there are on both sides."""
    key, ca_key = new_key(spec), new_key(ca_spec, 1)
    # Each holder once on either side, over all the pairs of specs.
    mixed = (SPECS.index(spec) + SPECS.index(ca_spec)) % 2
    holder, ca_holder = _HOLDERS[mixed], _HOLDERS[SPECS.index(ca_spec) % 2]
    root = self_signed(ca_holder.key(ca_key), name("My CA"), _NOW, 365 * _DAY, is_ca=True)
    request = make_csr(holder.key(key), _SUBJECT)
    made = issue(request, ca_holder.key(ca_key), root, _NOW, 90 * _DAY)
    assert (made.subject, made.issuer, made.public_key()) == (_SUBJECT, name("My CA"), key.public_key())
    assert (made.not_valid_before_utc, made.not_valid_after_utc) == (_NOW, _NOW + 90 * _DAY)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    assert _values(made) == {
        **_OF_LEAF,
        "subjectKeyIdentifier": _identifier(key),
        "authorityKeyIdentifier": (authority, False),
    }
    _check_signature(made, ca_spec, ca_holder)
    ders = [each.public_bytes(Encoding.DER) for each in (made, root)]
    assert check_chain(ders).key_spec.name == spec
    assert lint(ders) == []
    verify(tmp_path, made, root)


@pytest.mark.parametrize("own", [b"\1" * 20, b"\2" * 32, b"\3", None])
def test_what_the_ca_calls_its_key(own: bytes | None, tmp_path: Path) -> None:
    """The authority key identifier is the CA's own, however it was made; where there is none, the hash of its key."""
    changes = Changes(put=((x509.SubjectKeyIdentifier(own), False),)) if own else Changes()
    root = make_chain(length=2, cas={1: changes})
    ca_key, ca = root.keys[1], x509.load_der_x509_certificate(root.ders[1])
    made = issue(make_csr(new_key("EC-256"), _SUBJECT), ca_key, ca, _NOW, timedelta(hours=1))
    said = made.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    by_hash = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    assert said == (x509.AuthorityKeyIdentifier(own, None, None) if own else by_hash)
    assert lint([each.public_bytes(Encoding.DER) for each in (made, ca)]) == []
    verify(tmp_path, made, ca, strict=False)


@pytest.mark.parametrize("ca_kind", ["RSA-2048", "EC-256"])
@_EITHER
def test_a_ca_of_two_levels(ca_kind: str, holder: _Holder, tmp_path: Path) -> None:
    """An intermediate CA issues as a root does, if its path length allows for it: nothing stands below but the leaf."""
    below_root = Changes(put=((x509.BasicConstraints(ca=True, path_length=0), True),))
    ca = make_chain(length=3, ca_kind=ca_kind, cas={1: below_root})
    between, root = ca.certificates[1:]
    made = issue(make_csr(new_key("EC-384"), _SUBJECT), holder.key(ca.keys[1]), between, _NOW, _DAY)
    ders = (made.public_bytes(Encoding.DER), *ca.ders[1:])
    assert check_chain(ders).ders == ders
    assert lint(ders) == []
    verify(tmp_path, made, between, root, strict=False)


def test_requested_extensions_are_ignored() -> None:
    """Extensions that a request asks for are not those that the certificate has."""
    key, ca = new_key("EC-256"), make_chain(length=2)
    greedy = x509.CertificateSigningRequestBuilder(_SUBJECT)
    for extension in (
        x509.BasicConstraints(ca=True, path_length=None),
        key_usage("key_cert_sign", "crl_sign"),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.SubjectAlternativeName([x509.DNSName("example.com")]),
    ):
        greedy = greedy.add_extension(extension, critical=True)
    made = issue(greedy.sign(key, hashes.SHA256()), ca.keys[1], ca.certificates[1], _NOW, _DAY)
    assert {oid: _values(made)[oid] for oid in _OF_LEAF} == _OF_LEAF
    assert set(_values(made)) == {*_OF_LEAF, "subjectKeyIdentifier", "authorityKeyIdentifier"}


def test_serial_numbers() -> None:
    """No two certificates have the same serial number, and each is positive and of at most 20 bytes (RFC 5280)."""
    key, ca = new_key("EC-256"), make_chain(length=2)
    request = make_csr(key, _SUBJECT)
    issued = [issue(request, ca.keys[1], ca.certificates[1], _NOW, _DAY).serial_number for _ in range(10)]
    own = [self_signed(key, _SUBJECT, _NOW, _DAY).serial_number for _ in range(10)]
    assert len({*issued, *own}) == 20
    for number in (*issued, *own):
        assert number.bit_length() > 60
        assert 0 < number < 1 << 159


# What is refused


def _tampered() -> x509.CertificateSigningRequest:
    """A request with another subject than the one that was signed."""
    der = make_csr(new_key("EC-256"), name("good")).public_bytes(Encoding.DER)
    assert b"\x0c\x04good" in der
    return x509.load_der_x509_csr(der.replace(b"\x0c\x04good", b"\x0c\x04evil"))


def _issue(request: x509.CertificateSigningRequest) -> x509.Certificate:
    ca = make_chain(length=2)
    return issue(request, ca.keys[1], ca.certificates[1], _NOW, _DAY)


def test_tampered_request_is_refused() -> None:
    """A request that its key has not signed as it is gets no certificate."""
    with pytest.raises(CertificateError, match="signature is invalid under its own key") as caught:
        _issue(_tampered())
    assert caught.value.rule == "request_signature"


def test_a_request_with_the_key_of_another() -> None:
    """A request that another key has signed gets no certificate: nobody is certified with somebody else's key."""
    victim, thief = new_key("EC-256"), new_key("EC-256")
    der = make_csr(thief, _SUBJECT).public_bytes(Encoding.DER)
    mine, theirs = (
        key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in (victim, thief)
    )
    with pytest.raises(CertificateError) as caught:
        _issue(x509.load_der_x509_csr(der.replace(theirs, mine)))
    assert caught.value.rule == "request_signature"


@pytest.mark.parametrize("kind", ["RSA-1024", "EC-192", "EC-224", "EC-256K", "Ed25519", "Ed448", "DSA-1024"])
def test_requests_for_keys_of_other_kinds(kind: str) -> None:
    """A request that holds, but whose key can sign no artifact, is refused."""
    algorithm = None if kind.startswith("Ed") else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder(_SUBJECT).sign(new_key(kind), algorithm)
    with pytest.raises(SigningKeyError, match="is not supported") as caught:
        _issue(request)
    assert "RSA-2048" in caught.value.advice


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("06072a8648ce3d0201", "06072a8648ce3d0277"),  # the key's algorithm
        ("2a8648ce3d030107", "2a8648ce3d030177"),  # the key's curve
        ("03420004", "03420005"),  # the form of the key's point
        ("06082a8648ce3d040302", "06082a8648ce3d040377"),  # the algorithm of the signature
    ],
)
def test_requests_that_nobody_can_read(old: str, new: str) -> None:
    """A request with a key or a signature that cannot be read is refused like any other bad one."""
    der = make_csr(new_key("EC-256"), _SUBJECT).public_bytes(Encoding.DER)
    assert bytes.fromhex(old) in der
    request = x509.load_der_x509_csr(der.replace(bytes.fromhex(old), bytes.fromhex(new)))
    with pytest.raises((CertificateError, SigningKeyError)):
        _issue(request)


def test_a_ca_certificate_of_another_key() -> None:
    """The CA's key issues in the name of its own certificate alone."""
    ca, other = make_chain(length=2), make_chain(length=2)
    request = make_csr(new_key("EC-256"), _SUBJECT)
    with pytest.raises(CertificateError, match=r"^the CA certificate 'CN=Root CA,.* is not of the CA key$") as caught:
        issue(request, ca.keys[1], other.certificates[1], _NOW, _DAY)
    assert caught.value.rule == "certificate_of_key"


def test_a_certificate_that_would_outlive_its_ca() -> None:
    """A certificate may end with its CA's, and not a second later."""
    key = new_key("EC-256")
    root = self_signed(key, name("My CA"), _NOW - _DAY, 11 * _DAY, is_ca=True)
    request = make_csr(new_key("EC-256"), _SUBJECT)
    made = issue(request, key, root, _NOW, 10 * _DAY)
    assert made.not_valid_after_utc == root.not_valid_after_utc
    with pytest.raises(CertificateError) as caught:
        issue(request, key, root, _NOW, 10 * _DAY + timedelta(seconds=1))
    assert caught.value.rule == "validity"
    assert f"{_NOW + 10 * _DAY:%Y-%m-%d}" in caught.value.message
    assert "CN=My CA" in caught.value.message
    assert "--validity" in caught.value.advice


def test_a_certificate_before_its_ca() -> None:
    """A CA that is not valid yet issues nothing."""
    key = new_key("EC-256")
    root = self_signed(key, name("My CA"), _NOW + _DAY, 10 * _DAY, is_ca=True)
    with pytest.raises(CertificateError):
        issue(make_csr(new_key("EC-256"), _SUBJECT), key, root, _NOW, 2 * _DAY)


@pytest.mark.parametrize("validity", [timedelta(0), -_DAY])
def test_no_validity(validity: timedelta) -> None:
    """A certificate that ends when it begins, or before, is not made."""
    with pytest.raises(CertificateError):
        self_signed(new_key("EC-256"), _SUBJECT, _NOW, validity)
    ca = make_chain(length=2)
    with pytest.raises(CertificateError):
        issue(make_csr(new_key("EC-256"), _SUBJECT), ca.keys[1], ca.certificates[1], _NOW, validity)


@pytest.mark.parametrize(
    "changes",
    [
        Changes(put=((x509.BasicConstraints(ca=False, path_length=None), True),)),
        Changes(without=(x509.BasicConstraints,)),
        Changes(put=((key_usage("digital_signature"), True),)),
        Changes(without=(x509.KeyUsage,)),
    ],
)
def test_a_ca_that_may_not_sign(changes: Changes) -> None:
    """A certificate that is no CA's, or may not sign others, issues nothing."""
    ca = make_chain(length=2, cas={1: changes})
    with pytest.raises(CertificateError):
        issue(make_csr(new_key("EC-256"), _SUBJECT), ca.keys[1], ca.certificates[1], _NOW, _DAY)


@pytest.mark.parametrize("spec", _RSA_SPECS)
def test_a_request_with_sha1(spec: str) -> None:
    """A request that is signed with SHA-1 does not end in a crash, and neither does it get a SHA-1 certificate."""
    key = new_key(spec)
    der = make_csr(key, _SUBJECT).public_bytes(Encoding.DER)
    info = x509.load_der_x509_csr(der).tbs_certrequest_bytes
    digest = hashes.Hash(hashes.SHA1())
    digest.update(info)
    signature = key.sign(digest.finalize(), padding.PKCS1v15(), utils.Prehashed(hashes.SHA1()))
    sha1 = bytes.fromhex("300d06092a864886f70d0101050500")
    request = x509.load_der_x509_csr(sequence(info, sha1, bit_string(signature)))
    made = None
    with contextlib.suppress(CertificateError):
        made = _issue(request)
    if made is not None:
        assert isinstance(made.signature_hash_algorithm, hashes.SHA256)


# Subjects


def _attributes(subject: x509.Name) -> list[tuple[x509.ObjectIdentifier, str | bytes]]:
    return [(each.oid, each.value) for each in subject]


def test_the_order_of_a_subject() -> None:
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
def test_values_with_escapes(text: str, value: str) -> None:
    """A value is in the certificate as it was meant, and a request has it after encoding."""
    for subject in (text, f"{text}, O=ACME", f"O=ACME; {text}"):
        request = make_csr(new_key("EC-256"), make_name(parse_name(subject)))
        read = x509.load_der_x509_csr(request.public_bytes(Encoding.DER)).subject
        assert [each.value for each in read.get_attributes_for_oid(NameOID.COMMON_NAME)] == [value]


def test_attributes_that_come_twice() -> None:
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
def test_texts_that_are_no_subject(text: str) -> None:
    """What is no distinguished name is refused, with what is wrong with it."""
    with pytest.raises(ValueError, match=r"."):
        parse_name(text)


@pytest.mark.parametrize("country", ["USA", "U", "Deutschland"])
def test_countries(country: str) -> None:
    """A country has two letters, and the refusal says so."""
    with pytest.raises(CertificateError, match=r"^subject: ") as caught:
        make_name(parse_name(f"CN=build,O=ACME,C={country}"))
    assert caught.value.rule == "subject"
    assert "two letters" in caught.value.advice


@pytest.mark.parametrize("text", ["CN=" + "x" * 65, "0.50=x"])
def test_other_values_that_do_not_fit(text: str) -> None:
    """A name that is too long, or an identifier that is none, is refused, and not with advice about countries."""
    with pytest.raises(CertificateError, match=r"^subject: ") as caught:
        make_name(parse_name(text))
    assert "country" not in caught.value.advice


@pytest.mark.parametrize("text", ["SERIALNUMBER=a_b", "C=U_", "SERIALNUMBER=ü1"])
def test_values_that_their_encoding_lacks(text: str) -> None:
    """A value that cannot be written in the alphabet of its attribute is refused, rather than written unreadably."""
    with pytest.raises(CertificateError, match=r"^subject: "):
        make_name(parse_name(f"{text},CN=build"))


def test_the_subject_of_a_test_key() -> None:
    """A test certificate has the subject that notation gives it."""
    assert default_subject("wabbit").rfc4514_string() == "CN=wabbit,O=Notary,L=Seattle,ST=WA,C=US"
