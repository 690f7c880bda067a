"""Versions of a Transit key: which may sign, and signing with exactly one of them (Vault API, "Sign data")."""

import base64
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from notarykit.plugin import PluginError, checked_raw_signature, reject_malformed
from notarykit_hashicorp_vault.client import VaultClient
from notarykit_hashicorp_vault.errors import PROXY_ADVICE
from notarykit_hashicorp_vault.key_id import KeyId

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.plugin import KeySpec

_SIGNATURE = re.compile(r"vault:v([0-9]+):([A-Za-z0-9+/=]+)")
_PSS = {"signature_algorithm": "pss", "salt_length": "hash"}
_ECDSA = {"marshaling_algorithm": "asn1"}


class TransitKeyVersion(NamedTuple):
    """Version of a Transit key; see `notarykit.plugin.KeyVersion`.

    Attributes:
        key_id: Parsed key id.
        number: Version number.
        members: Members of the version in the response to "Read key".
        client: Client of the server.
    """

    key_id: KeyId
    number: int
    members: dict[str, Any]
    client: VaultClient

    @property
    def name(self) -> str:
        """Key id that pins the version."""
        return f"{self.key_id.mount}/{self.key_id.name}@{self.number}"

    @property
    def public_key(self) -> "PublicKeyTypes":
        """Public key."""
        with reject_malformed(f"malformed response from Vault: the public key of {self.name}", advice=PROXY_ADVICE):
            return load_pem_public_key(self.members["public_key"].encode())

    def sign(self, message: bytes, spec: "KeySpec") -> bytes:
        """Signs the message's digest with exactly this version; ECDSA as r||s.

        Raises:
            PluginError: The request failed, or the response is not this version's signature.
        """
        body = {
            "input": base64.b64encode(spec.digest(message)).decode(),
            "prehashed": True,
            "hash_algorithm": spec.hash_name.replace("SHA", "sha2"),
            "key_version": self.number,
            **(_PSS if spec.is_rsa else _ECDSA),
        }
        signature = self.client.write(self.key_id.path("sign"), f"key {self.name}", body).data.get("signature")
        match = _SIGNATURE.fullmatch(signature) if isinstance(signature, str) else None
        if match is None or match[1] != str(self.number):
            raise PluginError(f"Vault returned no signature of {self.name}")
        with reject_malformed(f"Vault returned a malformed {spec.signing_algorithm} signature of {self.name}"):
            return checked_raw_signature(base64.b64decode(match[2], validate=True), spec)


class VersionLimits(NamedTuple):
    """Limits on the versions that may sign, by the response to "Read key"; 0 is none."""

    latest: int
    min_available: int
    min_decryption: int
    min_encryption: int

    @classmethod
    def parse(cls, data: dict[str, Any]) -> "VersionLimits":
        """Parses the limits.

        Raises:
            PluginError: A limit is not a number, or there is no version.
        """
        names = ("latest_version", "min_available_version", "min_decryption_version", "min_encryption_version")
        numbers = [data.get(name, 0) for name in names]
        if not all(isinstance(number, int) for number in numbers) or numbers[0] < 1:
            raise PluginError("malformed response from Vault: not a Transit key")
        return cls(*numbers)

    @property
    def advice(self) -> str:
        """Advice for a version that may not sign."""
        return f"the latest version is {self.latest}"

    def why_unusable(self, number: int) -> str | None:
        """Returns the reason why a version may not sign, or None."""
        if number > self.latest:
            return "does not exist"
        if number < self.min_available:
            return f"is deleted: min_available_version is {self.min_available}"
        if number < self.min_decryption:
            return f"is archived: min_decryption_version is {self.min_decryption}"
        if number < self.min_encryption:
            return f"may not sign: min_encryption_version is {self.min_encryption}"
        return None
