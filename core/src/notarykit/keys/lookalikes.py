"""Files that are mistaken for certificate files, with the advice for each."""

import re

_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # PKCS#7's content type (RFC 2315, section 14)
_PKCS12_VERSION = b"\x02\x01\x03"  # RFC 7292, section 4
_SEQUENCE = 0x30

_PKCS7 = "a PKCS#7 file (.p7b), not a certificate"
_PEM = {
    "PKCS7": (_PKCS7, "openssl pkcs7 -print_certs -in {0} -out {0}.pem"),
    "PKCS #7 SIGNED DATA": (_PKCS7, "openssl pkcs7 -print_certs -in {0} -out {0}.pem"),
    "CMS": (_PKCS7, "openssl pkcs7 -print_certs -in {0} -out {0}.pem"),
    "TRUSTED CERTIFICATE": ("a certificate in OpenSSL's own form with trust", "openssl x509 -in {0} -out {0}.pem"),
    "CERTIFICATE REQUEST": ("a certificate request, not a certificate", ""),
    "NEW CERTIFICATE REQUEST": ("a certificate request, not a certificate", ""),
    "X509 CRL": ("a CRL, not a certificate", ""),
}
_DER = {
    _SIGNED_DATA: (_PKCS7, "openssl pkcs7 -inform DER -print_certs -in {0} -out {0}.pem"),
    _PKCS12_VERSION: ("a PKCS#12 file, not a certificate", "openssl pkcs12 -nokeys -in {0} -out {0}.pem"),
}


def look_alike(content: bytes, name: str) -> tuple[str, str] | None:
    """Identifies a file that holds no certificate; returns its kind and the advice, or None if unknown.

    Args:
        content: The content, in PEM or DER.
        name: The path, for the advice.
    """
    kind_and_command = next((_PEM[label] for label in _labels(content) if label in _PEM), None) or _der(content)
    if kind_and_command is None:
        return None
    kind, command = kind_and_command
    return kind, f"convert it with '{command.format(name)}'" if command else ""


def is_signed_data(der: bytes) -> bool:
    """Returns True for PKCS#7, which some programs label as a certificate."""
    return _der(der) == _DER[_SIGNED_DATA]


def _labels(content: bytes) -> list[str]:
    return [label.decode("ascii") for label in re.findall(rb"-----BEGIN ([A-Z0-9 #]+)-----", content)]


def _der(content: bytes) -> tuple[str, str] | None:
    if len(content) < 2 or content[0] != _SEQUENCE:  # noqa: PLR2004
        return None
    head = 2 + (content[1] & 0x7F if content[1] & 0x80 else 0)  # X.690, section 8.1.3
    return next((entry for start, entry in _DER.items() if content.startswith(start, head)), None)
