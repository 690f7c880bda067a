"""Parsed envelope, unverified: only its format was checked."""

from typing import NamedTuple

from notarykit.envelope.attributes import SignedAttributes

JWS = "application/jose+json"
COSE = "application/cose"
MEDIA_TYPES = (JWS, COSE)

# The largest envelope that the reference implementation reads.
LARGEST_ENVELOPE = 32 * 1024 * 1024
# The default limit, since anyone with push access can attach envelopes. Honest ones are a hundred times smaller.
USUAL_ENVELOPE = 1024 * 1024


class UnverifiedEnvelope(NamedTuple):
    """Claims of an envelope, for display and never for decisions: anyone can have written them.

    Attributes:
        media_type: The format.
        unverified_payload: The payload.
        unverified_attributes: The signed attributes.
        unverified_chain: The certificates in DER, leaf first.
        signature: The raw signature; ECDSA as r and s side by side.
        signed_bytes: The bytes that the signature covers.
        timestamp_signature: The TimeStampToken in DER (RFC 3161), or None.
        signing_agent: The software that claims to have made the envelope, or an empty string.
    """

    media_type: str
    unverified_payload: bytes
    unverified_attributes: SignedAttributes
    unverified_chain: tuple[bytes, ...]
    signature: bytes
    signed_bytes: bytes
    timestamp_signature: bytes | None
    signing_agent: str
