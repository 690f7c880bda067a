"""From an envelope that claims to one whose signature holds: integrity, as far as the envelope alone can show it.

Trust store and trust policy specification, "Validate Integrity". The order: chain rules, algorithm against key,
signature, and only then the payload, which nobody reads before it is known to be what was signed.
"""

from typing import NamedTuple

from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.payload import MEDIA_TYPE, read_payload
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import EnvelopeError
from notarykit.keys import signature as signatures
from notarykit.keys.chain import Chain, check_chain


class IntactEnvelope(NamedTuple):
    """An envelope that is as its signer made it. Who that is, and whether to trust them, is another question.

    Attributes:
        media_type: The envelope's format.
        target: The artifact that the payload names; its annotations are the user's metadata.
        attributes: The signed attributes.
        chain: The signer's chain, which keeps the specification's certificate requirements.
        signature: The primitive signature.
        timestamp_signature: The RFC 3161 token, if there is one; not signed by the signer.
        signing_agent: Who says to have made the envelope; not signed.
    """

    media_type: str
    target: Descriptor
    attributes: SignedAttributes
    chain: Chain
    signature: bytes
    timestamp_signature: bytes | None
    signing_agent: str


def check_integrity(envelope: UnverifiedEnvelope, anchor: int = 0) -> IntactEnvelope:
    """The envelope, if its signature holds over payload and attributes under the leaf of a well-formed chain.

    Args:
        envelope: The envelope.
        anchor: The place of a certificate in its chain that is trusted; see `check_chain`.

    Raises:
        EnvelopeError: The algorithm, the signature, the content type or the payload is not what it must be.
        CertificateError: The chain breaks a rule.
    """
    attributes = envelope.unverified_attributes
    chain = check_chain(envelope.unverified_chain, anchor=anchor)
    if attributes.key_spec != chain.key_spec:
        raise EnvelopeError(
            f"algorithm is for a key of {attributes.key_spec.name}, the signing certificate's is {chain.key_spec.name}"
        )
    try:
        signatures.check(chain.public_key, chain.key_spec, envelope.signature, envelope.signed_bytes)
    except ValueError as error:
        raise EnvelopeError(str(error)) from None
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
