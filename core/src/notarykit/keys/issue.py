"""Certificates that keep the certificate requirements: requested, issued by a CA's key, or signed by the key itself.

Signature specification, "Certificate Requirements"; requests are PKCS#10 (RFC 2986). The keys may be private keys in
memory or anything with their interface (`notarykit.keys.remote`).
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
"""An RSA or EC private key of cryptography, or what has its interface."""

_PRINTABLE = (NameOID.COUNTRY_NAME, NameOID.SERIAL_NUMBER)
_PRINTABLE_STRING = re.compile(r"[A-Za-z0-9 '()+,./:=?-]*")
_OTHER_USAGES = (
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only",
    "decipher_only",
)  # fmt: skip


def make_name(attributes: Sequence[tuple[str, str]]) -> x509.Name:
    """A subject out of attributes in the order in which a text has them, the most special first (RFC 4514, 2.1).

    Args:
        attributes: Object identifiers in dotted digits, and values.

    Raises:
        CertificateError: A value is not what its attribute may have.
    """
    return x509.Name([_attribute(oid, value) for oid, value in reversed(attributes)])


def _attribute(oid: str, value: str) -> x509.NameAttribute[str]:
    kind = None
    try:
        kind = ObjectIdentifier(oid)
        # The library writes what a PrintableString cannot hold, and does not read it again.
        if kind in _PRINTABLE and not _PRINTABLE_STRING.fullmatch(value):
            raise ValueError(f"{value!r} has characters that this attribute cannot hold")
        return x509.NameAttribute(kind, value)
    except ValueError as error:
        advice = "a country has two letters" if kind == NameOID.COUNTRY_NAME else ""
        raise CertificateError(f"subject: {error}", rule="subject", advice=advice) from None


def trial_name(common_name: str) -> x509.Name:
    """The subject of a test certificate, as notation makes it."""
    place = ((NameOID.COUNTRY_NAME, "US"), (NameOID.STATE_OR_PROVINCE_NAME, "WA"), (NameOID.LOCALITY_NAME, "Seattle"))
    rest = ((NameOID.ORGANIZATION_NAME, "Notary"), (NameOID.COMMON_NAME, common_name))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in (*place, *rest)])


def make_request(key: Key, subject: x509.Name) -> x509.CertificateSigningRequest:
    """A request for a code signing certificate, signed by the key that it is for.

    Raises:
        SigningKeyError: The key is of no supported kind, or cannot sign.
    """
    builder = x509.CertificateSigningRequestBuilder(subject)
    for extension, critical in _leaf_extensions():
        builder = builder.add_extension(extension, critical)
    algorithm, padding = _signing(key)
    return builder.sign(key, algorithm, rsa_padding=padding)


def self_signed(
    key: Key, subject: x509.Name, now: datetime, validity: timedelta, *, is_ca: bool = False
) -> x509.Certificate:
    """A certificate that a key signs for itself.

    Args:
        key: The key.
        subject: The subject, and issuer.
        now: From when on it is valid.
        validity: For how long.
        is_ca: Whether it is a CA's root, rather than a code signing certificate that is a chain of its own.

    Raises:
        SigningKeyError: The key is of no supported kind, or cannot sign.
    """
    extensions = _ca_extensions() if is_ca else _leaf_extensions()
    return _signed(_builder(subject, subject, key.public_key(), now, now + validity, extensions), key)


def issue(
    request: x509.CertificateSigningRequest, ca_key: Key, ca: x509.Certificate, now: datetime, validity: timedelta
) -> x509.Certificate:
    """A code signing certificate for a request: its subject and key; its extensions are the CA's own.

    Args:
        request: The request.
        ca_key: The CA's key.
        ca: The CA's certificate.
        now: From when on the new one is valid.
        validity: For how long.

    Raises:
        CertificateError: The request does not hold; the CA's certificate is no CA's, of another key, or ends earlier.
        SigningKeyError: The request's key is of no supported kind, or the CA's key cannot sign.
    """
    check_request(request)
    requirements.apply(requirements.CODE_SIGNING_CA, requirements.place(ca, "CA certificate", 0))
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
    """Refuses a request that its key has not signed, or whose key cannot sign artifacts.

    Raises:
        CertificateError: Its signature does not hold, or it has no subject.
        SigningKeyError: Its key is of no supported kind.
    """
    try:
        key, is_nameless = request.public_key(), not list(request.subject)
        holds = request.is_signature_valid
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        holds = False
    if not holds:
        raise CertificateError(
            "the request's signature does not hold under its own key, or is of a kind that is not supported",
            rule="request_signature",
        )
    if is_nameless:
        raise CertificateError("the request has no subject", rule="subject", advice="ask for one with a subject")
    key_spec_of(key)


def _authority(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """What the CA's certificate calls its key (RFC 5280, section 4.2.1.1); its hash where it does not say."""
    own = subject_key_identifier(ca)
    if own is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier(own, None, None)


def _leaf_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    """Key usage digitalSignature, critical; no CA; code signing."""
    usage = x509.KeyUsage(digital_signature=True, key_cert_sign=False, **dict.fromkeys(_OTHER_USAGES, False))
    code_signing = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    return [(x509.BasicConstraints(ca=False, path_length=None), True), (usage, True), (code_signing, False)]


def _ca_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    """CA, critical; key usage keyCertSign and cRLSign, critical."""
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
    """The hash that belongs to the key; PSS where the key makes nothing else, since PKCS#1 1.5 is what all CAs read."""
    spec = key_spec_of(key.public_key())
    algorithm = HASHES[spec.hash_name]
    if isinstance(key, RemoteRSAKey):
        return algorithm, PSS(MGF1(algorithm), algorithm.digest_size)
    return algorithm, None
