"""What signing asks of a key's holder and of a source of timestamps; programs implement these for their own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from notarykit.keys.chain import Chain
from notarykit.keys.spec import KeySpec


class Signer(Protocol):
    """Whoever holds a key: `LocalSigner`, `PluginSigner`, or an object of your own."""

    def key_spec(self) -> KeySpec:
        """The key's spec."""

    def sign(self, to_be_signed: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        """The signature over the bytes, and the key's chain in DER, leaf first."""


class EnvelopeSigner(Protocol):
    """Whoever makes whole envelopes: `PluginEnvelopeSigner`, or an object of your own."""

    def sign_payload(
        self, payload: bytes, media_type: str, expires_in: timedelta | None
    ) -> tuple[bytes, Mapping[str, str]]:
        """The envelope, and annotations for the signature manifest."""


class TimestampSource(Protocol):
    """Whoever gets timestamps: `notarykit.Timestamper`, or an object of your own."""

    def stamp(self, signature: bytes, chain: Chain, now: datetime) -> bytes:
        """A token for a primitive signature."""
