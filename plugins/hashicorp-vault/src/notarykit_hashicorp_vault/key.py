"""A Transit key: its versions that may sign, their certificates, and signing with exactly one of them.

Vault, "Transit secrets engine (API)": Read key, Sign data, Set certificate chain.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from notarykit.errors import PluginError, PluginValidationError
from notarykit.keys.certificate import load_certificate
from notarykit.keys.pem import read_certificates
from notarykit.keys.signature import raw_ecdsa
from notarykit_hashicorp_vault.client import Connection
from notarykit_hashicorp_vault.key_id import Names
from notarykit_hashicorp_vault.response import reading

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.keys.spec import KeySpec
    from notarykit.plugin.service_key import KeyVersion
    from notarykit_hashicorp_vault.settings import Server

KINDS = ("rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521")
_SIGNATURE = re.compile(r"vault:v([0-9]+):([A-Za-z0-9+/=]+)")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class TransitVersion(NamedTuple):
    """One version of a key.

    Attributes:
        names: What names the key.
        number: The version's number.
        members: What the server says of it.
        connection: Who signs with it.
    """

    names: Names
    number: int
    members: dict[str, Any]
    connection: Connection

    @property
    def name(self) -> str:
        """The key with its version, as a key id that pins it."""
        return f"{self.names.mount}/{self.names.key}@{self.number}"

    @property
    def public_key(self) -> "PublicKeyTypes":
        """The public key."""
        with reading(f"the public key of {self.name}"):
            return load_pem_public_key(self.members["public_key"].encode())

    def sign(self, message: bytes, spec: "KeySpec") -> bytes:
        """A signature over the message's digest by this version and no other.

        Raises:
            PluginError: The server refuses, or answers with something else.
        """
        digest = spec.digest(message)
        body = {
            "input": base64.b64encode(digest).decode(),
            "prehashed": True,
            "hash_algorithm": spec.hash_name.replace("SHA", "sha2"),
            "key_version": self.number,
            **(_PSS if spec.is_rsa else _ECDSA),
        }
        answer = self.connection.write(self.names.path("sign"), f"key {self.name}", body)
        signature = self._signature(answer.data.get("signature"))
        try:
            signature = signature if spec.is_rsa else raw_ecdsa(signature, spec)
        except ValueError:
            signature = b""
        if len(signature) != spec.signature_size:
            raise PluginError(f"Vault answered with what is no {spec.signing_algorithm} signature of {self.name}")
        return signature

    def _signature(self, answered: object) -> bytes:
        found = _SIGNATURE.fullmatch(answered) if isinstance(answered, str) else None
        if found is None or found[1] != str(self.number):
            raise PluginError(f"Vault answered with no signature of {self.name}")
        try:
            return base64.b64decode(found[2], validate=True)
        except binascii.Error:
            return b""


_PSS = {"signature_algorithm": "pss", "salt_length": "hash"}
_ECDSA = {"marshaling_algorithm": "asn1"}


class TransitKey:
    """A key of a Transit engine, or one version of it where the id pins that."""

    def __init__(self, names: Names, connection: Connection) -> None:
        """Names the key; nothing is asked yet."""
        self._names = names
        self._connection = connection

    @property
    def identity(self) -> tuple[Names, "Server"]:
        """What the key is called, and the server with the way of logging in to it."""
        return self._names, self._connection.server

    def versions(self) -> Iterator[TransitVersion]:
        """The versions that may sign, latest first.

        Raises:
            PluginValidationError: There is no such key or version, it is of another kind, or it may not sign.
            PluginError: The server does not say.
        """
        with reading(self._name):
            yield from self._versions()

    def _versions(self) -> Iterator[TransitVersion]:
        names = self._names
        data = self._connection.read(names.path("keys"), self._name).data
        self._check_kind(data)
        limits = _Limits.of(data)
        shown = _versions_of(data)
        if names.version is None:
            # Those that are shown, and not all up to the latest: there is no limit to what an answer may call that.
            known = sorted((int(each) for each in shown if _NUMBER.fullmatch(each)), reverse=True)
            numbers = [each for each in known if limits.why_not(each) is None]
        else:
            numbers = [names.version]
        for number in numbers or [limits.latest]:
            why_not = limits.why_not(number) or ("is not there" if str(number) not in shown else None)
            if why_not:
                raise PluginValidationError(f"version {number} of {self._name} {why_not}", advice=limits.advice)
            yield TransitVersion(names, number, shown[str(number)], self._connection)

    def certificates(self, version: "KeyVersion") -> Sequence[bytes]:
        """The chain in the secret, if one is named, else the one that Transit keeps with the version."""
        if self._names.secret is not None:
            return self._of_secret
        assert isinstance(version, TransitVersion)
        chain = version.members.get("certificate_chain")
        with reading(f"the chain of {version.name}"):
            return read_certificates(chain.encode(), f"the chain of {version.name}") if chain else ()

    def attach(self, version: "KeyVersion", chain: Sequence[bytes]) -> bool:
        """Has Transit keep the chain with the version.

        Raises:
            PluginValidationError: The chain is in a secret, which may hold more, or the server keeps no chains.
        """
        if self._names.secret is not None:
            raise PluginValidationError(
                f"the chain of {self._name} is looked for in the secret {self._names.secret}",
                advice="put it there, with 'vault kv put … certificate=@FILE'",
            )
        assert isinstance(version, TransitVersion)
        pem = b"".join(load_certificate(der).public_bytes(Encoding.PEM) for der in chain).decode()
        body = {"version": version.number, "certificate_chain": pem}
        self._connection.write(f"{self._names.path('keys')}/set-certificate", f"key {version.name}", body)
        return True

    @property
    def _name(self) -> str:
        return f"key {self._names.mount}/{self._names.key}"

    @cached_property
    def _of_secret(self) -> tuple[bytes, ...]:
        path = self._names.secret or ""
        data = self._connection.read(path, f"secret {path}").data
        # KV version 2 has the secret's members one level deeper, beside what it says about them.
        inner = data.get("data")
        members = inner if "certificate" not in data and isinstance(inner, dict) else data
        chain = members.get("certificate")
        if not isinstance(chain, str):
            raise PluginValidationError(
                f"secret {path} has no member 'certificate' with a text", advice="put the chain in PEM there"
            )
        with reading(f"secret {path}"):
            return read_certificates(chain.encode(), f"secret {path}")

    def _check_kind(self, data: dict[str, Any]) -> None:
        kind = data.get("type")
        if kind not in KINDS:
            raise PluginValidationError(f"{self._name} is of the kind {kind}", advice=f"use one of {', '.join(KINDS)}")
        if data.get("soft_deleted"):  # OpenBao
            raise PluginValidationError(f"{self._name} is deleted", advice="restore it, or use another key")


def _versions_of(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = data.get("keys")
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise PluginError("Vault answered with no Transit key")
    return found


class _Limits(NamedTuple):
    """Which versions of a key may sign; 0 is no limit."""

    latest: int
    available: int
    decryption: int
    encryption: int

    @classmethod
    def of(cls, data: dict[str, Any]) -> "_Limits":
        names = ("latest_version", "min_available_version", "min_decryption_version", "min_encryption_version")
        found = [data.get(name, 0) for name in names]
        if not all(isinstance(number, int) for number in found) or found[0] < 1:
            raise PluginError("Vault answered with no Transit key")
        return cls(*found)

    @property
    def advice(self) -> str:
        return f"the latest version is {self.latest}"

    def why_not(self, number: int) -> str | None:
        """Why a version may not sign."""
        if number > self.latest:
            return "does not exist"
        if number < self.available:
            return f"is deleted: min_available_version is {self.available}"
        if number < self.decryption:
            return f"is archived: min_decryption_version is {self.decryption}"
        if number < self.encryption:
            return f"may not sign: min_encryption_version is {self.encryption}"
        return None
