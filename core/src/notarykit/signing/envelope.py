"""Signing of a descriptor: payload, bytes to be signed, key, envelope, timestamp, and a check of the new signature.

Signing and verification workflow, "Signing Steps". Where a plugin produces the whole envelope, the check at the end is
the same.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from notarykit._internal.rfc3339 import utc_now
from notarykit._internal.version import signing_agent
from notarykit.envelope.builder import attributes_for, prepare, with_timestamp
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import IntactEnvelope
from notarykit.envelope.payload import make_payload
from notarykit.envelope.signer import EnvelopeSigner, Signer
from notarykit.envelope.unverified import JWS
from notarykit.errors import UsageError
from notarykit.signing.checks import check_attributes, check_envelope, check_timestamp
from notarykit.signing.options import DEFAULT_OPTIONS, SignOptions, TimestampSource


class SignedEnvelope(NamedTuple):
    """New signature.

    Attributes:
        envelope: Bytes of the envelope.
        media_type: Format of the envelope.
        content: Content of the envelope, whose integrity was checked.
        annotations: Annotations of a plugin for the signature manifest.
    """

    envelope: bytes
    media_type: str
    content: IntactEnvelope
    annotations: Mapping[str, str]


def sign_descriptor(
    artifact: Descriptor, signer: Signer | EnvelopeSigner, options: SignOptions = DEFAULT_OPTIONS
) -> SignedEnvelope:
    """Signs the descriptor of an artifact or blob.

    Args:
        artifact: Descriptor of the artifact or blob; its media type, digest and size are signed.
        signer: Signer that holds the key.
        options: Options of signing.

    Raises:
        UsageError: The expiry is no whole number of seconds or no time, a metadata key is reserved, or a signer of
            envelopes is to have timestamps.
        TimestampError: No authority gave a good timestamp.
        PluginError: The plugin failed, or its answer does not fit the request.
        CertificateError: The chain breaks a rule, or is not valid at the signing time.
    """
    media_type, time = JWS if options.media_type is None else options.media_type, check_options(signer, options)
    payload = make_payload(artifact, options.user_metadata)
    if isinstance(signer, EnvelopeSigner):
        envelope, annotations = signer.sign_payload(payload, media_type, options.expires_in)
        time = options.time()  # the plugin's own: its certificate may be issued for this very signature
    else:
        attributes = attributes_for(signer.key_spec(), time, expires_in=options.expires_in)
        unsigned = prepare(media_type, payload, attributes)
        signed = signer.sign(unsigned.to_be_signed)
        agent = options.agent or signed.agent or signing_agent()
        envelope, annotations = unsigned.finish(signed.signature, signed.chain, agent), {}
    content = check_envelope(envelope, media_type, payload, time)
    check_attributes(content.attributes, time, options.expires_in)
    if isinstance(signer, EnvelopeSigner):
        check_timestamp(content)
    if options.timestamper is not None:
        envelope = _stamp(envelope, content, options.timestamper)
        content = check_envelope(envelope, media_type, payload, time)
    return SignedEnvelope(envelope, media_type, content, annotations)


def check_options(signer: Signer | EnvelopeSigner, options: SignOptions) -> datetime:
    """Returns the signing time, after checking that the signer can keep to the options.

    Raises:
        UsageError: The expiry is no whole number of seconds or no time, or a signer of envelopes is to have timestamps.
    """
    if options.timestamper is not None and isinstance(signer, EnvelopeSigner):
        # Plugin specification, "FAQ": such a plugin has full control, and a timestamp is neither added nor replaced.
        raise UsageError(
            "the plugin makes whole envelopes, whose timestamps are its own to make",
            advice="sign without --timestamp-url, and see the plugin's documentation for timestamps",
        )
    return options.time()


def _stamp(envelope: bytes, content: IntactEnvelope, timestamper: TimestampSource) -> bytes:
    """Returns the envelope with a timestamp of its signature."""
    # The present time, and not the signing time: the token may be requested long after the PIN.
    return with_timestamp(envelope, content.media_type, timestamper.stamp(content.signature, content.chain, utc_now()))
