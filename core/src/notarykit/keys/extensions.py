"""Certificate extensions that are honored, parsed independently of all others.

Signature specification, "Other requirements": three are honored, and all others are ignored; the trust store and trust
policy specification, "Certificate Revocation Evaluation", adds two. cryptography parses all extensions at once and
fails on the first malformed one; then the others are removed, and the rest is parsed again.
"""

from collections.abc import Mapping

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier

from notarykit.keys.der import SEQUENCE, element, elements

_EXTENSIONS = 0xA3  # TBSCertificate's [3] (RFC 5280, section 4.1)
# Each with the DER of its identifier.
_HONORED = {
    ExtensionOID.BASIC_CONSTRAINTS: b"\x06\x03\x55\x1d\x13",
    ExtensionOID.KEY_USAGE: b"\x06\x03\x55\x1d\x0f",
    ExtensionOID.EXTENDED_KEY_USAGE: b"\x06\x03\x55\x1d\x25",
}
_REVOCATION = {
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS: b"\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x01",
    ExtensionOID.CRL_DISTRIBUTION_POINTS: b"\x06\x03\x55\x1d\x1f",
    ExtensionOID.FRESHEST_CRL: b"\x06\x03\x55\x1d\x2e",
    ExtensionOID.OCSP_NO_CHECK: b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x05",
}

_IDENTIFIERS = {
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: b"\x06\x03\x55\x1d\x0e",
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: b"\x06\x03\x55\x1d\x23",
}

Extensions = list[x509.Extension[x509.ExtensionType]]


def honored_extensions(certificate: x509.Certificate) -> Extensions:
    """Returns basic constraints, key usage and extended key usage, where present.

    Raises:
        ValueError: One of them is malformed.
        x509.DuplicateExtension: One of them occurs twice.
    """
    return _only(certificate, _HONORED)


def revocation_extensions(certificate: x509.Certificate) -> Extensions:
    """Returns the extensions about revocation, where present; raises like `honored_extensions`."""
    return _only(certificate, _REVOCATION)


def has_revocation_extensions(certificate: x509.Certificate) -> bool:
    """Returns True for a certificate with extensions about revocation, or with some that cannot be read."""
    try:
        return bool(revocation_extensions(certificate))
    except Exception:  # noqa: BLE001 - whatever cannot be read may name an endpoint
        return True


def subject_key_identifier(certificate: x509.Certificate) -> bytes | None:
    """Returns the subject key identifier, any value that its issuer chose (RFC 5280, section 4.2.1.2), or None."""
    values = _identifiers(certificate)
    return next((value.digest for value in values if isinstance(value, x509.SubjectKeyIdentifier)), None)


def authority_key_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier | None:
    """Returns the authority key identifier (RFC 5280, section 4.2.1.1), or None."""
    values = _identifiers(certificate)
    return next((value for value in values if isinstance(value, x509.AuthorityKeyIdentifier)), None)


def _identifiers(certificate: x509.Certificate) -> list[x509.ExtensionType]:
    try:
        return [extension.value for extension in _only(certificate, _IDENTIFIERS)]
    except (ValueError, x509.DuplicateExtension):  # hints for finding certificates, without effect on security
        return []


def _only(certificate: x509.Certificate, wanted: Mapping[ObjectIdentifier, bytes]) -> Extensions:
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        cut = _without_others(certificate, tuple(wanted.values()))
        extensions = x509.load_der_x509_certificate(cut).extensions
    return [extension for extension in extensions if extension.oid in wanted]


def is_ca_certificate(certificate: x509.Certificate) -> bool:
    """Returns True for basic constraints with cA; False if the extensions are malformed."""
    try:
        values = [extension.value for extension in honored_extensions(certificate)]
    except (ValueError, x509.DuplicateExtension):
        return False
    return any(isinstance(value, x509.BasicConstraints) and value.ca for value in values)


def _without_others(certificate: x509.Certificate, identifiers: tuple[bytes, ...]) -> bytes:
    """Returns the certificate in DER without other extensions; its signature is invalid then, and not used."""
    from cryptography.hazmat.primitives.serialization import Encoding

    (_, _, content), *_ = elements(certificate.public_bytes(Encoding.DER))
    (_, _, signed), *rest = elements(content)
    parts = []
    for tag, whole, inner in elements(signed):
        if tag != _EXTENSIONS:
            parts.append(whole)
            continue
        (_, _, listed), *_ = elements(inner)
        kept = [extension for _, extension, body in elements(listed) if body.startswith(identifiers)]
        if kept:
            parts.append(element(_EXTENSIONS, element(SEQUENCE, b"".join(kept))))
    return element(SEQUENCE, element(SEQUENCE, b"".join(parts)) + b"".join(whole for _, whole, _ in rest))
