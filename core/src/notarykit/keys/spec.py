"""Key specs: key types, sizes, and their signature algorithms.

Signature specification, "Algorithm Selection"; JWS and COSE envelope specifications, "Supported alg header values";
plugin specification, describe-key and generate-signature.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from notarykit.errors import SigningKeyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


class KeySpec(NamedTuple):
    """Key spec: a type and size of key with its signature algorithm.

    Attributes:
        name: The name in the plugin protocol, such as `RSA-2048`.
        hash_name: The hash in the plugin protocol, such as `SHA-256`.
        signing_algorithm: The algorithm in the plugin protocol, such as `RSASSA-PSS-SHA-256`.
        jws_alg: The JWS `alg`.
        cose_alg: The COSE `alg` (label 1).
        bits: Length of the modulus, or of the curve's order.
        signature_size: Length of a raw signature in bytes; ECDSA as r and s side by side, each of full length.
    """

    name: str
    hash_name: str
    signing_algorithm: str
    jws_alg: str
    cose_alg: int
    bits: int
    signature_size: int

    @property
    def is_rsa(self) -> bool:
        """True for RSA, False for elliptic curve keys."""
        return self.name.startswith("RSA")

    @property
    def coordinate_size(self) -> int:
        """Length in bytes of r, and of s, in an ECDSA signature."""
        return self.signature_size // 2

    @property
    def digest_algorithm(self) -> str:
        """The hash as digests name it, such as `sha256` (image-spec, descriptor.md, "Registered Algorithms")."""
        return self.hash_name.replace("-", "").lower()

    def digest(self, message: bytes) -> bytes:
        """Computes the digest of a message, for services that sign digests."""
        return digest(self.hash_name, message)


def digest(hash_name: str, message: "bytes | memoryview") -> bytes:
    """Computes the digest of a message by a hash of the plugin protocol, such as `SHA-256`."""
    digested: bytes = _hash(hash_name)(message).digest()
    return digested


@cache
def _hash(hash_name: str) -> "Callable[[bytes | memoryview], Any]":
    import hashlib

    function: Callable[[bytes | memoryview], Any] = getattr(hashlib, hash_name.replace("-", "").lower())
    return function


_ALL = (
    KeySpec("RSA-2048", "SHA-256", "RSASSA-PSS-SHA-256", "PS256", -37, 2048, 256),
    KeySpec("RSA-3072", "SHA-384", "RSASSA-PSS-SHA-384", "PS384", -38, 3072, 384),
    KeySpec("RSA-4096", "SHA-512", "RSASSA-PSS-SHA-512", "PS512", -39, 4096, 512),
    KeySpec("EC-256", "SHA-256", "ECDSA-SHA-256", "ES256", -7, 256, 64),
    KeySpec("EC-384", "SHA-384", "ECDSA-SHA-384", "ES384", -35, 384, 96),
    KeySpec("EC-521", "SHA-512", "ECDSA-SHA-512", "ES512", -36, 521, 132),
)

KEY_SPECS = {spec.name: spec for spec in _ALL}
BY_JWS_ALG = {spec.jws_alg: spec for spec in _ALL}
BY_COSE_ALG = {spec.cose_alg: spec for spec in _ALL}
_RSA = {spec.bits: spec for spec in _ALL if spec.is_rsa}
# The public exponent determines the cost of a verification: honest ones are 65537 or less, and one as long as the
# modulus makes verifying as slow as signing.
LONGEST_EXPONENT = 32
CURVES = {"secp256r1": KEY_SPECS["EC-256"], "secp384r1": KEY_SPECS["EC-384"], "secp521r1": KEY_SPECS["EC-521"]}


def key_spec(name: str) -> KeySpec:
    """Returns the key spec of a name in the plugin protocol.

    Raises:
        SigningKeyError: The name is not in the specification.
    """
    if name not in KEY_SPECS:
        raise SigningKeyError(f"key spec {name!r} is not supported", advice="use one of " + ", ".join(KEY_SPECS))
    return KEY_SPECS[name]


def key_spec_of(public_key: "PublicKeyTypes") -> KeySpec:
    """Returns the key spec of a public key.

    Raises:
        SigningKeyError: The specification has no algorithm for this type or size of key.
    """
    rsa_key, curve_key = _key_types()
    if isinstance(public_key, rsa_key):
        bits, problem = public_key.key_size, long_exponent(public_key)
        spec, kind = None if problem else _RSA.get(bits), f"RSA with {problem or f'{bits} bits'}"
    elif isinstance(public_key, curve_key):
        curve = public_key.curve.name
        spec, kind = CURVES.get(curve), f"EC on {curve}"
    else:
        spec, kind = None, type(public_key).__name__.removesuffix("PublicKey")
    if spec is None:
        raise SigningKeyError(f"key of the kind {kind} is not supported", advice="use one of " + ", ".join(KEY_SPECS))
    return spec


@cache  # an import statement costs more than the rest of `key_spec_of`, even when everything is loaded
def _key_types() -> "tuple[type[RSAPublicKey], type[EllipticCurvePublicKey]]":
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    return RSAPublicKey, EllipticCurvePublicKey


def long_exponent(public_key: "RSAPublicKey") -> str | None:
    """Returns the fault of a public exponent of more than 32 bits, or None."""
    bits = public_key.public_numbers().e.bit_length()
    return f"a public exponent of {bits} bits, more than {LONGEST_EXPONENT}" if bits > LONGEST_EXPONENT else None
