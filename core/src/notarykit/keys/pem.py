"""Certificate files: one or more certificates in PEM, or consecutive ones in DER; advice for other files."""

import base64
import binascii
import re

from notarykit._internal.encodings import foreign_encoding
from notarykit.errors import CertificateError

_BEGIN = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")
_PEM = re.compile(_BEGIN.pattern + rb"([A-Za-z0-9+/=\s]*)-----END (?:X509 )?CERTIFICATE-----")
_SEQUENCE = 0x30
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # PKCS#7's content type (RFC 2315, section 14)
_PKCS12_VERSION = b"\x02\x01\x03"  # RFC 7292, section 4
_PKCS7 = "a PKCS#7 file (.p7b), not a certificate"
_OTHER_LABELS = {
    "PKCS7": (_PKCS7, "openssl pkcs7 -print_certs -in {0} -out {0}.pem"),
    "PKCS #7 SIGNED DATA": (_PKCS7, "openssl pkcs7 -print_certs -in {0} -out {0}.pem"),
    "CMS": (_PKCS7, "openssl pkcs7 -print_certs -in {0} -out {0}.pem"),
    "TRUSTED CERTIFICATE": ("a certificate in OpenSSL's own form with trust", "openssl x509 -in {0} -out {0}.pem"),
    "CERTIFICATE REQUEST": ("a certificate request, not a certificate", ""),
    "NEW CERTIFICATE REQUEST": ("a certificate request, not a certificate", ""),
    "X509 CRL": ("a CRL, not a certificate", ""),
}
_OTHER_STARTS = {
    _SIGNED_DATA: (_PKCS7, "openssl pkcs7 -inform DER -print_certs -in {0} -out {0}.pem"),
    _PKCS12_VERSION: ("a PKCS#12 file, not a certificate", "openssl pkcs12 -nokeys -in {0} -out {0}.pem"),
}


def read_certificates(content: bytes, name: str) -> tuple[bytes, ...]:
    """Returns the certificates of a file in DER, in the file's order; text around PEM blocks is ignored.

    Raises:
        CertificateError: There is none, or one is damaged; other kinds of files are named.
    """
    if not isinstance(content, bytes):
        raise TypeError(f"{name} must be given as bytes, not as {type(content).__name__}")
    if not _PEM.search(content) and (other := _look_alike(content, name)) is not None:
        raise CertificateError(f"{name} is {other[0]}", rule="certificate_file", advice=other[1])
    if b"-----BEGIN" in content:
        ders = [_decode(match[1], name) for match in _PEM.finditer(content)]
        if len(ders) != len(_BEGIN.findall(content)):
            raise CertificateError(f"{name} has a damaged certificate in PEM", rule="certificate_file")
    else:
        ders = _split_der(content, name)
    if not ders:
        raise CertificateError(f"{name} holds no certificate", rule="certificate_file", advice="give PEM or DER")
    if _is_signed_data(ders[0]):
        advice = f"convert it with 'sed s/CERTIFICATE/PKCS7/ {name} | openssl pkcs7 -print_certs'"
        raise CertificateError(f"{name} is a PKCS#7 file, not a certificate", rule="certificate_file", advice=advice)
    return tuple(ders)


def _decode(block: bytes, name: str) -> bytes:
    try:
        return base64.b64decode(b"".join(block.split()), validate=True)
    except binascii.Error as error:
        raise CertificateError(f"{name} has a damaged certificate in PEM: {error}", rule="certificate_file") from None


def _split_der(content: bytes, name: str) -> list[bytes]:
    ders = []
    position = 0
    while position < len(content):
        length = _der_length(content, position)
        if length is None or position + length > len(content):
            raise CertificateError(
                f"{name} is neither PEM nor DER of certificates",
                rule="certificate_file",
                advice=foreign_encoding(content),
            )
        ders.append(content[position : position + length])
        position += length
    return ders


def _der_length(content: bytes, position: int) -> int | None:
    """Returns the length of the DER sequence at a position, its head included (X.690, section 8.1.3), or None."""
    head = content[position : position + 2]
    if len(head) != 2 or head[0] != _SEQUENCE:  # noqa: PLR2004
        return None
    if head[1] < 0x80:  # noqa: PLR2004
        return 2 + head[1]
    count = head[1] & 0x7F
    digits = content[position + 2 : position + 2 + count]
    return 2 + count + int.from_bytes(digits, "big") if 0 < count == len(digits) <= 4 else None  # noqa: PLR2004


def _look_alike(content: bytes, name: str) -> tuple[str, str] | None:
    """Identifies a file that holds no certificate; returns its kind and the advice, or None if unknown.

    Args:
        content: The content, in PEM or DER.
        name: The path, for the advice.
    """
    labelled = (_OTHER_LABELS[label] for label in _labels(content) if label in _OTHER_LABELS)
    kind_and_command = next(labelled, None) or _other_start(content)
    if kind_and_command is None:
        return None
    kind, command = kind_and_command
    return kind, f"convert it with '{command.format(name)}'" if command else ""


def _is_signed_data(der: bytes) -> bool:
    """Returns True for PKCS#7, which some programs label as a certificate."""
    return _other_start(der) == _OTHER_STARTS[_SIGNED_DATA]


def _labels(content: bytes) -> list[str]:
    return [label.decode("ascii") for label in re.findall(rb"-----BEGIN ([A-Z0-9 #]+)-----", content)]


def _other_start(content: bytes) -> tuple[str, str] | None:
    if len(content) < 2 or content[0] != _SEQUENCE:  # noqa: PLR2004
        return None
    head = 2 + (content[1] & 0x7F if content[1] & 0x80 else 0)  # X.690, section 8.1.3
    return next((entry for start, entry in _OTHER_STARTS.items() if content.startswith(start, head)), None)
