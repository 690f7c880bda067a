"""A key as a key id names it: which of its versions there are, their certificates, and a chain to attach.

A certificate, its key and its secret have one name, and each version of one has the version of the others' name. So
the certificate tells all that signing needs to know of the key, and `keys/sign` is the only permission on keys that is
needed; where there is no certificate, or the user may not read it, the key itself is asked for.

The secret is read only where nothing else completes the chain, as an exportable key lies in it.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from notarykit.errors import PluginValidationError
from notarykit.keys.certificate import is_self_signed, load_certificate
from notarykit_azure_keyvault.attributes import is_usable, state_of
from notarykit_azure_keyvault.client import Vault, member
from notarykit_azure_keyvault.errors import NotFoundError, NotPermittedError, UnusableError
from notarykit_azure_keyvault.key_id import CERTIFICATES, KEYS, Address
from notarykit_azure_keyvault.key_version import (
    Pending,
    Version,
    version_of_certificate,
    version_of_key,
)
from notarykit_azure_keyvault.secret import certificates_of, leaf_of
from notarykit_azure_keyvault.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from notarykit.plugin import KeyVersion


class Key(NamedTuple):
    """A key or a certificate in a vault; see `notarykit.plugin.ServiceKey`.

    Attributes:
        address: What the key id names.
        settings: What is configured.
        vault: The vault.
    """

    address: Address
    settings: Settings
    vault: Vault

    @property
    def identity(self) -> tuple[Address, str]:
        """Where the key is, and how its user logs in."""
        return self.address, self.vault.credential_type

    def versions(self) -> Iterator[KeyVersion]:
        """The version that the id pins; else the present one, one that waits for its certificate, and older ones."""
        with self.vault.reading():
            yield from self._versions()

    def certificates(self, version: KeyVersion) -> Sequence[bytes]:
        """The leaf where that is enough, or what completes it comes from a file; else what the secret has."""
        with self.vault.reading():
            return self._certificates(version)

    def attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        """Merges a chain into the certificate that waits for it: that is how a key that stays there gets one."""
        with self.vault.reading():
            return self._attach(version, chain)

    def _versions(self) -> Iterator[KeyVersion]:
        pinned = self.address.version
        try:
            present = self._version(pinned)
        except UnusableError:
            # Without a chain of the user's own, the present version alone is meant.
            if pinned or not self.settings.has_chain:
                raise
            yield from self._older()
            raise
        except NotFoundError:
            waiting = self._pending() if self.address.kind == CERTIFICATES and not pinned else None
            if waiting is None:
                raise
            yield waiting
            raise waiting.refusal() from None
        yield present
        if not pinned:
            if self.address.kind == CERTIFICATES and (waiting := self._pending()):
                yield waiting
            yield from self._older(present.name)

    def _certificates(self, version: KeyVersion) -> Sequence[bytes]:
        if self.address.is_hsm or not isinstance(version, Version):
            return ()
        number = _version_in(version.name)
        if not version.leaf:
            try:
                version = self._certified(number)
            except NotFoundError:
                return ()
        enough = self.settings.self_signed or self.settings.has_cas or is_self_signed(load_certificate(version.leaf))
        if version.more or enough:
            return (version.leaf, *version.more)
        return certificates_of(self.vault.get(self._path("secrets", number), "secrets/get"))

    def _attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        pending = None if self.address.is_hsm else self._pending()
        if pending is None and self.address.kind == KEYS:
            return False  # a bare key; a certificate that was made later would have another
        if pending is None or pending.public_key != version.public_key:
            raise PluginValidationError(
                f"{version.name} has no certificate that waits for its chain: Azure Key Vault takes a chain only then",
                advice="begin with 'az keyvault certificate create' and a policy whose issuer is Unknown, and have the "
                "request that it answers with signed; or name the chain's file with certificate_chain=FILE",
            )
        body = {"x5c": [base64.b64encode(der).decode() for der in chain]}
        self.vault.post(self._path(CERTIFICATES, "pending/merge"), "certificates/create", body, again=False)
        return True

    def _version(self, number: str) -> Version:
        """By the certificate and by the key, in the order in which less is asked for; a key's id is told of the key."""
        if self.address.kind == CERTIFICATES:
            return self._certified(number)
        if self.address.is_hsm:
            return self._of_key(number)
        ways = {KEYS: self._of_key, CERTIFICATES: self._certified}
        refusals = {}
        for kind in (KEYS, CERTIFICATES) if self.settings.has_chain else (CERTIFICATES, KEYS):
            try:
                return ways[kind](number)
            except (NotFoundError, NotPermittedError) as error:
                refusals[kind] = error
        raise refusals[KEYS]

    def _of_key(self, number: str) -> Version:
        return self._pinned(version_of_key(self.vault, self.vault.get(self._path(KEYS, number), "keys/get")), number)

    def _certified(self, number: str) -> Version:
        """By the certificate; a user who may read only the secret, as notation-azure-kv asks of them, by that."""
        try:
            bundle = self.vault.get(self._path(CERTIFICATES, number), "certificates/get")
        except NotPermittedError as refused:
            if self.settings.self_signed or self.settings.has_cas or self.settings.has_chain:
                raise
            try:
                return self._pinned(self._of_secret(number), number)
            except NotPermittedError:
                raise refused from None
        if not bundle.get("cer"):  # it waits for its chain
            raise NotFoundError(
                f"there is no certificate in {self.vault.url}{self._path(CERTIFICATES, number).rstrip('/')} yet",
                advice="have its request signed, and attach the chain",
            )
        return self._pinned(version_of_certificate(self.vault, bundle), number)

    def _of_secret(self, number: str) -> Version:
        bundle = self.vault.get(self._path("secrets", number), "secrets/get")
        state = state_of(member(bundle, "id", str), bundle)
        found = certificates_of(bundle)
        leaf = leaf_of(found)
        return Version(self.vault, member(bundle, "kid", str), load_certificate(leaf).public_key(), state, leaf, found)

    def _pinned(self, version: Version, number: str) -> Version:
        """Refuses the present version in place of the one that was asked for: the service may fall back to it."""
        present = _version_in(self.vault.path_of(version.name))
        if present != (number or present):
            raise PluginValidationError(
                f"{version.name} is not the version {number} that was asked for",
                advice="check the version in the key id",
            )
        return version

    def _older(self, present: str = "") -> Iterator[Version]:
        """The versions that may be used but for the present one, the newest first."""
        listed = self.vault.pages(self._path(KEYS, "versions"), "keys/list")
        for item in sorted(listed, key=_created, reverse=True):
            name = member(item, "kid", str)
            if name != present and is_usable(item):
                yield self._of_key(_version_in(name))

    def _pending(self) -> Pending | None:
        from cryptography.x509 import load_der_x509_csr

        path = self._path(CERTIFICATES, "pending")
        try:
            operation = self.vault.get(path, "certificates/get")
        except NotFoundError:
            return None
        if operation.get("status") != "inProgress":
            return None
        request = load_der_x509_csr(base64.b64decode(member(operation, "csr", str)))
        return Pending(f"{self.vault.url}{path}", request.public_key())

    def _path(self, kind: str, rest: str = "") -> str:
        """`/KIND/NAME/REST`; the present version's path ends with the slash."""
        return f"/{kind}/{self.address.name}/{rest}"


def _version_in(url: str) -> str:
    return url.rpartition("/")[2]


def _created(item: Mapping[str, Any]) -> int:
    created = member(item, "attributes", dict).get("created")
    return created if isinstance(created, int) else 0
