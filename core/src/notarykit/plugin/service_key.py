"""Keys of a service, as a provider presents them to `Provider`."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.keys.spec import KeySpec


class KeyVersion(Protocol):
    """Version of a key, which never changes."""

    @property
    def name(self) -> str:
        """The service's name of exactly this version, as a key id that pins it where there is one."""

    @property
    def public_key(self) -> "PublicKeyTypes":
        """Public key, as an object of `cryptography`."""

    def sign(self, message: bytes, spec: "KeySpec") -> bytes:
        """Signs a message by the spec's algorithm (signature specification, "Signature Algorithm Requirements").

        Args:
            message: The message and not its digest, which is `spec.digest(message)`.
            spec: The spec of the public key.

        Returns:
            The raw signature: RSASSA-PSS with a salt as long as the hash, and MGF1 with the same hash; ECDSA as r and s
            side by side, each `spec.coordinate_size` bytes long (RFC 7518, section 3.4). `checked_raw_signature` makes
            it of DER.

        Raises:
            PluginError: The service refused, or did not answer within `seconds_left`.
        """


class ServiceKey(Protocol):
    """Key that a key id names. Subclass it where the service keeps no certificates: then `identity` and `versions` do.

    `Provider` makes a new one for each request and calls it in one thread.
    """

    @property
    def identity(self) -> Hashable:
        """Identity among all keys of the process: the service and its address, the user, and the key's name there."""

    def versions(self) -> Iterable[KeyVersion]:
        """Yields the versions that may sign, the service's present one first; for an id that pins one, that alone.

        The first one with a certificate signs. Later ones are asked for only if it has none, so yield them lazily.

        Raises:
            PluginError: There is no such key, it is disabled, expired or deleted, or this user may not use it.
        """

    def certificates(self, version: KeyVersion) -> Sequence[bytes]:  # noqa: ARG002
        """Returns the certificates that the service keeps for a version, in DER and any order."""
        return ()

    def attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:  # noqa: ARG002
        """Stores a version's chain in the service.

        Args:
            version: One of `versions`.
            chain: The certificates in DER, leaf first, root last.

        Returns:
            False if the service has no place for a chain with this key.

        Raises:
            PluginError: The service refuses this chain, or this user may not store one.
        """
        return False
