"""Private keys in PEM.

OpenSSL's validation of an RSA key takes 39 to 270 ms and is skipped. Instead, the relations between the key's numbers
are checked here, and every signature is verified under the certificate's key before it is returned. Primality is not
proved; the key is the user's own.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from notarykit._internal.encodings import foreign_encoding
from notarykit._internal.secret_text import wrong_passphrase
from notarykit.errors import PassphraseError, SigningKeyError
from notarykit.keys.spec import key_spec_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
Passphrase = Callable[[], bytes]


def load_private_key(pem: bytes, name: str, passphrase: Passphrase | None = None) -> PrivateKey:
    """Loads a private key from PEM: PKCS#1, PKCS#8 or SEC1, encrypted or not.

    Args:
        pem: The content of the file.
        name: The key's name for messages, such as its path.
        passphrase: Returns the passphrase; called once, if the key is encrypted. The result is not kept.

    Raises:
        SigningKeyError: It is malformed, or not supported.
        PassphraseError: The passphrase is wrong or missing.
    """
    if not isinstance(pem, bytes):
        raise TypeError(f"{name} must be given as bytes, not as {type(pem).__name__}")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    secret = b""
    try:
        try:
            key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        except TypeError:  # cryptography's error for a missing passphrase
            if passphrase is None:
                raise PassphraseError(f"{name} is encrypted and there is no passphrase for it") from None
            secret = _call(passphrase, name)
            key = load_pem_private_key(pem, secret, unsafe_skip_rsa_key_validation=True)
    except (ValueError, UnsupportedAlgorithm):
        # The library's text is dropped, since it may quote the key file.
        is_encrypted = b"ENCRYPTED" in pem
        if is_encrypted:
            raise wrong_passphrase(name, secret) from None
        raise SigningKeyError(f"{name} is not a private key in PEM", advice=foreign_encoding(pem)) from None
    return checked_private_key(key, name)


def _call(passphrase: Passphrase, name: str) -> bytes:
    """Calls a passphrase callback and checks its result.

    Raises:
        PassphraseError: It is empty, as a secret that a CI job does not get is.
    """
    value = passphrase() if callable(passphrase) else None
    if not isinstance(value, bytes):
        raise TypeError("a passphrase is given as a function without arguments that returns bytes")
    if not value:  # which cryptography takes for none
        raise PassphraseError(f"{name} cannot be decrypted: the passphrase is empty")
    return value


def checked_private_key(key: "PrivateKeyTypes", name: str) -> PrivateKey:
    """Returns the key if it is supported and its numbers are consistent.

    Raises:
        SigningKeyError: It is not supported, or damaged.
    """
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise SigningKeyError(
            f"{name} is a {type(key).__name__.removesuffix('PrivateKey')} key", advice="use RSA or EC"
        )
    try:
        key_spec_of(key.public_key())
    except SigningKeyError as error:
        raise SigningKeyError(f"{name}: {error.message}", advice=error.advice) from None
    if isinstance(key, RSAPrivateKey):
        _check_rsa_numbers(key, name)
    return key


def _check_rsa_numbers(key: RSAPrivateKey, name: str) -> None:
    """Checks RFC 8017, section 3.2: n = p*q, d inverts e modulo p-1 and q-1, and the CRT values."""
    private = key.private_numbers()
    p, q, d, public = private.p, private.q, private.d, private.public_numbers
    fits = (
        min(p, q) > 1
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
