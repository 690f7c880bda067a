"""Private key operations of a PIV card."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.servers.piv import apdu
from tests.servers.piv.apdu import RefusedError, tlv

RSA_2048 = 0x07
P_256 = 0x11
P_384 = 0x14
_RSA_BITS = 2048
_CURVES = {256: (P_256, hashes.SHA256()), 384: (P_384, hashes.SHA384())}


def algorithm_of(key: Any) -> int:
    """The identifier of a key's algorithm (SP 800-78-4, table 6-2)."""
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size == _RSA_BITS:
        return RSA_2048
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size in _CURVES:
        return _CURVES[key.key_size][0]
    raise ValueError("a PIV card has RSA-2048, P-256 and P-384")


def described(key: Any) -> bytes:
    """The public key as a card tells it."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return tlv(0x81, numbers.n.to_bytes(key.key_size // 8)) + tlv(0x82, numbers.e.to_bytes(3))
    return tlv(0x86, key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def private_operation(key: Any, challenge: bytes) -> bytes:
    """RSA without padding, which the card leaves to its clients, or an ECDSA signature of a digest."""
    if isinstance(key, rsa.RSAPrivateKey):
        if len(challenge) != key.key_size // 8:
            raise RefusedError(apdu.WRONG_DATA)
        private = key.private_numbers()
        # An integer that is not below the modulus is nothing that RSA can be done with.
        if (message := int.from_bytes(challenge)) >= private.public_numbers.n:
            raise RefusedError(apdu.WRONG_DATA)
        return pow(message, private.d, private.public_numbers.n).to_bytes(len(challenge))
    _, hash_algorithm = _CURVES[key.key_size]
    if len(challenge) > hash_algorithm.digest_size:
        raise RefusedError(apdu.WRONG_DATA)
    signature: bytes = key.sign(
        challenge.rjust(hash_algorithm.digest_size, b"\0"), ec.ECDSA(utils.Prehashed(hash_algorithm))
    )
    return signature


def attest(key: Any, name: str, attesting: Any, certificate: bytes) -> bytes:
    """A certificate in which the card says that it made a key itself."""
    issuer = x509.load_der_x509_certificate(certificate)
    builder = x509.CertificateBuilder(
        issuer.subject,
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        key.public_key(),
        x509.random_serial_number(),
        issuer.not_valid_before_utc,
        issuer.not_valid_after_utc,
    )
    return builder.sign(attesting, hashes.SHA256()).public_bytes(Encoding.DER)
