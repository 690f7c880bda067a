"""An envelope that has been taken apart and of which nothing has been checked yet but its form."""

from typing import NamedTuple

from notarykit.envelope.attributes import SignedAttributes

JWS = "application/jose+json"
COSE = "application/cose"
MEDIA_TYPES = (JWS, COSE)

# The largest envelope that the reference implementation reads.
LARGEST_ENVELOPE = 32 * 1024 * 1024
# The largest that is read unless somebody asks for more, since whoever may push can make others read it in vain. Honest
# envelopes are a hundred times smaller.
USUAL_ENVELOPE = 1024 * 1024


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
