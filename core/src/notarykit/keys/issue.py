"""Issuance of code signing certificates: certificate requests, CA-issued and self-signed certificates.

Signature specification, "Certificate Requirements"; requests are PKCS#10 (RFC 2986). Keys are private keys of
cryptography, or objects with their interface (`notarykit.keys.remote`).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import CertificateError
from notarykit.keys import requirements
from notarykit.keys.certificate import subject_of
from notarykit.keys.extensions import subject_key_identifier
from notarykit.keys.remote import RemoteRSAKey
from notarykit.keys.signature import HASHES
from notarykit.keys.spec import key_spec_of

Key = Any
"""RSA or EC private key of cryptography, or an object with its interface."""

_PRINTABLE = (NameOID.COUNTRY_NAME, NameOID.SERIAL_NUMBER)
_PRINTABLE_STRING = re.compile(r"[A-Za-z0-9 '()+,./:=?-]*")
_OTHER_USAGES = (
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only",
    "decipher_only",
)  # fmt: skip


def make_name(attributes: Sequence[tuple[str, str]]) -> x509.Name:
    """Builds a subject from attributes in the order of text, most specific first (RFC 4514, section 2.1).

    Args:
        attributes: Object identifiers in dotted decimal form, and values.

    Raises:
        CertificateError: An attribute cannot hold its value.
    """
    return x509.Name([_attribute(oid, value) for oid, value in reversed(attributes)])


def _attribute(oid: str, value: str) -> x509.NameAttribute[str]:
    kind = None
    try:
        kind = ObjectIdentifier(oid)
        # cryptography encodes characters that a PrintableString cannot hold, and fails to parse them.
        if kind in _PRINTABLE and not _PRINTABLE_STRING.fullmatch(value):
            raise ValueError(f"{value!r} has characters that this attribute cannot hold")
        return x509.NameAttribute(kind, value)
    except ValueError as error:
        advice = "a country has two letters" if kind == NameOID.COUNTRY_NAME else ""
        raise CertificateError(f"subject: {error}", rule="subject", advice=advice) from None


def default_subject(common_name: str) -> x509.Name:
    """Returns the subject of a test certificate, as notation generates it."""
    place = ((NameOID.COUNTRY_NAME, "US"), (NameOID.STATE_OR_PROVINCE_NAME, "WA"), (NameOID.LOCALITY_NAME, "Seattle"))
    rest = ((NameOID.ORGANIZATION_NAME, "Notary"), (NameOID.COMMON_NAME, common_name))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in (*place, *rest)])


def make_csr(key: Key, subject: x509.Name) -> x509.CertificateSigningRequest:
    """Creates a certificate request for code signing, signed by its key.

    Raises:
        SigningKeyError: The key is not supported, or cannot sign.
    """
    builder = x509.CertificateSigningRequestBuilder(subject)
    for extension, critical in _leaf_extensions():
        builder = builder.add_extension(extension, critical)
    algorithm, padding = _signing(key)
    return builder.sign(key, algorithm, rsa_padding=padding)


def self_signed(
    key: Key, subject: x509.Name, now: datetime, validity: timedelta, *, is_ca: bool = False
) -> x509.Certificate:
    """Creates a self-signed certificate.

    Args:
        key: The key.
        subject: The subject and issuer.
        now: Start of the validity period.
        validity: Length of the validity period.
        is_ca: True for the root of a CA, False for a code signing certificate.

    Raises:
        SigningKeyError: The key is not supported, or cannot sign.
    """
    extensions = _ca_extensions() if is_ca else _leaf_extensions()
    return _signed(_builder(subject, subject, key.public_key(), now, now + validity, extensions), key)


def issue(
    request: x509.CertificateSigningRequest, ca_key: Key, ca: x509.Certificate, now: datetime, validity: timedelta
) -> x509.Certificate:
    """Issues a code signing certificate with subject and key of a request; requested extensions are ignored.

    Args:
        request: The request.
        ca_key: The CA's key.
        ca: The CA's certificate.
        now: Start of the validity period.
        validity: Length of the validity period.

    Raises:
        CertificateError: The request is invalid; the CA certificate is not a CA's, of another key, or expires earlier.
        SigningKeyError: The request's key is not supported, or the CA's key cannot sign.
    """
    check_request(request)
    requirements.enforce(requirements.CODE_SIGNING_CA, requirements.chain_member(ca, "CA certificate", 0))
    if ca.public_key() != ca_key.public_key():
        raise CertificateError(f"the CA certificate {subject_of(ca)!r} is not of the CA key", rule="certificate_of_key")
    if not ca.not_valid_before_utc <= now < now + validity <= ca.not_valid_after_utc:
        raise CertificateError(
            f"the certificate would be valid at other times than its CA {subject_of(ca)!r}, which is valid from "
            f"{format_rfc3339(ca.not_valid_before_utc)} to {format_rfc3339(ca.not_valid_after_utc)}",
            rule="validity",
            advice="ask for a shorter --validity",
        )
    key = request.public_key()
    builder = _builder(request.subject, ca.subject, key, now, now + validity, _leaf_extensions())
    return _signed(builder.add_extension(_authority(ca), critical=False), ca_key)


def check_request(request: x509.CertificateSigningRequest) -> None:
    """Refuses a request that was not signed by its key, or has an unsupported key.

    Raises:
        CertificateError: Its signature is invalid, or it has no subject.
        SigningKeyError: Its key is not supported.
    """
    try:
        key, is_nameless = request.public_key(), not list(request.subject)
        holds = request.is_signature_valid
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        holds = False
    if not holds:
        raise CertificateError(
            "the request's signature is invalid under its own key, or not supported",
            rule="request_signature",
        )
    if is_nameless:
        raise CertificateError("the request has no subject", rule="subject", advice="ask for one with a subject")
    key_spec_of(key)


def _authority(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Returns the CA's subject key identifier (RFC 5280, section 4.2.1.1), or the hash of its key without one."""
    own = subject_key_identifier(ca)
    if own is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier(own, None, None)


def _leaf_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    """Returns key usage digitalSignature, critical; no CA; code signing."""
    usage = x509.KeyUsage(digital_signature=True, key_cert_sign=False, **dict.fromkeys(_OTHER_USAGES, False))
    code_signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    return [(x509.BasicConstraints(ca=False, path_length=None), True), (usage, True), (code_signing, False)]


def _ca_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    """Returns basic constraints CA and key usage keyCertSign and cRLSign, both critical."""
    usages = {**dict.fromkeys(_OTHER_USAGES, False), "crl_sign": True}
    usage = x509.KeyUsage(digital_signature=False, key_cert_sign=True, **usages)
    return [(x509.BasicConstraints(ca=True, path_length=None), True), (usage, True)]


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: Any,
    start: datetime,
    end: datetime,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.CertificateBuilder:
    if end <= start:
        raise CertificateError("the certificate would end when it begins", rule="validity", advice="ask for more time")
    builder = x509.CertificateBuilder(issuer, subject, public_key, x509.random_serial_number(), start, end)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)


def _signed(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    algorithm, padding = _signing(key)
    return builder.sign(key, algorithm, rsa_padding=padding)


def _signing(key: Key) -> tuple[Any, PSS | None]:
    """Returns the hash of the key spec; PSS for remote keys only, since all CAs support PKCS#1 1.5."""
    spec = key_spec_of(key.public_key())
    algorithm = HASHES[spec.hash_name]
    if isinstance(key, RemoteRSAKey):
        return algorithm, PSS(MGF1(algorithm), algorithm.digest_size)
    return algorithm, None
