"""The DER elements that CRLs and OCSP answers are made of, and the signatures under them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from tests.support.ca import AnyPrivateKey, Extension
from tests.support.der import bit_string, sequence, tlv

NULL = tlv(0x05, b"")
SHA1 = hashes.SHA1()
SHA256 = hashes.SHA256()
PSS = "1.2.840.113549.1.1.10"
HASHES = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
PKCS1 = {
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
ECDSA = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}


def integer(value: int) -> bytes:
    """An INTEGER of any size and sign."""
    return tlv(0x02, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> bytes:
    """An ENUMERATED of a small value."""
    return tlv(0x0A, bytes([value]))


def octet_string(content: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, content)


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    return tlv(0x06, b"".join(map(_base_128, (first * 40 + second, *rest))))


def _base_128(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


def utc_time(moment: datetime) -> bytes:
    """A UTCTime, which has two digits for the year."""
    return tlv(0x17, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in whole seconds."""
    return tlv(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def time(moment: datetime) -> bytes:
    """A Time in the form that RFC 5280 asks of its year."""
    return utc_time(moment) if 1950 <= moment.astimezone(UTC).year < 2050 else generalized_time(moment)


def explicit(number: int, content: bytes) -> bytes:
    """An element inside a context-specific tag."""
    return tlv(0xA0 | number, content)


def extensions(given: Iterable[Extension]) -> bytes:
    """A SEQUENCE of extensions in this order, or nothing where there are none."""
    parts = [
        sequence(oid(each.oid.dotted_string), tlv(0x01, b"\xff") if critical else b"", octet_string(_value(each)))
        for each, critical in given
    ]
    return sequence(*parts) if parts else b""


def _value(extension: x509.ExtensionType) -> bytes:
    # What is not known stands as it is; its own way of encoding gives the same.
    return extension.value if isinstance(extension, x509.UnrecognizedExtension) else extension.public_bytes()


def unknown_extension(critical: bool = True, dotted: str = "1.3.6.1.4.1.99999.1") -> Extension:
    """Makes an unknown extension."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), NULL), critical


def hash_identifier(algorithm: hashes.HashAlgorithm) -> bytes:
    """The AlgorithmIdentifier of a hash."""
    return sequence(oid(HASHES[algorithm.name]), NULL)


def digest(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    """A hash."""
    state = hashes.Hash(algorithm)
    state.update(content)
    return state.finalize()


def key_bits(key: AnyPrivateKey) -> bytes:
    """The bits of a key's public half, which hashes of keys are made over; public keys are taken too."""
    public = key.public_key() if hasattr(key, "public_key") else key
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    if isinstance(public, ec.EllipticCurvePublicKey):
        encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    elif not isinstance(public, rsa.RSAPublicKey):
        encoding, form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    bits: bytes = public.public_bytes(encoding, form)
    return bits


def signature_algorithm(key: AnyPrivateKey, hash_algorithm: hashes.HashAlgorithm, *, pss: bool = False) -> bytes:
    """The AlgorithmIdentifier of a key's signatures."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return sequence(oid("1.3.101.112"))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sequence(oid(ECDSA[hash_algorithm.name]))
    if not pss:
        return sequence(oid(PKCS1[hash_algorithm.name]), NULL)
    hashed = hash_identifier(hash_algorithm)
    mask = sequence(oid("1.2.840.113549.1.1.8"), hashed)
    salt = integer(hash_algorithm.digest_size)
    return sequence(oid(PSS), sequence(explicit(0, hashed), explicit(1, mask), explicit(2, salt)))


def signature(
    key: AnyPrivateKey, hash_algorithm: hashes.HashAlgorithm, content: bytes, *, pss: bool = False, corrupted: bool
) -> bytes:
    """A signature as a BIT STRING.

    Args:
        key: The private key.
        hash_algorithm: The hash.
        content: What is signed.
        pss: Whether an RSA key signs with PSS.
        corrupted: Whether the lowest bit of the last byte is flipped, with which it does not hold.
    """
    made: bytes
    if isinstance(key, ed25519.Ed25519PrivateKey):
        made = key.sign(content)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        made = key.sign(content, ec.ECDSA(hash_algorithm))
    elif pss:
        made = key.sign(content, padding.PSS(padding.MGF1(hash_algorithm), hash_algorithm.digest_size), hash_algorithm)
    else:
        made = key.sign(content, padding.PKCS1v15(), hash_algorithm)
    return bit_string(made[:-1] + bytes([made[-1] ^ 1]) if corrupted else made)
