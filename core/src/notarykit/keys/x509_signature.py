"""Signatures with an AlgorithmIdentifier: on CRLs, OCSP responses and timestamp tokens.

Neither SHA-1 is supported, nor RSASSA-PSS with different hashes or a salt of another length than the hash.
"""

from functools import cache
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from notarykit.keys.der import SEQUENCE, element, elements, integer
from notarykit.keys.signature import HASHES
from notarykit.keys.spec import digest, long_exponent

_NULL = b"\x05\x00"
_KEYS = {
    "RSA": rsa.RSAPublicKey,
    "RSASSA-PSS": rsa.RSAPublicKey,
    "ECDSA": ec.EllipticCurvePublicKey,
    "Ed25519": ed25519.Ed25519PublicKey,
}


class Algorithm(NamedTuple):
    """Signature algorithm.

    Attributes:
        kind: `RSA` (PKCS#1 1.5), `RSASSA-PSS`, `ECDSA` or `Ed25519`.
        hash_name: The hash, such as `SHA-256`; empty for Ed25519.
    """

    kind: str
    hash_name: str = ""


def _oid(digits: str) -> bytes:
    return element(0x06, bytes.fromhex(digits))


# RFC 5754, section 2; the arcs 2.16.840.1.101.3.4.2.1 to .3.
_HASH_OIDS = {f"SHA-{bits}": _oid(f"60864801650304020{last}") for bits, last in ((256, 1), (384, 2), (512, 3))}
_RSA, _ECDSA = "2a864886f70d0101{:02x}", "2a8648ce3d0403{:02x}"
_RSA_ENCRYPTION = _oid(_RSA.format(1))
_NUMBERS = {"SHA-256": (11, 2), "SHA-384": (12, 3), "SHA-512": (13, 4)}


def _pss(hash_oid: bytes, salt: int, hash_null: bytes, mask_null: bytes) -> bytes:
    """Encodes RSASSA-PSS with its parameters (RFC 4055, section 3.1)."""
    mask_hash = element(SEQUENCE, hash_oid + mask_null)
    parts = (
        element(0xA0, element(SEQUENCE, hash_oid + hash_null)),
        element(0xA1, element(SEQUENCE, _oid(_RSA.format(8)) + mask_hash)),
        element(0xA2, integer(salt)),
    )
    return element(SEQUENCE, _oid(_RSA.format(10)) + element(SEQUENCE, b"".join(parts)))


def _identifiers() -> dict[bytes, Algorithm]:
    """Returns the algorithms by AlgorithmIdentifier in DER, with NULL or absent parameters (RFC 4055, 2.1 and 5)."""
    algorithms = {element(SEQUENCE, _oid("2b6570")): Algorithm("Ed25519")}
    for name, (rsa_number, ecdsa_number) in _NUMBERS.items():
        for null in (_NULL, b""):
            algorithms[element(SEQUENCE, _oid(_RSA.format(rsa_number)) + null)] = Algorithm("RSA", name)
            for mask_null in (_NULL, b""):
                algorithms[_pss(_HASH_OIDS[name], HASHES[name].digest_size, null, mask_null)] = Algorithm(
                    "RSASSA-PSS", name
                )
        algorithms[element(SEQUENCE, _oid(_ECDSA.format(ecdsa_number)))] = Algorithm("ECDSA", name)
    return algorithms


_IDENTIFIERS = _identifiers()
_HASH_IDENTIFIERS = {element(SEQUENCE, oid + null): name for name, oid in _HASH_OIDS.items() for null in (_NULL, b"")}


def hash_of(identifier: bytes) -> str:
    """Returns the hash of an AlgorithmIdentifier in DER, such as `SHA-256`.

    Raises:
        ValueError: It is not of the SHA-2 family.
    """
    if identifier not in _HASH_IDENTIFIERS:
        raise ValueError("the hash is not SHA-256, SHA-384 or SHA-512")
    return _HASH_IDENTIFIERS[identifier]


def algorithm_of(identifier: bytes, hash_name: str = "") -> Algorithm:
    """Returns the algorithm of an AlgorithmIdentifier in DER.

    Args:
        identifier: The identifier.
        hash_name: The separate digest algorithm of CMS; `rsaEncryption` then means RSA with this hash (RFC 3370, 3.2).

    Raises:
        ValueError: It is not supported, or implies another hash.
    """
    algorithm = _IDENTIFIERS.get(identifier)
    if hash_name and identifier in (element(SEQUENCE, _RSA_ENCRYPTION + null) for null in (_NULL, b"")):
        algorithm = Algorithm("RSA", hash_name)
    if algorithm is None:
        raise ValueError("the signature algorithm is not supported: it must be RSA, ECDSA or Ed25519 with SHA-2")
    if hash_name and algorithm.hash_name != hash_name:
        raise ValueError(f"the signature algorithm {algorithm.kind} does not use the digest algorithm {hash_name}")
    return algorithm


def verify_message(public_key: Any, algorithm: Algorithm, signature: bytes, message: bytes | memoryview) -> None:
    """Verifies a signature over a message.

    Raises:
        ValueError: It is invalid, or the key is of another type than the algorithm.
    """
    if isinstance(public_key, rsa.RSAPublicKey) and (problem := long_exponent(public_key)):
        raise ValueError(f"the key has {problem}")
    verify_by_sound_key(public_key, algorithm, signature, message)


def verify_by_sound_key(public_key: Any, algorithm: Algorithm, signature: bytes, message: bytes | memoryview) -> None:
    """Verifies a signature as `verify_message`, under a key whose exponent was found to be short."""
    kind, name = algorithm
    is_of_type = isinstance(public_key, _KEYS[kind])
    if not is_of_type:
        raise ValueError(f"the key is not one for {kind}")
    try:
        if kind == "Ed25519":
            public_key.verify(signature, bytes(message))
        else:  # hashlib releases the GIL and copies nothing
            public_key.verify(signature, digest(name, message), *_scheme(algorithm))
    except InvalidSignature:
        raise ValueError("the signature does not hold") from None


@cache
def _scheme(algorithm: Algorithm) -> tuple[Any, ...]:
    """Returns the arguments behind a signature and a digest for the key's method."""
    kind, name = algorithm
    prehashed = utils.Prehashed(HASHES[name])
    if kind == "ECDSA":
        return (ec.ECDSA(prehashed),)
    if kind == "RSA":
        return padding.PKCS1v15(), prehashed
    return padding.PSS(padding.MGF1(HASHES[name]), HASHES[name].digest_size), prehashed


def verify_x509_signature(der: bytes, public_key: Any) -> None:
    """Verifies a CRL or BasicOCSPResponse: a sequence of contents, algorithm and signature.

    The signature is verified over the bytes as received; cryptography encodes them anew first, which dominates the cost
    of a large CRL.

    Args:
        der: The sequence, as valid DER.
        public_key: The key.

    Raises:
        ValueError: The signature is invalid, or its algorithm is not supported.
    """
    (_, _, content), *_ = elements(memoryview(der))
    parts = elements(content)
    contents, identifier, signature = (next(parts) for _ in range(3))
    verify_message(public_key, algorithm_of(bytes(identifier[1])), bytes(signature[2][1:]), contents[1])
