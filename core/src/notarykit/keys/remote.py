"""Keys that are somewhere else, as the private keys that the certificate builders of `cryptography` take.

A builder calls `sign` once, with the bytes, the padding and the hash; everything else that a private key can do, such a
key cannot.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notarykit.errors import SigningKeyError
from notarykit.keys.signature import HASHES, check
from notarykit.keys.spec import KeySpec, key_spec_of

Sign = Callable[[bytes, KeySpec], bytes]
"""Signs a message by the spec's algorithm; ECDSA as r and s side by side."""


def remote_key(public_key: Any, sign: Sign) -> "RemoteRSAKey | RemoteECKey":
    """A private key whose signatures another makes.

    Raises:
        SigningKeyError: The key is of no supported kind.
    """
    spec = key_spec_of(public_key)
    return RemoteRSAKey(public_key, spec, sign) if spec.is_rsa else RemoteECKey(public_key, spec, sign)


class _Remote:
    """What both kinds have in common."""

    def __init__(self, public_key: Any, spec: KeySpec, sign: Sign) -> None:
        self._public_key = public_key
        self.spec = spec
        self._sign = sign

    def public_key(self) -> Any:
        """The public key."""
        return self._public_key

    @property
    def key_size(self) -> int:
        """The length of the modulus, or of the curve's order."""
        return self.spec.bits

    def _signed(self, data: bytes, algorithm: object) -> bytes:
        if not isinstance(algorithm, type(HASHES[self.spec.hash_name])):
            raise SigningKeyError(f"a key of {self.spec.name} signs with {self.spec.hash_name} alone")
        signature = self._sign(data, self.spec)
        if not isinstance(signature, bytes):
            raise SigningKeyError(f"whoever holds the key answered with {type(signature).__name__}, not with bytes")
        try:
            check(self._public_key, self.spec, signature, data)
        except ValueError as error:
            raise SigningKeyError(f"whoever holds the key made a signature that does not hold: {error}") from None
        return signature

    def _never(self, *_: object, **__: object) -> NoReturn:
        raise SigningKeyError("the private key is not here, and does not leave the place where it is")

    private_numbers = private_bytes = decrypt = exchange = _never

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self


class RemoteRSAKey(_Remote, rsa.RSAPrivateKey):
    """An RSA key somewhere else; it makes RSASSA-PSS signatures with a salt as long as the hash."""

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        """The signature, if the padding is the one that the key makes."""
        own = HASHES[self.spec.hash_name]
        if padding != PSS(MGF1(own), own.digest_size):
            raise SigningKeyError("a key that a plugin holds signs with RSASSA-PSS alone, its salt as long as the hash")
        return self._signed(data, algorithm)


class RemoteECKey(_Remote, ec.EllipticCurvePrivateKey):
    """An EC key somewhere else."""

    @property
    def curve(self) -> Any:
        """The curve."""
        return self._public_key.curve

    def sign(self, data: Any, signature_algorithm: Any) -> bytes:
        """The signature in DER."""
        raw = self._signed(data, signature_algorithm.algorithm)
        half = self.spec.coordinate_size
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
