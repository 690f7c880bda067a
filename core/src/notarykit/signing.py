"""The road of signing: descriptor, payload, bytes to be signed, key, envelope, timestamp, and a check of what was made.

Signing and verification workflow, "Signing Steps". Where a plugin makes the whole envelope, the middle of the road is
the plugin's; the check at its end is the same.
"""

import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from notarykit.agent import signing_agent
from notarykit.descriptor import Descriptor
from notarykit.envelope.attributes import X509, SignedAttributes
from notarykit.envelope.intact import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse
from notarykit.envelope.payload import make_payload
from notarykit.envelope.unsigned import attributes_for, prepare, with_timestamp
from notarykit.envelope.unverified import JWS, USUAL_ENVELOPE
from notarykit.errors import CertificateError, EnvelopeError, NotarykitWarning, PluginResponseError, UsageError
from notarykit.keys.chain import Chain
from notarykit.keys.spec import KeySpec
from notarykit.oci.repository import PushedSignature, Repository, push
from notarykit.times import format_rfc3339, utc_now

_ONE_SECOND = timedelta(seconds=1)
_ROUNDED = timedelta(seconds=2)


class Signer(Protocol):
    """Whoever holds a key: `LocalSigner`, `PluginSigner`, or an object of your own."""

    def key_spec(self) -> KeySpec:
        """The key's spec."""

    def sign(self, to_be_signed: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        """The signature over the bytes, and the key's chain in DER, leaf first."""


class EnvelopeSigner(Protocol):
    """Whoever makes whole envelopes: `PluginEnvelopeSigner`, or an object of your own."""

    def sign_payload(
        self, payload: bytes, media_type: str, expires_in: timedelta | None
    ) -> tuple[bytes, Mapping[str, str]]:
        """The envelope, and annotations for the signature manifest."""


class Stamping(Protocol):
    """Whoever gets timestamps: `notarykit.Timestamper`, or an object of your own."""

    def stamp(self, signature: bytes, chain: Chain, now: datetime) -> bytes:
        """A token for a primitive signature."""


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


class SignedArtifact(NamedTuple):
    """A signature that is stored beside its artifact.

    Attributes:
        artifact: The artifact that was signed.
        manifest: The signature's manifest.
        signature: The signature itself.
    """

    artifact: Descriptor
    manifest: Descriptor
    signature: SignedEnvelope


def sign_descriptor(
    artifact: Descriptor,
    signer: Signer | EnvelopeSigner,
    *,
    media_type: str = JWS,
    expires_in: timedelta | None = None,
    user_metadata: Mapping[str, str] | None = None,
    now: datetime | None = None,
    agent: str = "",
    timestamper: Stamping | None = None,
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
    content = _check(envelope, media_type, payload, time)
    _check_made_attributes(content.attributes, time, expires_in)
    if timestamper is not None:
        envelope = _stamp(envelope, content, timestamper)
        content = _check(envelope, media_type, payload, time)
    return SignedEnvelope(envelope, media_type, content, annotations)


def sign_artifact(
    repository: Repository,
    tag_or_digest: str,
    signer: Signer | EnvelopeSigner,
    *,
    media_type: str = JWS,
    expires_in: timedelta | None = None,
    user_metadata: Mapping[str, str] | None = None,
    now: datetime | None = None,
    agent: str = "",
    timestamper: Stamping | None = None,
) -> SignedArtifact:
    """Signs an artifact where it is, and stores the signature beside it; see `sign_descriptor`.

    Raises:
        UnlistedSignatureError: The signature is stored, and the list by which others find it cannot be written.
        StorageError: The artifact cannot be found, or the signature cannot be stored.
    """
    signed, pushed = begin_signing(
        repository,
        tag_or_digest,
        signer,
        media_type=media_type,
        expires_in=expires_in,
        user_metadata=user_metadata,
        now=now,
        agent=agent,
        timestamper=timestamper,
    )
    pushed.is_listed()
    return signed


def begin_signing(
    repository: Repository,
    tag_or_digest: str,
    signer: Signer | EnvelopeSigner,
    *,
    media_type: str = JWS,
    expires_in: timedelta | None = None,
    user_metadata: Mapping[str, str] | None = None,
    now: datetime | None = None,
    agent: str = "",
    timestamper: Stamping | None = None,
) -> tuple[SignedArtifact, PushedSignature]:
    """Signs an artifact as `sign_artifact` does, and leaves it to the caller to wait until the signature is listed."""
    artifact = repository.resolve(tag_or_digest)
    signature = sign_descriptor(
        artifact,
        signer,
        media_type=media_type,
        expires_in=expires_in,
        user_metadata=user_metadata,
        now=now,
        agent=agent,
        timestamper=timestamper,
    )
    size = len(signature.envelope)
    if size > USUAL_ENVELOPE:
        text = f"the envelope has {size} bytes: beyond {USUAL_ENVELOPE} it is verified only with --max-envelope-size"
        warnings.warn(text, NotarykitWarning, stacklevel=3)
    attributes = signature.content.attributes
    signed_at = attributes.signing_time or attributes.authentic_signing_time
    assert signed_at is not None
    pushed = push(
        repository,
        artifact,
        media_type,
        signature.envelope,
        signature.content.chain.thumbprints(),
        format_rfc3339(signed_at),
        signature.annotations,
    )
    return SignedArtifact(artifact, pushed.manifest, signature), pushed


def _stamp(envelope: bytes, content: IntactEnvelope, timestamper: Stamping) -> bytes:
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


def _check(envelope: bytes, media_type: str, payload: bytes, now: datetime) -> IntactEnvelope:
    """What was made must hold: it is taken apart and checked as a verifier would, trust aside.

    Plugin specification, "Signing workflow using plugin", steps "Validate the generated signature (envelope)".
    """
    try:
        unverified = parse(envelope, media_type)
        content = check_integrity(unverified)
    except (EnvelopeError, CertificateError) as error:
        raise PluginResponseError(f"the new signature does not hold: {error.message}", advice=error.advice) from None
    _check_payload(unverified.unverified_payload, payload)
    problem = content.chain.outside_validity(now.replace(microsecond=0))
    if problem is not None:
        raise CertificateError(
            problem, rule="valid_at_signing_time", advice="sign with a certificate that is valid now"
        )
    return content


def _check_made_attributes(attributes: SignedAttributes, now: datetime, expires_in: timedelta | None) -> None:
    """What a plugin signed along: the expiry that was asked for, and nothing that no verifier accepts."""
    expiry, start = attributes.expiry, attributes.signing_time or attributes.authentic_signing_time
    assert start is not None
    if expires_in is not None and expiry is None:
        raise PluginResponseError("the envelope does not expire, although an expiry was asked for")
    if expiry is not None and expiry <= now:
        raise PluginResponseError(f"the envelope has expired already, on {format_rfc3339(expiry)}")
    if expiry is not None and expires_in is not None and abs(expiry - start - expires_in) > _ROUNDED:
        raise PluginResponseError(
            f"the envelope expires after {expiry - start}, not after {expires_in} as was asked for"
        )
    unknown = [each.key for each in attributes.extended if each.critical]
    if unknown and attributes.verification_plugin is None:
        raise PluginResponseError(
            f"the envelope has the critical attribute {unknown[0]!r}, and names no plugin that could process it"
        )


def _check_payload(made: bytes, asked: bytes) -> None:
    """What a plugin signed is what was asked; it may have added annotations and nothing else."""
    if made == asked:
        return
    from notarykit.envelope.payload import RESERVED_PREFIX, read_payload, unknown_members

    target, wanted = read_payload(made), read_payload(asked)
    changed = [key for key, value in wanted.annotations.items() if target.annotations.get(key) != value]
    if not target.is_same_content(wanted) or changed:
        raise PluginResponseError("the envelope does not carry the payload that was to be signed")
    if reserved := [key for key in target.annotations if key.startswith(RESERVED_PREFIX)]:
        raise PluginResponseError(f"the envelope's payload has the annotation {reserved[0]!r}, which is reserved")
    if unknown := unknown_members(made):
        raise PluginResponseError(f"the envelope's payload has {unknown[0]!r}, which was not to be signed")
