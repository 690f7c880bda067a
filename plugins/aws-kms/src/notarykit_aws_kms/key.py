"""Key of AWS KMS: its id is resolved once, and the ARN that came of it signs, wherever an alias leads later."""

from __future__ import annotations

from typing import NamedTuple

from notarykit import plugin
from notarykit_aws_kms.errors import HAS_NO_PUBLIC_KEY, SERVICE_ERROR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit_aws_kms.client import Clients
    from notarykit_aws_kms.key_id import KeyReference

_USAGE = "SIGN_VERIFY"
_SPECS = ("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521")
_CHECK_ENDPOINT = "check endpoint=, and that nothing answers in the place of AWS KMS"


class Key(plugin.ServiceKey):
    """Key that a key id names. Asymmetric keys of AWS KMS have one version, and no certificates."""

    def __init__(self, reference: KeyReference, clients: Clients) -> None:
        """Sets the key, and the clients to use; sends nothing."""
        self._reference = reference
        self._clients = clients

    @property
    def identity(self) -> KeyReference:
        """The key id, with the account that it is used with."""
        return self._reference

    def versions(self) -> Iterator[Version]:
        """Yields the key under its ARN.

        Raises:
            PluginError: There is no such key, it cannot be used, or it is of a kind that does not sign.
        """
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        response = self._get_public_key()
        with _reject_malformed(self._reference):
            _check_kind(response)
            name, public_key = response["KeyId"], load_der_public_key(response["PublicKey"])
            if not self._reference.may_lead_to(name):
                raise plugin.PluginError(
                    f"AWS KMS response is about key {name}, not {self._reference.key_id}", advice=_CHECK_ENDPOINT
                )
        yield Version(name, public_key, self._reference, self._clients)

    def _parameters(self) -> dict[str, Any]:
        return {"KeyId": self._reference.key_id, **self._reference.parameters()}

    def _get_public_key(self) -> Mapping[str, Any]:
        try:
            return self._clients.call(self._reference, lambda kms: kms.get_public_key(**self._parameters()))
        except plugin.PluginError as error:
            if error.metadata.get(SERVICE_ERROR) != HAS_NO_PUBLIC_KEY:
                raise
            self._refuse_kind()
            raise

    def _refuse_kind(self) -> None:
        """Raises an error with the kind of a key that has no public key; returns if this user may not describe it."""
        try:
            response = self._clients.call(self._reference, lambda kms: kms.describe_key(**self._parameters()))
        except plugin.PluginError:
            return
        with _reject_malformed(self._reference):
            metadata = response["KeyMetadata"]
            _check_kind({**metadata, "KeyId": metadata["Arn"]})


class Version(NamedTuple):
    """Resolved key; see `notarykit.plugin.KeyVersion`.

    Attributes:
        name: The key's ARN.
        public_key: Its public key.
    """

    name: str
    public_key: PublicKeyTypes
    reference: KeyReference
    clients: Clients

    def sign(self, message: bytes, spec: plugin.KeySpec) -> bytes:
        """Signs a message; the service gets the digest alone.

        Raises:
            PluginError: The service refused, or did not answer in time.
        """
        digest = spec.digest(message)
        response = self.clients.call(
            self.reference,
            lambda kms: kms.sign(
                KeyId=self.name,
                Message=digest,
                MessageType="DIGEST",
                SigningAlgorithm=spec.signing_algorithm.replace("-", "_"),
                **self.reference.parameters(),
            ),
        )
        with _reject_malformed(self.reference):
            if response["KeyId"] != self.name:
                raise plugin.PluginError(
                    f"AWS KMS signed with key {response['KeyId']} instead of {self.name}", advice=_CHECK_ENDPOINT
                )
            return plugin.checked_raw_signature(response["Signature"], spec)


def _check_kind(response: Mapping[str, Any]) -> None:
    usage, spec = response["KeyUsage"], response["KeySpec"]
    if usage != _USAGE or spec not in _SPECS:
        raise plugin.PluginValidationError(
            f"key {response['KeyId']} has usage {usage} and spec {spec}",
            advice=f"use a key with usage {_USAGE} and one of the specs {', '.join(_SPECS)}",
        )


def _reject_malformed(reference: KeyReference) -> AbstractContextManager[None]:
    """Guards the reading of a response; the SDK takes one that was cut off for complete."""
    return plugin.reject_malformed(f"AWS KMS response about key {reference.key_id} is malformed or was cut off")
