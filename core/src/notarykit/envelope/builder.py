"""An envelope before its signature: the bytes that a key has to sign, and how the envelope is put together then.

A timestamp is of the signature, so that it comes when the envelope is there (`with_timestamp`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from notarykit.envelope import payload as payloads
from notarykit.envelope.attributes import SIGNING_AUTHORITY, X509, ExtendedAttribute, SignedAttributes, SigningScheme
from notarykit.envelope.unverified import COSE, JWS, MEDIA_TYPES
from notarykit.errors import EnvelopeError
from notarykit.keys.spec import KeySpec

Finish = Callable[[bytes, tuple[bytes, ...], str], bytes]


class UnsignedEnvelope(NamedTuple):
    """What is to be signed, and how the envelope is finished.

    Attributes:
        to_be_signed: The bytes that the key signs.
        finish: Takes the signature, the chain in DER (leaf first) and the signing agent, and returns the envelope.
    """

    to_be_signed: bytes
    finish: Finish


def attributes_for(
    key_spec: KeySpec,
    now: datetime,
    *,
    expires_in: timedelta | None = None,
    scheme: SigningScheme = X509,
    extended: tuple[ExtendedAttribute, ...] = (),
) -> SignedAttributes:
    """The signed attributes of a new signature; times are cut to the second, as the specification advises.

    Args:
        key_spec: The spec of the key that will sign.
        now: The signing time.
        expires_in: How long after the signing time the signature expires, if it does.
        scheme: The signing scheme; under `notary.x509.signingAuthority` the signing time is the authentic one.
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
    """An envelope of the given format, ready to be signed.

    Raises:
        EnvelopeError: The format is not known, or cannot carry an extended attribute.
    """
    if media_type == JWS:
        from notarykit.envelope import jws

        header, body = jws.signing_input(payload, attributes)

        def finish_jws(signature: bytes, chain: tuple[bytes, ...], agent: str) -> bytes:
            return jws.assemble(header, body, signature, chain, agent)

        return UnsignedEnvelope(f"{header}.{body}".encode("ascii"), finish_jws)
    if media_type == COSE:
        from notarykit.envelope import cose

        protected, to_be_signed = cose.signing_input(payload, attributes)

        def finish_cose(signature: bytes, chain: tuple[bytes, ...], agent: str) -> bytes:
            return cose.assemble(protected, payload, signature, chain, agent)

        return UnsignedEnvelope(to_be_signed, finish_cose)
    raise EnvelopeError(f"envelope format {media_type!r} is not supported", advice="use " + " or ".join(MEDIA_TYPES))


def with_timestamp(envelope: bytes, media_type: str, token: bytes) -> bytes:
    """An envelope, one that `parsing.parse` has read, with a timestamp token; one that it had before is replaced.

    Signature specification, "Unsigned Attributes": the token is not part of what is signed.
    """
    if media_type == JWS:
        from notarykit.envelope import jws

        return jws.stamped(envelope, token)
    from notarykit.envelope import cose

    return cose.stamped(envelope, token)
