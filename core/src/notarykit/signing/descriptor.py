"""The road of signing: descriptor, payload, bytes to be signed, key, envelope, timestamp, and a check of what was made.

Signing and verification workflow, "Signing Steps". Where a plugin makes the whole envelope, the middle of the road is
the plugin's; the check at its end is the same.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from notarykit._internal.rfc3339 import utc_now
from notarykit._internal.version import signing_agent
from notarykit.envelope.attributes import X509
from notarykit.envelope.builder import attributes_for, prepare, with_timestamp
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import IntactEnvelope
from notarykit.envelope.payload import make_payload
from notarykit.envelope.unverified import JWS
from notarykit.errors import UsageError
from notarykit.signing.checks import check_attributes, check_envelope
from notarykit.signing.signer import EnvelopeSigner, Signer, TimestampSource

_ONE_SECOND = timedelta(seconds=1)


class SignedEnvelope(NamedTuple):
    """A new signature.

    Attributes:
        envelope: The envelope's bytes.
        media_type: Its format.
        content: What is in it, with its integrity checked.
        annotations: Annotations that a plugin wants on the signature manifest.
    """

    envelope: bytes
    media_type: str
    content: IntactEnvelope
    annotations: Mapping[str, str]


def sign_descriptor(
    artifact: Descriptor,
    signer: Signer | EnvelopeSigner,
    *,
    media_type: str = JWS,
    expires_in: timedelta | None = None,
    user_metadata: Mapping[str, str] | None = None,
    now: datetime | None = None,
    agent: str = "",
    timestamper: TimestampSource | None = None,
) -> SignedEnvelope:
    """Signs an artifact.

    Args:
        artifact: The artifact's descriptor; its media type, digest and size are signed.
        signer: Who holds the key.
        media_type: The envelope's format, `application/jose+json` or `application/cose`.
        expires_in: How long the signature is good for; whole seconds.
        user_metadata: What is signed along, as annotations of the payload.
        now: The signing time; the present, if it is not given.
        agent: What the envelope names as the software that made it; this library, if it is not given.
        timestamper: Has the signature stamped (`notarykit.Timestamper`), if it is given.

    Raises:
        UsageError: The expiry is no whole number of seconds or no time, or a metadata key is reserved.
        TimestampError: A timestamp was asked for, and no authority gave a good one.
        PluginError: The plugin failed, or its answer is not what was asked for.
        CertificateError: The chain breaks a rule, or is not valid at the signing time.
    """
    time = now or utc_now()
    _check_expiry(expires_in, time)
    payload = make_payload(artifact, user_metadata or {})
    if hasattr(signer, "sign_payload"):
        envelope, annotations = signer.sign_payload(payload, media_type, expires_in)
    else:
        attributes = attributes_for(signer.key_spec(), time, expires_in=expires_in)
        unsigned = prepare(media_type, payload, attributes)
        signature, chain = signer.sign(unsigned.to_be_signed)
        agent = agent or getattr(signer, "agent", "") or signing_agent()
        envelope, annotations = unsigned.finish(signature, chain, agent), {}
    content = check_envelope(envelope, media_type, payload, time)
    check_attributes(content.attributes, time, expires_in)
    if timestamper is not None:
        envelope = _stamp(envelope, content, timestamper)
        content = check_envelope(envelope, media_type, payload, time)
    return SignedEnvelope(envelope, media_type, content, annotations)


def _stamp(envelope: bytes, content: IntactEnvelope, timestamper: TimestampSource) -> bytes:
    """The envelope with a timestamp of its signature, whoever made it.

    Signature specification, "Unsigned Attributes": a timestamp counts "solely under the `notary.x509` signing scheme".
    """
    if content.attributes.signing_scheme != X509:
        raise UsageError(
            f"a signature of the scheme {content.attributes.signing_scheme} has its authority's time, and no timestamp",
            advice="sign without --timestamp-url",
        )
    # The present time, and not the signing time: an authority may be asked long after a PIN was.
    return with_timestamp(envelope, content.media_type, timestamper.stamp(content.signature, content.chain, utc_now()))


def _check_expiry(expires_in: timedelta | None, now: datetime) -> None:
    if expires_in is None:
        return
    if expires_in < _ONE_SECOND or expires_in % _ONE_SECOND:
        raise UsageError("expiry must be a whole number of seconds, at least one", advice="such as 24h or 90m")
    try:
        _ = now + expires_in
    except OverflowError:
        raise UsageError("expiry lies beyond the year 9999", advice="such as 24h or 90m") from None
