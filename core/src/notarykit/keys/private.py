"""Private keys out of PEM, and the signer that a key and its chain make.

The check that OpenSSL makes of an RSA key costs 39 to 270 ms and is left out. What stands in for it: the arithmetic that
ties the key's numbers together is checked here, and every signature is verified under the certificate's key before it
leaves the house. Primality is not proved; the key is the user's own, out of the user's own file.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from notarykit.errors import CertificateError, SigningKeyError
from notarykit.keys.chain import Chain
from notarykit.keys.signature import sign
from notarykit.keys.spec import KeySpec, key_spec_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
Passphrase = Callable[[], bytes]


def load_private_key(pem: bytes, name: str, passphrase: Passphrase | None = None) -> PrivateKey:
    """A private key from PEM: PKCS#1, PKCS#8 or SEC1, encrypted or not.

    Args:
        pem: The file's content.
        name: What to call the key in messages, such as its path.
        passphrase: Called once if the key is encrypted; what it returns is not kept.

    Raises:
        SigningKeyError: No key can be read from it, the passphrase is wrong or absent, or the kind is not supported.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        try:
            key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        except TypeError:  # how cryptography says that a passphrase is needed
            if passphrase is None:
                raise SigningKeyError(f"{name} is encrypted and there is no passphrase for it") from None
            key = load_pem_private_key(pem, passphrase(), unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own text is left out: what it quotes of a key file is nobody's business.
        is_encrypted = b"ENCRYPTED" in pem
        problem = "cannot be decrypted: the passphrase is wrong" if is_encrypted else "is not a private key in PEM"
        raise SigningKeyError(f"{name} {problem}") from None
    return checked_private_key(key, name)


def checked_private_key(key: "PrivateKeyTypes", name: str) -> PrivateKey:
    """The key itself, if it is of a supported kind and its numbers fit together.

    Raises:
        SigningKeyError: It is not.
    """
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise SigningKeyError(f"{name} is a {type(key).__name__.removesuffix('PrivateKey')} key", advice="use RSA or EC")
    try:
        key_spec_of(key.public_key())
    except SigningKeyError as error:
        raise SigningKeyError(f"{name}: {error.message}", advice=error.advice) from None
    if isinstance(key, RSAPrivateKey):
        _check_rsa_numbers(key, name)
    return key


def _check_rsa_numbers(key: RSAPrivateKey, name: str) -> None:
    """RFC 8017, section 3.2: n = p*q, d inverts e modulo p-1 and q-1, and the shortcuts are what they should be."""
    private = key.private_numbers()
    p, q, d, public = private.p, private.q, private.d, private.public_numbers
    fits = (
        1 < min(p, q)
        and p != q
        and p * q == public.n
        and public.e % 2 == 1
        and public.e > 1
        and d * public.e % (p - 1) == 1
        and d * public.e % (q - 1) == 1
        and private.dmp1 == d % (p - 1)
        and private.dmq1 == d % (q - 1)
        and private.iqmp * q % p == 1
    )
    if not fits:
        raise SigningKeyError(f"{name} is damaged: the numbers of the RSA key do not fit together")


class LocalSigner:
    """Signs with a private key in this process. May be used from several threads."""

    def __init__(self, key: PrivateKey, chain: Chain, name: str) -> None:
        """Ties a key to its chain.

        Raises:
            CertificateError: The chain's leaf is not of this key.
        """
        if key.public_key() != chain.public_key:
            raise CertificateError(
                f"{name} does not match its certificate {chain.leaf.subject.rfc4514_string()!r}",
                rule="certificate_of_key",
                advice="give the certificate that was issued for this key",
            )
        self._key = key
        self._chain = chain

    def key_spec(self) -> KeySpec:
        """The key's spec."""
        return self._chain.key_spec

    def sign(self, to_be_signed: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        """The signature over the bytes, and the chain in DER, leaf first."""
        return sign(self._key, self._chain.key_spec, to_be_signed), self._chain.ders
