"""What a provider says of a key: its versions, and what the service keeps with them."""

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notarykit.keys.spec import KeySpec


class KeyVersion(Protocol):
    """One version of a key, which never changes."""

    @property
    def name(self) -> str:
        """What the service calls exactly this version."""

    @property
    def public_key(self) -> "PublicKeyTypes":
        """Its public key."""

    def sign(self, message: bytes, spec: "KeySpec") -> bytes:
        """A signature over a message by the spec's algorithm; ECDSA as r and s side by side."""


class ServiceKey(Protocol):
    """A key as a key id names it."""

    @property
    def identity(self) -> Hashable:
        """What tells the key from all others: its service, where that is, who uses it, and its name there."""

    def versions(self) -> Iterable[KeyVersion]:
        """The versions that may be used, the service's present one first; the one that the id pins, if it does.

        Raises:
            PluginError: There is no such key, it is disabled, expired or deleted, or this user may not use it.
        """

    def certificates(self, version: KeyVersion) -> Sequence[bytes]:
        """What the service keeps of certificates for a version, in DER and any order; nothing if it keeps none."""

    def attach(self, version: KeyVersion, chain: Sequence[bytes]) -> bool:
        """Has the service keep a version's chain, leaf first; False if it has no place for one with this key.

        Raises:
            PluginError: It does not take this one, or this user may not give it one.
        """
