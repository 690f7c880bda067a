"""A version of a key: whether it may be used, its public key, its certificate, and how it signs."""

from __future__ import annotations

import base64
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from notarykit.errors import PluginError, PluginValidationError
from notarykit.keys.certificate import load_certificate
from notarykit_azure_keyvault.attributes import State, state_of
from notarykit_azure_keyvault.client import Vault, member
from notarykit_azure_keyvault.errors import UnusableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.keys.spec import KeySpec

_CURVES: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_KINDS = "use an RSA key, or an EC key on P-256, P-384 or P-521; both also with -HSM"


class Version(NamedTuple):
    """A version of a key that may be used; see `notarykit.plugin.KeyVersion`.

    Attributes:
        vault: The vault that has it.
        name: Its URL.
        public_key: Its public key.
        state: When it may be used.
        leaf: Its certificate, or nothing if that has not been asked for.
        more: Certificates that came along.
    """

    vault: Vault
    name: str
    public_key: PublicKeyTypes
    state: State
    leaf: bytes = b""
    more: tuple[bytes, ...] = ()

    def sign(self, message: bytes, spec: KeySpec) -> bytes:
        """A signature of exactly this version; the service makes ECDSA's as r and s side by side already."""
        self.state.check()
        with self.vault.reading():
            return self._signature(message, spec)

    def _signature(self, message: bytes, spec: KeySpec) -> bytes:
        digest = spec.digest(message)
        value = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        path = self.vault.path_of(self.name)
        answer = self.vault.post(f"{path}/sign", "keys/sign", {"alg": spec.jws_alg, "value": value})
        if self.vault.path_of(answer.get("kid")) != path:
            raise PluginError(f"{self.name} was to sign, and {answer.get('kid')} did")
        signature = decoded(member(answer, "value", str))
        if len(signature) != spec.signature_size:
            raise PluginError(f"{self.vault.url} answered with what is no {spec.signing_algorithm} signature")
        return signature


class Pending(NamedTuple):
    """The key of a certificate that has been requested and is not there yet: a chain can be attached to it."""

    name: str
    public_key: PublicKeyTypes

    def sign(self, message: bytes, spec: KeySpec) -> bytes:  # noqa: ARG002
        """Refuses."""
        raise self.refusal()

    def refusal(self) -> UnusableError:
        """Why it does not sign."""
        return UnusableError(
            f"{self.name}: the certificate is not there yet", advice="have its request signed, and attach the chain"
        )


def version_of_key(vault: Vault, bundle: Mapping[str, Any]) -> Version:
    """The version that a key bundle describes.

    Raises:
        UnusableError: It is disabled, expired or not valid yet.
        PluginValidationError: It cannot sign for the Notary Project.
    """
    key = member(bundle, "key", dict)
    name = member(key, "kid", str)
    state = state_of(name, bundle)
    if "key_ops" in key and "sign" not in member(key, "key_ops", list):
        raise PluginValidationError(f"{name} is not for signing", advice="permit the operation sign on the key")
    return Version(vault, name, _public_key(name, key), state)


def version_of_certificate(vault: Vault, bundle: Mapping[str, Any]) -> Version:
    """The version of the key that a certificate bundle is of; both have the same state.

    Raises:
        UnusableError: It is disabled, expired or not valid yet.
    """
    state = state_of(member(bundle, "id", str), bundle)
    leaf = _base64(member(bundle, "cer", str))
    return Version(vault, member(bundle, "kid", str), load_certificate(leaf).public_key(), state, leaf)


def _public_key(name: str, key: Mapping[str, Any]) -> PublicKeyTypes:
    kind, curve = str(key.get("kty")), str(key.get("crv"))
    try:
        if kind in ("RSA", "RSA-HSM"):
            return RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key()
        if kind in ("EC", "EC-HSM") and curve in _CURVES:
            return ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), _CURVES[curve]).public_key()
    except ValueError:
        raise PluginError(f"{name} has no valid public key") from None
    shown = f"{kind} on {curve}" if kind.startswith("EC") else kind
    raise PluginValidationError(f"{name} is a key of the type {shown}, which signs no artifacts", advice=_KINDS)


def _number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(decoded(member(key, name, str)), "big")


def decoded(text: str) -> bytes:
    """The bytes of base64url without padding (RFC 7515, section 2).

    Raises:
        PluginError: It is not that.
    """
    return _base64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error, or what is not ASCII
        raise PluginError("Azure Key Vault answers with damaged base64") from None
