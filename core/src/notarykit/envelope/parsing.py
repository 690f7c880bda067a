"""Parsing of envelopes."""

from notarykit.envelope.codec import codec_for
from notarykit.envelope.unverified import LARGEST_ENVELOPE, UnverifiedEnvelope
from notarykit.errors import EnvelopeError


def parse_envelope(envelope: bytes, media_type: str) -> UnverifiedEnvelope:
    """Parses an envelope without verifying it.

    Args:
        envelope: The envelope.
        media_type: `application/jose+json` or `application/cose`.

    Raises:
        EnvelopeError: It is too large, of an unsupported media type, or violates its format.
    """
    if len(envelope) > LARGEST_ENVELOPE:
        raise EnvelopeError(f"envelope has {len(envelope)} bytes, more than the limit of {LARGEST_ENVELOPE}")
    return codec_for(media_type).parse(envelope)
