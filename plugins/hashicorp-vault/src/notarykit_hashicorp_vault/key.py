"""A Transit key: its versions, their certificates, and the chain to attach.

Vault, "Transit secrets engine (API)": Read key, Set certificate chain.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.plugin import PluginError, PluginValidationError, load_certificate, read_certificates, reject_malformed
from notarykit_hashicorp_vault.client import VaultClient
from notarykit_hashicorp_vault.errors import PROXY_ADVICE
from notarykit_hashicorp_vault.key_id import KeyId
from notarykit_hashicorp_vault.key_version import TransitKeyVersion, VersionLimits

if TYPE_CHECKING:
    from notarykit.plugin import KeyVersion
    from notarykit_hashicorp_vault.settings import ServerSettings

KEY_TYPES = ("rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class TransitKey:
    """Key of a Transit engine; see `notarykit.plugin.ServiceKey`."""

    def __init__(self, key_id: KeyId, client: VaultClient) -> None:
        """Takes the parsed key id and the client; no request is sent."""
        self._key_id = key_id
        self._client = client

    @property
    def identity(self) -> tuple[KeyId, "ServerSettings"]:
        """The key id with the server and its auth method."""
        return self._key_id, self._client.server

    def versions(self) -> Iterator[TransitKeyVersion]:
        """Yields the versions that may sign, latest first.

        Raises:
            PluginValidationError: The key or version does not exist, has an unsupported type, or may not sign.
            PluginError: The request failed, or the response is malformed.
        """
        with reject_malformed(f"malformed response from Vault: {self._name}", advice=PROXY_ADVICE):
            yield from self._versions()

    def _versions(self) -> Iterator[TransitKeyVersion]:
        key_id = self._key_id
        data = self._client.read(key_id.path("keys"), self._name).data
        self._check_type(data)
        limits, versions = VersionLimits.parse(data), _members_of_versions(data)
        if key_id.version is None:
            # The listed versions, not all up to the latest one: a response may name any number as the latest.
            listed = sorted((int(number) for number in versions if _NUMBER.fullmatch(number)), reverse=True)
            numbers = [number for number in listed if limits.why_unusable(number) is None]
        else:
            numbers = [key_id.version]
        for number in numbers or [limits.latest]:
            reason = limits.why_unusable(number) or (None if str(number) in versions else "is missing in the response")
            if reason:
                raise PluginValidationError(f"version {number} of {self._name} {reason}", advice=limits.advice)
            yield TransitKeyVersion(key_id, number, versions[str(number)], self._client)

    def certificates(self, version: "KeyVersion") -> Sequence[bytes]:
        """Returns the chain in the configured secret, or else the one that Transit keeps with the version."""
        if self._key_id.secret is not None:
            return self._secret_certificates
        assert isinstance(version, TransitKeyVersion)
        chain = version.members.get("certificate_chain")
        source = f"the chain of {version.name}"
        with reject_malformed(f"malformed response from Vault: {source}", advice=PROXY_ADVICE):
            return read_certificates(chain.encode(), source) if chain else ()

    def attach(self, version: "KeyVersion", chain: Sequence[bytes]) -> bool:
        """Stores the chain with the version in Transit (Set certificate chain).

        Raises:
            PluginValidationError: The chain is in a secret, which may hold more, or the server keeps no chains.
        """
        if self._key_id.secret is not None:
            raise PluginValidationError(
                f"the chain of {self._name} is read from the secret {self._key_id.secret}",
                advice="write it there, with 'vault kv put … certificate=@FILE'",
            )
        assert isinstance(version, TransitKeyVersion)
        pem = b"".join(load_certificate(der).public_bytes(Encoding.PEM) for der in chain).decode()
        body = {"version": version.number, "certificate_chain": pem}
        self._client.write(f"{self._key_id.path('keys')}/set-certificate", f"key {version.name}", body)
        return True

    @property
    def _name(self) -> str:
        return f"key {self._key_id.mount}/{self._key_id.name}"

    @cached_property
    def _secret_certificates(self) -> tuple[bytes, ...]:
        path = self._key_id.secret or ""
        data = self._client.read(path, f"secret {path}").data
        # KV version 2 nests the secret's members, beside its metadata.
        nested = data.get("data")
        members = nested if "certificate" not in data and isinstance(nested, dict) else data
        chain = members.get("certificate")
        if not isinstance(chain, str):
            raise PluginValidationError(
                f"secret {path} has no text member 'certificate'", advice="store the chain in PEM there"
            )
        with reject_malformed(f"malformed response from Vault: secret {path}", advice=PROXY_ADVICE):
            return read_certificates(chain.encode(), f"secret {path}")

    def _check_type(self, data: dict[str, Any]) -> None:
        key_type = data.get("type")
        if key_type not in KEY_TYPES:
            raise PluginValidationError(
                f"{self._name} has the unsupported type {key_type}", advice=f"use one of {', '.join(KEY_TYPES)}"
            )
        if data.get("soft_deleted"):  # OpenBao
            raise PluginValidationError(f"{self._name} is deleted", advice="restore it, or use another key")


def _members_of_versions(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    versions = data.get("keys")
    if not isinstance(versions, dict) or not all(isinstance(version, dict) for version in versions.values()):
        raise PluginError("malformed response from Vault: not a Transit key")
    return versions
