"""Raw signatures by key spec: RSASSA-PSS and ECDSA.

An ECDSA signature is r and s side by side, each of the curve's full length (RFC 7518, section 3.4; RFC 9053, section
2.1).
"""

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from notarykit.keys.spec import KeySpec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
}
# RFC 7518, section 3.5: the salt is as long as the hash, and the mask generation uses the same hash.
_PSS = {
    name: padding.PSS(mgf=padding.MGF1(algorithm), salt_length=padding.PSS.DIGEST_LENGTH)
    for name, algorithm in HASHES.items()
}


@cache  # the first one loads a good part of cryptography, which an RSA key does without
def _ecdsa(hash_name: str) -> ec.ECDSA:
    return ec.ECDSA(HASHES[hash_name])


class RawSignature(NamedTuple):
    """Signature without an envelope.

    Attributes:
        signature: RSASSA-PSS signature, or ECDSA signature as r||s.
        chain: Certificates in DER, leaf first, root last.
        agent: Signing agent that the envelope names, or an empty string for this library's own.
    """

    signature: bytes
    chain: tuple[bytes, ...]
    agent: str = ""


def sign_raw(private_key: "RSAPrivateKey | EllipticCurvePrivateKey", spec: KeySpec, message: bytes) -> bytes:
    """Signs a message with a key of the given spec."""
    if isinstance(private_key, RSAPrivateKey):
        return private_key.sign(message, _PSS[spec.hash_name], HASHES[spec.hash_name])
    return raw_ecdsa(private_key.sign(message, _ecdsa(spec.hash_name)), spec)


def verify_raw(public_key: Any, spec: KeySpec, signature: bytes, message: bytes) -> None:
    """Verifies a raw signature over a message.

    Args:
        public_key: Key of the signing certificate, of the kind that the spec names.
        spec: Spec of the key.
        signature: RSASSA-PSS signature, or ECDSA signature as r||s.
        message: Signed bytes.

    Raises:
        ValueError: The signature has a wrong length or is invalid; the text says which.
    """
    if len(signature) != spec.signature_size:
        raise ValueError(f"signature is {len(signature)} bytes long, not the {spec.signature_size} of {spec.jws_alg}")
    try:
        if spec.is_rsa:
            public_key.verify(signature, message, _PSS[spec.hash_name], HASHES[spec.hash_name])
        else:
            half = spec.coordinate_size
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            public_key.verify(utils.encode_dss_signature(r, s), message, _ecdsa(spec.hash_name))
    except InvalidSignature:
        raise ValueError("signature does not hold over the signed bytes under the signing certificate's key") from None


def raw_ecdsa(der: bytes, spec: KeySpec) -> bytes:
    """Converts an ECDSA signature from DER, the form of most services, to r and s side by side.

    Raises:
        ValueError: It is malformed, or its integers exceed the curve's length.
    """
    r, s = utils.decode_dss_signature(der)
    size = spec.coordinate_size
    try:
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except OverflowError:
        raise ValueError(f"ECDSA signature has an integer that does not fit into {size} bytes") from None
