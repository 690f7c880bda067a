"""Files that people take for those of certificates: each named as what it is, with what to do."""

import re

_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # PKCS#7's content type (RFC 2315, section 14)
_PKCS12_VERSION = b"\x02\x01\x03"  # RFC 7292, section 4
_SEQUENCE_HEAD = re.compile(rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)", re.DOTALL)
_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 #]+)-----")

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
    """What a file without a certificate is, and the advice that goes with it; None where it is nothing known.

    Args:
        content: The file, in PEM or DER.
        name: Its path, for the advice.
    """
    found = next((_PEM[label] for label in _labels(content) if label in _PEM), None) or _der(content)
    if found is None:
        return None
    what, command = found
    return what, f"convert it with '{command.format(name)}'" if command else ""


def is_signed_data(der: bytes) -> bool:
    """Whether something that should be a certificate is PKCS#7, as some programs label it."""
    return _der(der) == _DER[_SIGNED_DATA]


def _labels(content: bytes) -> list[str]:
    return [label.decode("ascii") for label in _LABEL.findall(content)]


def _der(content: bytes) -> tuple[str, str] | None:
    head = _SEQUENCE_HEAD.match(content)
    if head is None:
        return None
    return next((found for start, found in _DER.items() if content.startswith(start, head.end())), None)
