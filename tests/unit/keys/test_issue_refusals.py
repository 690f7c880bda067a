"""Requests, CAs and validity periods for which no certificate is issued."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import CertificateError, SigningKeyError
from notarykit.keys.issue import (
    issue,
    make_csr,
    self_signed,
)
from tests.support.ca import SPECS, Changes, key_usage, make_chain, name, new_key
from tests.support.der import bit_string, sequence
from tests.unit.keys.csr import tampered_request

_NOW = datetime.now(UTC).replace(microsecond=0)
_DAY = timedelta(days=1)
_SUBJECT = name("release")
_RSA_SPECS = [spec for spec in SPECS if spec.startswith("RSA")]


def _issue(request: x509.CertificateSigningRequest) -> x509.Certificate:
    ca = make_chain(length=2)
    return issue(request, ca.keys[1], ca.certificates[1], _NOW, _DAY)


def test_tampered_request_is_refused() -> None:
    """A request that its key has not signed as it is gets no certificate."""
    with pytest.raises(CertificateError, match="signature is invalid under its own key") as caught:
        _issue(tampered_request())
    assert caught.value.rule == "request_signature"


def test_request_with_another_key_is_refused() -> None:
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
def test_request_for_an_unsupported_key_is_refused(kind: str) -> None:
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
def test_unreadable_request_is_refused(old: str, new: str) -> None:
    """A request with a key or a signature that cannot be read is refused like any other bad one."""
    der = make_csr(new_key("EC-256"), _SUBJECT).public_bytes(Encoding.DER)
    assert bytes.fromhex(old) in der
    request = x509.load_der_x509_csr(der.replace(bytes.fromhex(old), bytes.fromhex(new)))
    with pytest.raises((CertificateError, SigningKeyError)):
        _issue(request)


def test_ca_certificate_of_another_key_is_refused() -> None:
    """The CA's key issues in the name of its own certificate alone."""
    ca, other = make_chain(length=2), make_chain(length=2)
    request = make_csr(new_key("EC-256"), _SUBJECT)
    with pytest.raises(CertificateError, match=r"^the CA certificate 'CN=Root CA,.* is not of the CA key$") as caught:
        issue(request, ca.keys[1], other.certificates[1], _NOW, _DAY)
    assert caught.value.rule == "certificate_of_key"


def test_validity_beyond_the_ca_is_refused() -> None:
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


def test_validity_before_the_ca_is_refused() -> None:
    """A CA that is not valid yet issues nothing."""
    key = new_key("EC-256")
    root = self_signed(key, name("My CA"), _NOW + _DAY, 10 * _DAY, is_ca=True)
    with pytest.raises(CertificateError):
        issue(make_csr(new_key("EC-256"), _SUBJECT), key, root, _NOW, 2 * _DAY)


@pytest.mark.parametrize("validity", [timedelta(0), -_DAY])
def test_empty_validity_is_refused(validity: timedelta) -> None:
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
def test_ca_without_the_right_to_sign_is_refused(changes: Changes) -> None:
    """A certificate that is no CA's, or may not sign others, issues nothing."""
    ca = make_chain(length=2, cas={1: changes})
    with pytest.raises(CertificateError):
        issue(make_csr(new_key("EC-256"), _SUBJECT), ca.keys[1], ca.certificates[1], _NOW, _DAY)


@pytest.mark.parametrize("spec", _RSA_SPECS)
def test_request_with_sha1_is_refused(spec: str) -> None:
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
