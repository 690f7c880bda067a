"""Requests, issued and self-signed certificates: what is in them, what OpenSSL says of them, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from notarykit.errors import NotarykitError, SigningKeyError
from notarykit.keys.chain import check_chain
from notarykit.keys.issue import (
    check_request,
    issue,
    make_csr,
    self_signed,
)
from notarykit.keys.lint import lint
from notarykit.keys.remote import remote_key
from notarykit.keys.signature import sign_raw
from tests.support.ca import HASH_OF_SPEC, SPECS, Changes, key_usage, make_chain, name, new_key
from tests.support.openssl import accepts_request, verify
from tests.unit.keys.csr import tampered_request

_NOW = datetime.now(UTC).replace(microsecond=0)
_DAY = timedelta(days=1)
_SUBJECT = name("release")


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
def test_request_is_signed_by_its_key(spec: str, holder: _Holder, tmp_path: Path) -> None:
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
    assert not accepts_request(tmp_path, tampered_request())


@pytest.mark.parametrize("kind", ["RSA-1024", "EC-192", "EC-224", "EC-256K", "Ed25519", "DSA-1024"])
def test_unsupported_key_makes_no_request(kind: str) -> None:
    """A key that can sign no artifact gets no request, and signs no certificate."""
    key = new_key(kind)
    with pytest.raises(SigningKeyError, match="is not supported"):
        make_csr(key, _SUBJECT)
    with pytest.raises(SigningKeyError, match="is not supported"):
        self_signed(key, _SUBJECT, _NOW, _DAY)


@pytest.mark.parametrize("answer", [b"", b"\1", b"\1" * 63, b"\1" * 64, b"\1" * 65], ids=len)
def test_wrong_signature_of_a_service_is_refused(answer: bytes) -> None:
    """What a key's holder gives for a signature and is none does not go out in a request."""
    key = remote_key(new_key("EC-256").public_key(), lambda *_: answer)
    with pytest.raises(NotarykitError):
        make_csr(key, _SUBJECT)


@pytest.mark.parametrize("is_ca", [True, False])
def test_wrong_certificate_signature_of_a_service_is_refused(is_ca: bool) -> None:
    """Nor does it go out in a self-signed certificate."""
    key = remote_key(new_key("EC-256").public_key(), lambda *_: b"\1" * 64)
    with pytest.raises(NotarykitError):
        self_signed(key, _SUBJECT, _NOW, _DAY, is_ca=is_ca)


# Self-signed certificates


@_EACH_SPEC
@_EITHER
def test_self_signed_certificate_is_a_chain(spec: str, holder: _Holder, tmp_path: Path) -> None:
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
def test_own_root_is_a_ca(spec: str, holder: _Holder, tmp_path: Path) -> None:
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
def test_issued_certificate_is_accepted(spec: str, ca_spec: str, tmp_path: Path) -> None:
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
def test_authority_key_identifier_is_the_cas_own(own: bytes | None, tmp_path: Path) -> None:
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
def test_intermediate_ca_issues(ca_kind: str, holder: _Holder, tmp_path: Path) -> None:
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


def test_serial_numbers_are_unique() -> None:
    """No two certificates have the same serial number, and each is positive and of at most 20 bytes (RFC 5280)."""
    key, ca = new_key("EC-256"), make_chain(length=2)
    request = make_csr(key, _SUBJECT)
    issued = [issue(request, ca.keys[1], ca.certificates[1], _NOW, _DAY).serial_number for _ in range(10)]
    own = [self_signed(key, _SUBJECT, _NOW, _DAY).serial_number for _ in range(10)]
    assert len({*issued, *own}) == 20
    for number in (*issued, *own):
        assert number.bit_length() > 60
        assert 0 < number < 1 << 159
