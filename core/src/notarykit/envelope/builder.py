"""Building of envelopes: signed attributes, the bytes to sign, assembly, timestamp."""

from datetime import datetime, timedelta
from typing import NamedTuple

from notarykit.envelope import payload as payloads
from notarykit.envelope.attributes import SIGNING_AUTHORITY, X509, ExtendedAttribute, SignedAttributes, SigningScheme
from notarykit.envelope.codec import codec_for
from notarykit.keys.spec import KeySpec


class UnsignedEnvelope(NamedTuple):
    """Envelope that lacks its signature.

    Attributes:
        media_type: The format.
        protected: The encoded protected header.
        payload: The payload.
        to_be_signed: The bytes to sign.
    """

    media_type: str
    protected: bytes
    payload: bytes
    to_be_signed: bytes

    def finish(self, signature: bytes, chain: tuple[bytes, ...], agent: str) -> bytes:
        """Returns the envelope.

        Args:
            signature: The raw signature over `to_be_signed`; ECDSA as r and s side by side.
            chain: The certificates in DER, leaf first.
            agent: The signing agent.
        """
        return codec_for(self.media_type).assemble(self.protected, self.payload, signature, chain, agent)


def attributes_for(
    key_spec: KeySpec,
    now: datetime,
    *,
    expires_in: timedelta | None = None,
    scheme: SigningScheme = X509,
    extended: tuple[ExtendedAttribute, ...] = (),
) -> SignedAttributes:
    """Returns the signed attributes of a new signature; times are truncated to seconds, as the specification advises.

    Args:
        key_spec: The spec of the signing key.
        now: The signing time.
        expires_in: The time from signing to expiry, or None for no expiry.
        scheme: The signing scheme; `notary.x509.signingAuthority` has an authentic signing time.
        extended: Further signed attributes.
    """
    time = now.replace(microsecond=0)
    by_authority = scheme == SIGNING_AUTHORITY
    return SignedAttributes(
        key_spec,
        payloads.MEDIA_TYPE,
        scheme,
        signing_time=None if by_authority else time,
        authentic_signing_time=time if by_authority else None,
        expiry=None if expires_in is None else time + expires_in,
        extended=extended,
    )


def prepare(media_type: str, payload: bytes, attributes: SignedAttributes) -> UnsignedEnvelope:
    """Returns an envelope that is ready to be signed.

    Raises:
        EnvelopeError: The media type is not supported, or cannot carry an extended attribute.
    """
    codec = codec_for(media_type)
    protected = codec.protected_header(attributes)
    return UnsignedEnvelope(media_type, protected, payload, codec.to_be_signed(protected, payload))


def with_timestamp(envelope: bytes, media_type: str, token: bytes) -> bytes:
    """Returns a valid envelope with a timestamp token, which replaces an earlier one.

    Signature specification, "Unsigned Attributes": the token is not covered by the signature.

    Args:
        envelope: An envelope that `parse_envelope` accepts.
        media_type: Its format.
        token: A TimeStampToken in DER (RFC 3161).
    """
    return codec_for(media_type).add_timestamp(envelope, token)
