"""An envelope that has been taken apart and of which nothing has been checked yet but its form."""

from collections.abc import Callable
from typing import NamedTuple

from notarykit.envelope.attributes import SignedAttributes
from notarykit.errors import EnvelopeError

JWS = "application/jose+json"
COSE = "application/cose"
MEDIA_TYPES = (JWS, COSE)

# The largest envelope that the reference implementation reads.
LARGEST_ENVELOPE = 32 * 1024 * 1024


class UnverifiedEnvelope(NamedTuple):
    """What an envelope claims. Anybody can have written it: it is for showing, never for deciding.

    Attributes:
        media_type: The envelope's format.
        unverified_payload: The payload's bytes.
        unverified_attributes: The signed attributes.
        unverified_chain: The certificates in DER, leaf first.
        signature: The primitive signature.
        signed_bytes: The bytes that the signature is over.
        timestamp_signature: The RFC 3161 token, if there is one.
        signing_agent: Who says to have made the envelope, or an empty string.
    """

    media_type: str
    unverified_payload: bytes
    unverified_attributes: SignedAttributes
    unverified_chain: tuple[bytes, ...]
    signature: bytes
    signed_bytes: bytes
    timestamp_signature: bytes | None
    signing_agent: str


def parse(envelope: bytes, media_type: str) -> UnverifiedEnvelope:
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
