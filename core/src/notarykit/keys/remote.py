"""Remote keys with the interface of cryptography's private keys, for its certificate builders.

A builder calls `sign` once, with bytes, padding and hash; all other operations of a private key are refused.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notarykit.errors import SigningKeyError
from notarykit.keys.signature import HASHES, verify_raw
from notarykit.keys.spec import KeySpec, key_spec_of

Sign = Callable[[bytes, KeySpec], bytes]
"""Signs a message by the key spec's algorithm; returns ECDSA signatures as r and s side by side."""


def remote_key(public_key: Any, sign: Sign) -> "RemoteRSAKey | RemoteECKey":
    """Wraps a signing function as a private key.

    Raises:
        SigningKeyError: The key is not supported.
    """
    spec = key_spec_of(public_key)
    return RemoteRSAKey(public_key, spec, sign) if spec.is_rsa else RemoteECKey(public_key, spec, sign)


class _Remote:
    """Common part of remote RSA and EC keys."""

    def __init__(self, public_key: Any, spec: KeySpec, sign: Sign) -> None:
        self._public_key = public_key
        self.spec = spec
        self._sign = sign

    def public_key(self) -> Any:
        """The public key."""
        return self._public_key

    @property
    def key_size(self) -> int:
        """Length of the modulus, or of the curve's order, in bits."""
        return self.spec.bits

    def _signed(self, data: bytes, algorithm: object) -> bytes:
        if not isinstance(algorithm, type(HASHES[self.spec.hash_name])):
            raise SigningKeyError(f"a key of {self.spec.name} signs with {self.spec.hash_name} alone")
        signature = self._sign(data, self.spec)
        if not isinstance(signature, bytes):
            raise SigningKeyError(f"the remote signer returned {type(signature).__name__}, not bytes")
        try:
            verify_raw(self._public_key, self.spec, signature, data)
        except ValueError as error:
            raise SigningKeyError(f"the remote signer returned an invalid signature: {error}") from None
        return signature

    def _never(self, *_: object, **__: object) -> NoReturn:
        raise SigningKeyError("the private key is remote, and cannot be exported")

    private_numbers = private_bytes = decrypt = exchange = _never

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self


class RemoteRSAKey(_Remote, rsa.RSAPrivateKey):
    """Remote RSA key; signs with RSASSA-PSS and a salt as long as the hash."""

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        """Returns the signature; refuses any other padding than the key's."""
        own = HASHES[self.spec.hash_name]
        if padding != PSS(MGF1(own), own.digest_size):
            raise SigningKeyError("a plugin's key signs with RSASSA-PSS only, its salt as long as the hash")
        return self._signed(data, algorithm)


class RemoteECKey(_Remote, ec.EllipticCurvePrivateKey):
    """Remote EC key."""

    @property
    def curve(self) -> Any:
        """The curve."""
        return self._public_key.curve

    def sign(self, data: Any, signature_algorithm: Any) -> bytes:
        """Returns the signature in DER."""
        raw = self._signed(data, signature_algorithm.algorithm)
        half = self.spec.coordinate_size
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
