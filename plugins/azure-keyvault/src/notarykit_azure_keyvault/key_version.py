"""Versions of a key: public key, validity, certificate, and signing."""

from __future__ import annotations

import base64
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from notarykit.plugin import PluginError, PluginValidationError, load_certificate
from notarykit_azure_keyvault.attributes import Validity, check_attributes
from notarykit_azure_keyvault.client import VaultClient, member
from notarykit_azure_keyvault.errors import UnusableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.plugin import KeySpec

_CURVES: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_SUPPORTED = "use an RSA key, or an EC key on P-256, P-384 or P-521, in software or in an HSM"


class VaultKeyVersion(NamedTuple):
    """Usable version of a key; see `notarykit.plugin.KeyVersion`.

    Attributes:
        client: Client of its vault.
        name: URL of the version.
        public_key: Public key.
        validity: Validity period.
        leaf: Certificate in DER; empty if it has not been read.
        certificates: Certificates that were read with the leaf, in DER and any order.
    """

    client: VaultClient
    name: str
    public_key: PublicKeyTypes
    validity: Validity
    leaf: bytes = b""
    certificates: tuple[bytes, ...] = ()

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """Signs with exactly this version; the service returns ECDSA signatures as r||s.

        Raises:
            UnusableError: The version has expired meanwhile.
            PluginError: The request failed, or the response is not this version's signature.
        """
        self.validity.check()
        with self.client.reject_malformed():
            return self._sign(message, spec)

    def _sign(self, message: bytes, spec: KeySpec) -> bytes:
        digest = base64.urlsafe_b64encode(spec.digest(message)).rstrip(b"=").decode()
        path = self.client.path_of(self.name)
        result = self.client.post(f"{path}/sign", "keys/sign", {"alg": spec.jws_alg, "value": digest})
        if self.client.path_of(result.get("kid")) != path:
            raise PluginError(f"{result.get('kid')} signed in place of {self.name}")
        signature = decode_base64url(member(result, "value", str))
        if len(signature) != spec.signature_size:
            raise PluginError(f"{self.client.url} returned a malformed {spec.signing_algorithm} signature")
        return signature


class PendingCertificate(NamedTuple):
    """Key of a certificate that was requested and not yet issued; a chain can be attached to it."""

    name: str
    public_key: PublicKeyTypes

    def sign(self, message: bytes, spec: KeySpec) -> bytes:  # noqa: ARG002
        """Refuses to sign.

        Raises:
            UnusableError: Always.
        """
        raise self.error()

    def error(self) -> UnusableError:
        """Returns the error for attempts to sign."""
        return UnusableError(
            f"{self.name}: the certificate is pending",
            advice="have its certificate signing request signed, and attach the chain",
        )


def version_of_key(client: VaultClient, bundle: Mapping[str, Any]) -> VaultKeyVersion:
    """Returns the version that a key bundle describes.

    Raises:
        UnusableError: The key is disabled, expired or not yet valid.
        PluginValidationError: The key has an unsupported type or does not permit signing.
    """
    key = member(bundle, "key", dict)
    name = member(key, "kid", str)
    validity = check_attributes(name, bundle)
    if "key_ops" in key and "sign" not in member(key, "key_ops", list):
        raise PluginValidationError(f"{name} does not permit signing", advice="permit the key operation sign")
    return VaultKeyVersion(client, name, _public_key(name, key), validity)


def version_of_certificate(client: VaultClient, bundle: Mapping[str, Any]) -> VaultKeyVersion:
    """Returns the key version of a certificate bundle; both have the same attributes.

    Raises:
        UnusableError: The certificate is disabled, expired or not yet valid.
    """
    validity = check_attributes(member(bundle, "id", str), bundle)
    leaf = _decode_base64(member(bundle, "cer", str))
    public_key = load_certificate(leaf).public_key()
    return VaultKeyVersion(client, member(bundle, "kid", str), public_key, validity, leaf)


def _public_key(name: str, key: Mapping[str, Any]) -> PublicKeyTypes:
    key_type, curve = str(key.get("kty")), str(key.get("crv"))
    try:
        if key_type in ("RSA", "RSA-HSM"):
            return RSAPublicNumbers(_integer(key, "e"), _integer(key, "n")).public_key()
        if key_type in ("EC", "EC-HSM") and curve in _CURVES:
            return ec.EllipticCurvePublicNumbers(_integer(key, "x"), _integer(key, "y"), _CURVES[curve]).public_key()
    except ValueError:
        raise PluginError(f"{name} has an invalid public key") from None
    full_type = f"{key_type} on {curve}" if key_type.startswith("EC") else key_type
    raise PluginValidationError(f"{name} has the unsupported key type {full_type}", advice=_SUPPORTED)


def _integer(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(decode_base64url(member(key, name, str)), "big")


def decode_base64url(text: str) -> bytes:
    """Decodes base64url without padding (RFC 7515, section 2).

    Raises:
        PluginError: The text is malformed.
    """
    return _decode_base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, or text that is not ASCII
        raise PluginError("malformed response from Azure Key Vault: invalid base64") from None
