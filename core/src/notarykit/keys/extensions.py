"""The three extensions that count, read so that no other one can stand in their way.

Signature specification, "Other requirements": all other extensions fail open. The library reads all extensions at once
and gives up on the first that it cannot read; then the others are cut out, and what is left is read again.
"""

from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

_EXTENSIONS, _SEQUENCE = 0xA3, 0x30  # TBSCertificate's [3] (RFC 5280, section 4.1), and SEQUENCE
# Basic constraints, key usage and extended key usage, each as the DER of its identifier.
_IDENTIFIERS = (b"\x06\x03\x55\x1d\x13", b"\x06\x03\x55\x1d\x0f", b"\x06\x03\x55\x1d\x25")
_HONORED = (ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE)


def honored_extensions(certificate: x509.Certificate) -> list[x509.Extension[x509.ExtensionType]]:
    """Basic constraints, key usage and extended key usage, as far as they are there.

    Raises:
        ValueError: One of them is malformed.
        x509.DuplicateExtension: One of them occurs twice.
    """
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        extensions = x509.load_der_x509_certificate(_without_others(certificate)).extensions
    return [extension for extension in extensions if extension.oid in _HONORED]


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether a certificate says of itself that it is a CA's; one whose extensions cannot be read does not."""
    try:
        values = [extension.value for extension in honored_extensions(certificate)]
    except (ValueError, x509.DuplicateExtension):
        return False
    return any(isinstance(value, x509.BasicConstraints) and value.ca for value in values)


def _without_others(certificate: x509.Certificate) -> bytes:
    """The certificate in DER without the other extensions; its signature, which does not hold any more, is not used."""
    from cryptography.hazmat.primitives.serialization import Encoding

    (_, _, content), *_ = _elements(certificate.public_bytes(Encoding.DER))
    (_, _, signed), *rest = _elements(content)
    parts = []
    for tag, whole, inner in _elements(signed):
        if tag != _EXTENSIONS:
            parts.append(whole)
            continue
        (_, _, listed), *_ = _elements(inner)
        kept = [one for _, one, body in _elements(listed) if body.startswith(_IDENTIFIERS)]
        if kept:
            parts.append(_element(_EXTENSIONS, _element(_SEQUENCE, b"".join(kept))))
    return _element(_SEQUENCE, _element(_SEQUENCE, b"".join(parts)) + b"".join(whole for _, whole, _ in rest))


def _elements(der: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The tag, the whole and the content of each element in a row; the DER has been read once already and is sound."""
    start = 0
    while start < len(der):
        size, body = der[start + 1], start + 2
        if size & 0x80:
            body += size & 0x7F
            size = int.from_bytes(der[start + 2 : body], "big")
        yield der[start], der[start : body + size], der[body : body + size]
        start = body + size


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:  # noqa: PLR2004
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content
