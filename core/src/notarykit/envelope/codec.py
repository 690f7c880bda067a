"""Codecs of the envelope formats, by media type."""

from typing import Protocol

from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.unverified import COSE, JWS, MEDIA_TYPES, UnverifiedEnvelope
from notarykit.errors import EnvelopeError


class Codec(Protocol):
    """Envelope format; the modules `jws` and `cose` implement it."""

    def parse(self, envelope: bytes) -> UnverifiedEnvelope:
        """Parses an envelope.

        Raises:
            EnvelopeError: It violates the format; the message names the part.
        """

    def protected_header(self, attributes: SignedAttributes) -> bytes:
        """Encodes the protected header, as JSON or CBOR.

        Raises:
            EnvelopeError: The format cannot carry an extended attribute.
        """

    def to_be_signed(self, protected: bytes, payload: bytes) -> bytes:
        """Returns the bytes that the signature covers."""

    def assemble(
        self, protected: bytes, payload: bytes, signature: bytes, chain: tuple[bytes, ...], agent: str
    ) -> bytes:
        """Encodes an envelope.

        Args:
            protected: The protected header, as encoded by `protected_header`.
            payload: The payload.
            signature: The raw signature; ECDSA as r and s side by side.
            chain: The certificates in DER, leaf first.
            agent: The signing agent.
        """

    def add_timestamp(self, envelope: bytes, token: bytes) -> bytes:
        """Adds a TimeStampToken in DER (RFC 3161) to a valid envelope, or replaces it."""


def codec_for(media_type: str) -> Codec:
    """Returns the codec of a media type; each is imported on first use.

    Raises:
        EnvelopeError: The media type is not supported.
    """
    if media_type == JWS:
        from notarykit.envelope import jws

        return jws
    if media_type == COSE:
        from notarykit.envelope import cose

        return cose
    raise EnvelopeError(f"envelope format {media_type!r} is not supported", advice="use " + " or ".join(MEDIA_TYPES))
