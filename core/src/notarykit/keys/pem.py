"""Certificate files: one or more certificates in PEM, or consecutive ones in DER."""

import base64
import binascii
import re

from notarykit._internal.encodings import foreign_encoding
from notarykit.errors import CertificateError
from notarykit.keys.lookalikes import is_signed_data, look_alike

_BEGIN = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")
_PEM = re.compile(_BEGIN.pattern + rb"([A-Za-z0-9+/=\s]*)-----END (?:X509 )?CERTIFICATE-----")
_SEQUENCE = 0x30


def read_certificates(content: bytes, name: str) -> tuple[bytes, ...]:
    """Returns the certificates of a file in DER, in the file's order; text around PEM blocks is ignored.

    Raises:
        CertificateError: There is none, or one is damaged; other kinds of files are named.
    """
    if not isinstance(content, bytes):
        raise TypeError(f"{name} must be given as bytes, not as {type(content).__name__}")
    if not _PEM.search(content) and (other := look_alike(content, name)) is not None:
        raise CertificateError(f"{name} is {other[0]}", rule="certificate_file", advice=other[1])
    if b"-----BEGIN" in content:
        ders = [_decode(match[1], name) for match in _PEM.finditer(content)]
        if len(ders) != len(_BEGIN.findall(content)):
            raise CertificateError(f"{name} has a damaged certificate in PEM", rule="certificate_file")
    else:
        ders = _split_der(content, name)
    if not ders:
        raise CertificateError(f"{name} holds no certificate", rule="certificate_file", advice="give PEM or DER")
    if is_signed_data(ders[0]):
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
