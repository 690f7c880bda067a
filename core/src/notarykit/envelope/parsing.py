"""From bytes to an envelope that has been taken apart, by its format; a format is imported when it is met."""

from collections.abc import Callable

from notarykit.envelope.unverified import COSE, JWS, LARGEST_ENVELOPE, MEDIA_TYPES, UnverifiedEnvelope
from notarykit.errors import EnvelopeError


def parse_envelope(envelope: bytes, media_type: str) -> UnverifiedEnvelope:
    """Takes an envelope apart.

    Args:
        envelope: The envelope's bytes.
        media_type: `application/jose+json` or `application/cose`.

    Raises:
        EnvelopeError: It is too large, of an unknown format, or not of the form that its specification prescribes.
    """
    if len(envelope) > LARGEST_ENVELOPE:
        raise EnvelopeError(f"envelope has {len(envelope)} bytes, more than the {LARGEST_ENVELOPE} that are read")
    return _parser(media_type)(envelope)


def _parser(media_type: str) -> Callable[[bytes], UnverifiedEnvelope]:
    if media_type == JWS:
        from notarykit.envelope import jws

        return jws.parse
    if media_type == COSE:
        from notarykit.envelope import cose

        return cose.parse
    raise EnvelopeError(f"envelope format {media_type!r} is not supported", advice="use " + " or ".join(MEDIA_TYPES))
