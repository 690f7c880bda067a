"""Access to registries with the program's own credentials, or with those of pull secrets in front of them."""

import hashlib
import hmac
import secrets
from functools import partial

from notarykit import Credentials, Reference
from notarykit_admission.access.access import Access, Way
from notarykit_admission.access.pool import RegistryPool
from notarykit_admission.access.pull_secrets import Keyring
from notarykit_admission.access.registry_files import RegistryFiles

# Each costs the registry a request.
MOST_CREDENTIALS = 8


class RegistryAccess:
    """Gives access to registries.

    Args:
        files: The program's own credentials and CAs.
        pool: Registries that are open.
    """

    def __init__(self, files: RegistryFiles, pool: RegistryPool) -> None:
        self._files = files
        self._pool = pool
        # Nobody can tell from an identity which credentials it is of.
        self._key = secrets.token_bytes(32)

    def own(self, reference: Reference) -> Access:
        """Returns access with the program's own credentials."""
        identity = self._files.identity
        return Access(identity, (partial(self._pool.lend, (reference.registry, identity), self._files.open),))

    def with_secrets(self, reference: Reference, keyring: Keyring) -> Access:
        """Returns access with the credentials of pull secrets that are for a repository, then with the program's own.

        What is known under other credentials does not count for this access; without any that match, it is the
        program's own.
        """
        own = self.own(reference)
        found = keyring.config.all(reference.scope)[:MOST_CREDENTIALS]
        if not found:
            return own
        identities = [self._identity(each, own.identity) for each in found]
        ways = (self._way(reference.registry, *each) for each in zip(found, identities, strict=True))
        return Access(" ".join(identities), (*ways, *own.ways))

    def _identity(self, credentials: Credentials, own: str) -> str:
        code = hmac.new(self._key, digestmod=hashlib.sha256)
        for text in (own, *credentials):
            data = text.encode("utf-8", "surrogateescape")
            code.update(len(data).to_bytes(8) + data)
        return code.hexdigest()

    def _way(self, registry: str, credentials: Credentials, identity: str) -> Way:
        def look_up(place: str) -> Credentials | None:
            return credentials if place.partition("/")[0] == registry else None

        return partial(self._pool.lend, (registry, identity), partial(self._files.open, look_up))
