"""Checks of an envelope that was just made, by this library or by a plugin.

Plugin specification, "Signing workflow using plugin", steps "Validate the generated signature (envelope)".
"""

from datetime import datetime, timedelta

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.integrity import IntactEnvelope, check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import CertificateError, EnvelopeError, PluginResponseError, TimestampError

_ROUNDED = timedelta(seconds=2)


def check_envelope(envelope: bytes, media_type: str, payload: bytes, now: datetime) -> IntactEnvelope:
    """Parses an envelope and checks it as a verifier would, except for trust.

    Raises:
        PluginResponseError: It does not hold, or carries another payload.
        CertificateError: Its chain is not valid at the signing time.
    """
    try:
        unverified = parse_envelope(envelope, media_type)
        content = check_integrity(unverified)
    except (EnvelopeError, CertificateError) as error:
        raise PluginResponseError(f"the new signature does not hold: {error.message}", advice=error.advice) from None
    _check_payload(unverified.unverified_payload, payload)
    _check_validity(content, now)
    return content


def _check_validity(content: IntactEnvelope, now: datetime) -> None:
    """Checks that the chain is valid now, and at the time that the envelope claims, which may be a plugin's own.

    Signature specification, "Signing time & Authentic Signing time".
    """
    claimed, chain = content.attributes.claimed_time, content.chain
    problem = chain.outside_validity(now.replace(microsecond=0))
    if problem is None and (then := chain.outside_validity(claimed)) is not None:
        problem = f"the envelope claims to be of {format_rfc3339(claimed)}, and {then}"
    if problem is not None:
        raise CertificateError(
            problem, rule="valid_at_signing_time", advice="sign with a certificate that is valid now"
        )


def check_attributes(attributes: SignedAttributes, now: datetime, expires_in: timedelta | None) -> None:
    """Checks the signed attributes: the requested expiry, and no attribute that no verifier accepts.

    Raises:
        PluginResponseError: They are others.
    """
    expiry, start = attributes.expiry, attributes.claimed_time
    if expires_in is not None and expiry is None:
        raise PluginResponseError("the envelope does not expire, although an expiry was requested")
    if expiry is not None and expiry <= now:
        raise PluginResponseError(f"the envelope has expired already, on {format_rfc3339(expiry)}")
    if expiry is not None and expires_in is not None and abs(expiry - start - expires_in) > _ROUNDED:
        raise PluginResponseError(f"the envelope expires after {expiry - start}, not after {expires_in} as requested")
    unknown = [attribute.key for attribute in attributes.extended if attribute.critical]
    if unknown and attributes.verification_plugin is None:
        raise PluginResponseError(
            f"the envelope has the critical attribute {unknown[0]!r}, and names no plugin that could process it"
        )


def check_timestamp(content: IntactEnvelope) -> None:
    """Checks the timestamp that a plugin's envelope came with, if there is one, as a verifier would, except for trust.

    Raises:
        PluginResponseError: It is malformed, not of this signature, or its range is outside the chain's validity; or a
            certificate of the authority breaks a rule.
    """
    if not content.timestamp_signature:
        return
    from notarykit.timestamp.token import check_covers, check_token

    try:
        check_covers(check_token(content.timestamp_signature, content.signature), content.chain)
    except (TimestampError, CertificateError) as error:
        raise PluginResponseError(f"the envelope's timestamp does not hold: {error.message}") from None


def _check_payload(signed: bytes, requested: bytes) -> None:
    """Checks that a plugin signed the requested payload, to which it may add annotations and nothing else."""
    if signed == requested:
        return
    from notarykit.envelope.payload import RESERVED_PREFIX, read_payload, unknown_members

    target, wanted = read_payload(signed), read_payload(requested)
    changed = [key for key, value in wanted.annotations.items() if target.annotations.get(key) != value]
    if not target.is_same_content(wanted) or changed:
        raise PluginResponseError("the envelope does not carry the payload that was to be signed")
    if reserved := [key for key in target.annotations if key.startswith(RESERVED_PREFIX)]:
        raise PluginResponseError(f"the envelope's payload has the annotation {reserved[0]!r}, which is reserved")
    if unknown := unknown_members(signed):
        raise PluginResponseError(f"the envelope's payload has {unknown[0]!r}, which was not to be signed")
