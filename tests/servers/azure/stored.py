"""Objects of the Key Vault stand-in: one version of a key, with the certificate and the secret of the same name."""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.support.ca import AnyPrivateKey, pem_of

PEM, PKCS12 = "application/x-pem-file", "application/x-pkcs12"

_HASHES: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {256: "P-256", 384: "P-384", 521: "P-521"}


@dataclass
class Stored:
    """One version of a key, and of the certificate and the secret of the same name.

    Attributes:
        number: Version number.
        key: Private key; None for types that cryptography lacks, such as `oct`.
        type: Key type, `kty`.
        operations: Permitted key operations.
        attributes: Members of `attributes` that differ from the defaults.
        chain: Certificate chain in DER, leaf first; empty for a bare key.
        exportable: True if the secret holds the private key.
        content_type: Content type of the secret.
        curve: Name of the curve, if it is not the key's own.
        secret: Value of the secret in place of the certificates.
    """

    number: str
    key: AnyPrivateKey
    type: str
    operations: tuple[str, ...] = ("sign", "verify")
    attributes: dict[str, Any] = field(default_factory=dict)
    chain: tuple[bytes, ...] = ()
    exportable: bool = False
    content_type: str = PEM
    curve: str = ""
    secret: str = ""

    def all_attributes(self) -> dict[str, Any]:
        """Returns the member `attributes`."""
        created = int(self.number, 16) + int(time.time()) - 1000
        defaults = {"enabled": True, "created": created, "updated": created, "recoveryLevel": "Recoverable"}
        return defaults | self.attributes

    def jwk(self, kid: str) -> dict[str, Any]:
        """Returns the public key as a JSON web key (RFC 7517)."""
        members = {"kid": kid, "kty": self.type, "key_ops": list(self.operations)}
        if self.key is None:
            return members
        numbers = self.key.public_key().public_numbers()
        if isinstance(self.key, RSAPrivateKey):
            return members | {"n": base64url(numbers.n.to_bytes(self.key.key_size // 8, "big")), "e": "AQAB"}
        size = (self.key.key_size + 7) // 8
        point = {"x": base64url(numbers.x.to_bytes(size, "big")), "y": base64url(numbers.y.to_bytes(size, "big"))}
        return members | point | {"crv": self.curve or _CURVES[self.key.key_size]}

    def sign(self, algorithm: str, digest: bytes) -> bytes:
        """Signs a digest by a JWS algorithm; ECDSA as r||s."""
        hashed = _HASHES[algorithm[2:]]
        signature: bytes
        if algorithm.startswith("PS"):
            pss = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
            signature = self.key.sign(digest, pss, utils.Prehashed(hashed))
            return signature
        r, s = utils.decode_dss_signature(self.key.sign(digest, ec.ECDSA(utils.Prehashed(hashed))))
        size = (self.key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def secret_value(self) -> str:
        """Returns the certificates, and an exportable private key, in the secret's form."""
        if self.secret:
            return self.secret
        certificates = [x509.load_der_x509_certificate(der) for der in self.chain]
        key = self.key if self.exportable else None
        if self.content_type == PKCS12:
            leaf, others = (certificates[0], certificates[1:]) if key else (None, certificates)
            store = serialize_key_and_certificates(None, key, leaf, others, serialization.NoEncryption())
            return base64.b64encode(store).decode()
        pems = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)
        return ((pem_of(key) if key else b"") + pems).decode()


def type_of(key: AnyPrivateKey) -> str:
    """Returns the key type, `kty`, of a private key."""
    return "RSA" if isinstance(key, RSAPrivateKey) else "EC"


def digest_size_of(algorithm: str) -> int:
    """Returns the digest size of a JWS algorithm."""
    return _HASHES[algorithm[2:]].digest_size


def base64url(content: bytes) -> str:
    """Returns base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
