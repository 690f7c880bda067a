"""A key in a vault: its versions, their certificates, and the chain to attach.

A certificate, its key and its secret share a name, and their versions share version numbers. The certificate
therefore describes the key, and `keys/sign` is the only permission needed on keys. Without a readable certificate, the
key itself is read. The secret, which may hold an exportable key, is read only if nothing else completes the chain.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from notarykit.plugin import PluginValidationError, is_self_signed, load_certificate
from notarykit_azure_keyvault.attributes import check_attributes, is_usable
from notarykit_azure_keyvault.client import VaultClient, member
from notarykit_azure_keyvault.errors import NotFoundError, NotPermittedError, UnusableError
from notarykit_azure_keyvault.key_id import CERTIFICATES, KEYS, KeyId
from notarykit_azure_keyvault.key_version import (
    PendingCertificate,
    VaultKeyVersion,
    version_of_certificate,
    version_of_key,
)
from notarykit_azure_keyvault.secret import certificates_in, leaf_of
from notarykit_azure_keyvault.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from notarykit.plugin import KeyVersion


class VaultKey(NamedTuple):
    """Key or certificate in a vault; see `notarykit.plugin.ServiceKey`.

    Attributes:
        key_id: Parsed key id.
        settings: Parsed plugin configuration.
        client: Client of the vault.
    """

    key_id: KeyId
    settings: Settings
    client: VaultClient

    @property
    def identity(self) -> tuple[KeyId, str]:
        """The key id with the credential type."""
        return self.key_id, self.client.credential_type

    def versions(self) -> Iterator[KeyVersion]:
        """Yields the pinned version; otherwise the current one, a pending certificate's, and older ones."""
        with self.client.reject_malformed():
            yield from self._versions()

    def certificates(self, version: KeyVersion) -> Sequence[bytes]:
        """Returns the leaf if it is self-signed or a file completes it, otherwise the secret's certificates."""
        with self.client.reject_malformed():
            return self._certificates(version)

    def attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        """Merges a chain into the pending certificate of the version's key (Merge Certificate)."""
        with self.client.reject_malformed():
            return self._attach(version, chain)

    def _versions(self) -> Iterator[KeyVersion]:
        pinned = self.key_id.version
        try:
            current = self._version(pinned)
        except UnusableError:
            # Only a chain of the user's own may name an older version.
            if pinned or not self.settings.has_chain:
                raise
            yield from self._older()
            raise
        except NotFoundError:
            pending = self._pending() if self.key_id.kind == CERTIFICATES and not pinned else None
            if pending is None:
                raise
            yield pending
            raise pending.error() from None
        yield current
        if not pinned:
            if self.key_id.kind == CERTIFICATES and (pending := self._pending()):
                yield pending
            yield from self._older(current.name)

    def _certificates(self, version: KeyVersion) -> Sequence[bytes]:
        if self.key_id.is_hsm or not isinstance(version, VaultKeyVersion):
            return ()
        number = _number_in(version.name)
        if not version.leaf:
            try:
                version = self._by_certificate(number)
            except NotFoundError:
                return ()
        settings = self.settings
        is_complete = settings.self_signed or settings.has_cas or is_self_signed(load_certificate(version.leaf))
        if version.certificates or is_complete:
            return (version.leaf, *version.certificates)
        return certificates_in(self.client.get(self._path("secrets", number), "secrets/get"))

    def _attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        pending = None if self.key_id.is_hsm else self._pending()
        if pending is None and self.key_id.kind == KEYS:
            return False  # a key without a certificate; one created later would have another key
        if pending is None or pending.public_key != version.public_key:
            raise PluginValidationError(
                f"{version.name} has no pending certificate; Azure Key Vault accepts a chain only for one",
                advice="begin with 'az keyvault certificate create' and a policy whose issuer is Unknown, and have its "
                "certificate signing request signed; or name the chain's file with certificate_chain=FILE",
            )
        body = {"x5c": [base64.b64encode(der).decode() for der in chain]}
        path = self._path(CERTIFICATES, "pending/merge")
        self.client.post(path, "certificates/create", body, is_idempotent=False)
        return True

    def _version(self, number: str) -> VaultKeyVersion:
        """Reads a version by certificate and by key, the one that needs fewer requests first.

        Raises:
            NotFoundError: Neither exists; the error is the key's.
            NotPermittedError: Neither may be read; the error is the key's.
        """
        if self.key_id.kind == CERTIFICATES:
            return self._by_certificate(number)
        if self.key_id.is_hsm:
            return self._by_key(number)
        readers = {KEYS: self._by_key, CERTIFICATES: self._by_certificate}
        errors = {}
        for kind in (KEYS, CERTIFICATES) if self.settings.has_chain else (CERTIFICATES, KEYS):
            try:
                return readers[kind](number)
            except (NotFoundError, NotPermittedError) as error:
                errors[kind] = error
        raise errors[KEYS]

    def _by_key(self, number: str) -> VaultKeyVersion:
        bundle = self.client.get(self._path(KEYS, number), "keys/get")
        return self._check_number(version_of_key(self.client, bundle), number)

    def _by_certificate(self, number: str) -> VaultKeyVersion:
        """Reads a version by certificate, or by secret for identities with `secrets/get` only (notation-azure-kv)."""
        try:
            bundle = self.client.get(self._path(CERTIFICATES, number), "certificates/get")
        except NotPermittedError as denied:
            if self.settings.self_signed or self.settings.has_cas or self.settings.has_chain:
                raise
            try:
                return self._check_number(self._by_secret(number), number)
            except NotPermittedError:
                raise denied from None
        if not bundle.get("cer"):
            raise NotFoundError(
                f"the certificate {self.client.url}{self._path(CERTIFICATES, number).rstrip('/')} is pending",
                advice="have its certificate signing request signed, and attach the chain",
            )
        return self._check_number(version_of_certificate(self.client, bundle), number)

    def _by_secret(self, number: str) -> VaultKeyVersion:
        bundle = self.client.get(self._path("secrets", number), "secrets/get")
        validity = check_attributes(member(bundle, "id", str), bundle)
        certificates = certificates_in(bundle)
        leaf = leaf_of(certificates)
        public_key = load_certificate(leaf).public_key()
        return VaultKeyVersion(self.client, member(bundle, "kid", str), public_key, validity, leaf, certificates)

    def _check_number(self, version: VaultKeyVersion, number: str) -> VaultKeyVersion:
        """Checks that a pinned version was returned: the service may fall back to the current one."""
        returned = _number_in(self.client.path_of(version.name))
        if returned != (number or returned):
            raise PluginValidationError(
                f"the response names {version.name}, not the pinned version {number}",
                advice="check the version in the key id",
            )
        return version

    def _older(self, current: str = "") -> Iterator[VaultKeyVersion]:
        """Yields the usable versions except the current one, newest first."""
        items = self.client.get_items(self._path(KEYS, "versions"), "keys/list")
        for item in sorted(items, key=_created, reverse=True):
            name = member(item, "kid", str)
            if name != current and is_usable(item):
                yield self._by_key(_number_in(name))

    def _pending(self) -> PendingCertificate | None:
        from cryptography.x509 import load_der_x509_csr

        path = self._path(CERTIFICATES, "pending")
        try:
            operation = self.client.get(path, "certificates/get")
        except NotFoundError:
            return None
        if operation.get("status") != "inProgress":
            return None
        request = load_der_x509_csr(base64.b64decode(member(operation, "csr", str)))
        return PendingCertificate(f"{self.client.url}{path}", request.public_key())

    def _path(self, kind: str, rest: str = "") -> str:
        """Returns `/KIND/NAME/REST`; the current version's path ends with the slash."""
        return f"/{kind}/{self.key_id.name}/{rest}"


def _number_in(url: str) -> str:
    return url.rpartition("/")[2]


def _created(item: Mapping[str, Any]) -> int:
    created = member(item, "attributes", dict).get("created")
    return created if isinstance(created, int) else 0
