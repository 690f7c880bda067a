"""The extensions that count, read so that no other one can stand in their way.

Signature specification, "Other requirements": three are honored, and all others fail open; the trust store and trust
policy specification, "Certificate Revocation Evaluation", asks for two more. The library reads all extensions at once
and gives up on the first that it cannot read; then the others are cut out, and what is left is read again.
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
    """Basic constraints, key usage and extended key usage, as far as they are there.

    Raises:
        ValueError: One of them is malformed.
        x509.DuplicateExtension: One of them occurs twice.
    """
    return _only(certificate, _HONORED)


def revocation_extensions(certificate: x509.Certificate) -> Extensions:
    """What tells where a certificate's revocation can be looked up, as far as it is there; raises the same."""
    return _only(certificate, _REVOCATION)


def subject_key_identifier(certificate: x509.Certificate) -> bytes | None:
    """What a certificate calls its key, which is any hash or number that its maker chose (RFC 5280, 4.2.1.2)."""
    found = _identifiers(certificate)
    return next((each.digest for each in found if isinstance(each, x509.SubjectKeyIdentifier)), None)


def authority_key_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier | None:
    """What a certificate calls its issuer's key, or its issuer's certificate (RFC 5280, 4.2.1.1)."""
    return next((each for each in _identifiers(certificate) if isinstance(each, x509.AuthorityKeyIdentifier)), None)


def _identifiers(certificate: x509.Certificate) -> list[x509.ExtensionType]:
    try:
        return [each.value for each in _only(certificate, _IDENTIFIERS)]
    except (ValueError, x509.DuplicateExtension):  # they help to find certificates, and nothing rests on them
        return []


def _only(certificate: x509.Certificate, wanted: Mapping[ObjectIdentifier, bytes]) -> Extensions:
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        cut = _without_others(certificate, tuple(wanted.values()))
        extensions = x509.load_der_x509_certificate(cut).extensions
    return [extension for extension in extensions if extension.oid in wanted]


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether a certificate says of itself that it is a CA's; one whose extensions cannot be read does not."""
    try:
        values = [extension.value for extension in honored_extensions(certificate)]
    except (ValueError, x509.DuplicateExtension):
        return False
    return any(isinstance(value, x509.BasicConstraints) and value.ca for value in values)


def _without_others(certificate: x509.Certificate, identifiers: tuple[bytes, ...]) -> bytes:
    """The certificate in DER without the other extensions; its signature, which does not hold any more, is not used."""
    from cryptography.hazmat.primitives.serialization import Encoding

    (_, _, content), *_ = elements(certificate.public_bytes(Encoding.DER))
    (_, _, signed), *rest = elements(content)
    parts = []
    for tag, whole, inner in elements(signed):
        if tag != _EXTENSIONS:
            parts.append(whole)
            continue
        (_, _, listed), *_ = elements(inner)
        kept = [one for _, one, body in elements(listed) if body.startswith(identifiers)]
        if kept:
            parts.append(element(_EXTENSIONS, element(SEQUENCE, b"".join(kept))))
    return element(SEQUENCE, element(SEQUENCE, b"".join(parts)) + b"".join(whole for _, whole, _ in rest))
