"""Parsing of envelopes."""

from notarykit.envelope.codec import codec_for
from notarykit.envelope.unverified import COSE, JWS, LARGEST_ENVELOPE, UnverifiedEnvelope
from notarykit.errors import EnvelopeError

_BEGINNINGS = {JWS: b"{", COSE: b"\xd2"}
_NAMES = {JWS: "JWS", COSE: "COSE"}


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
    try:
        return codec_for(media_type).parse(envelope)
    except EnvelopeError as error:
        for other, beginning in _BEGINNINGS.items():
            if other != media_type and media_type in _BEGINNINGS and envelope.startswith(beginning):
                advice = f"it begins as {_NAMES[other]} does: correct the file's name, or the media type, if it is that"
                raise EnvelopeError(error.message, advice=advice) from error
        raise
