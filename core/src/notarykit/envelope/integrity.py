"""Integrity of envelopes: certificate requirements, algorithm, signature, payload.

Trust store and trust policy specification, "Validate Integrity". The payload is parsed only after the signature over it
was verified.
"""

from typing import NamedTuple

from notarykit._internal.remembered import Facts
from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.payload import MEDIA_TYPE, read_payload
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import EnvelopeError
from notarykit.keys import signature as signatures
from notarykit.keys.chain import Chain, check_chain

# Signing certificate, signature and signed bytes: an artifact that is verified again costs its cryptography once.
_VALID_SIGNATURES = Facts(most=512, largest=8 * 1024)


class IntactEnvelope(NamedTuple):
    """Envelope whose signature is valid under its own certificate; says nothing about trust in the signer.

    Attributes:
        media_type: The format.
        target: The descriptor of the signed artifact or blob; its annotations are the user metadata.
        attributes: The signed attributes.
        chain: The certificate chain, which meets the certificate requirements.
        signature: The raw signature.
        timestamp_signature: The TimeStampToken in DER (RFC 3161), or None; not signed.
        signing_agent: The software that claims to have made the envelope; not signed.
    """

    media_type: str
    target: Descriptor
    attributes: SignedAttributes
    chain: Chain
    signature: bytes
    timestamp_signature: bytes | None
    signing_agent: str


def check_integrity(envelope: UnverifiedEnvelope, anchor: int = 0) -> IntactEnvelope:
    """Verifies the chain, the algorithm, and the signature over payload and attributes.

    Args:
        envelope: The parsed envelope.
        anchor: Index of a trusted certificate in its chain; see `check_chain`.

    Raises:
        EnvelopeError: The algorithm, the signature, the content type or the payload is invalid.
        CertificateError: The chain violates a requirement.
    """
    attributes = envelope.unverified_attributes
    chain = check_chain(envelope.unverified_chain, anchor=anchor)
    if attributes.key_spec != chain.key_spec:
        raise EnvelopeError(
            f"algorithm is for a key of {attributes.key_spec.name}, the signing certificate's is {chain.key_spec.name}"
        )
    _verify_signature(chain, envelope)
    if attributes.content_type != MEDIA_TYPE:
        raise EnvelopeError(f"content type {attributes.content_type!r} is not {MEDIA_TYPE!r}")
    return IntactEnvelope(
        envelope.media_type,
        read_payload(envelope.unverified_payload),
        attributes,
        chain,
        envelope.signature,
        envelope.timestamp_signature,
        envelope.signing_agent,
    )


def _verify_signature(chain: Chain, envelope: UnverifiedEnvelope) -> None:
    fact = (chain.ders[0], envelope.signature, envelope.signed_bytes)
    if fact in _VALID_SIGNATURES:
        return
    try:
        signatures.verify_raw(chain.public_key, chain.key_spec, envelope.signature, envelope.signed_bytes)
    except ValueError as error:
        raise EnvelopeError(str(error)) from None
    _VALID_SIGNATURES.add(fact)
