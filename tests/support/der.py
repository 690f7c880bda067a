"""DER put together by hand, for certificates that the library refuses to make."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


def signed_again(der: bytes, tbs: bytes, signer: Any, hash_algorithm: Any) -> bytes:
    """A certificate with other contents under a signature that holds; the outer algorithm stays as it is."""
    old = x509.load_der_x509_certificate(der)
    start = der.index(old.tbs_certificate_bytes) + len(old.tbs_certificate_bytes)
    algorithm = der[start : start + 2 + der[start + 1]]
    return sequence(tbs, algorithm, bit_string(_signature(signer, tbs, hash_algorithm)))


def _signature(signer: Any, tbs: bytes, hash_algorithm: Any) -> bytes:
    signature: bytes
    if isinstance(signer, rsa.RSAPrivateKey):
        signature = signer.sign(tbs, padding.PKCS1v15(), hash_algorithm)
    else:
        signature = signer.sign(tbs, ec.ECDSA(hash_algorithm))
    return signature


def sequence(*parts: bytes) -> bytes:
    """A DER sequence of parts that are DER already."""
    return tlv(0x30, b"".join(parts))


def bit_string(content: bytes) -> bytes:
    """A DER bit string of whole bytes."""
    return tlv(0x03, b"\0" + content)


def tlv(tag: int, content: bytes) -> bytes:
    """One DER element with a tag of one byte."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content
