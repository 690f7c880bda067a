"""Steps of a verification, each a function of its context.

Trust store and trust policy specification, "Signature Verification", "Steps". A step returns a note, often an
empty one, or raises its error; the policy decides about the effect.
"""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography import x509

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import (
    AuthenticTimestampError,
    ExpiryError,
    IntegrityError,
    NotarykitError,
    RevocationError,
    UserMetadataError,
)
from notarykit.keys.certificate import subject_of
from notarykit.keys.chain import Chain
from notarykit.keys.extensions import has_revocation_extensions
from notarykit.trust.policy import Action, StoreType, VerifyTimestamp
from notarykit.verification.authenticity import find_anchor, trusted_by
from notarykit.verification.context import VerificationContext
from notarykit.verification.plugin import REVOCATION_CHECK, takes_over
from notarykit.verification.verdict import Step

if TYPE_CHECKING:
    from notarykit.revocation.result import CertificateStatus

_SIGN_AGAIN = (
    "have it signed again with a certificate that is valid, and with --timestamp-url: a timestamp keeps a signature "
    "good after its certificates have expired"
)


def integrity(context: VerificationContext) -> str:
    """Validates integrity: the envelope is well formed, its signature holds, and it is for this artifact or blob."""
    unverified = parse_envelope(context.request.envelope, context.request.media_type)
    envelope = check_integrity(unverified, _anchor(context, unverified))
    signed, target = envelope.target, context.request.target
    found = target if isinstance(target, Descriptor) else target.describe(signed, envelope.chain.key_spec)
    if not signed.is_same_content(found):
        raise IntegrityError(
            f"the signature is for {signed.digest} ({signed.media_type}, {signed.size} bytes), "
            f"not for {found.digest} ({found.media_type}, {found.size} bytes)"
        )
    context.intact = envelope
    return ""


def _anchor(context: VerificationContext, unverified: UnverifiedEnvelope) -> int:
    """Returns the position of a trusted certificate in the chain: strangers are refused before any cryptography.

    Raises:
        AuthenticityError: There is none, and the policy enforces authenticity; it is recorded as that step's result.
    """
    if context.action(Step.AUTHENTICITY) is not Action.ENFORCE:
        return 0
    try:
        return find_anchor(context, unverified.unverified_attributes.signing_scheme, unverified.unverified_chain)
    except NotarykitError as error:
        context.fail(Step.AUTHENTICITY, error)
        raise


def expiry(context: VerificationContext) -> str:
    """Validates expiry: "expired when the current time is greater than or equal to expiry time"."""
    expires = context.intact.attributes.expiry
    if expires is not None and context.now >= expires:
        raise ExpiryError(f"the signature expired on {format_rfc3339(expires)}")
    return ""


def authentic_timestamp(context: VerificationContext) -> str:
    """Validates the authentic timestamp: the signature was made while every certificate of the chain was valid."""
    attributes, chain = context.intact.attributes, context.intact.chain
    if attributes.signing_scheme == SIGNING_AUTHORITY:
        assert attributes.authentic_signing_time is not None
        problem = chain.outside_validity(attributes.authentic_signing_time)
        if problem:
            raise AuthenticTimestampError(f"at the authentic signing time, {problem}")
        return ""
    if _needs_timestamp(context):
        return _countersignature(context)
    problem = chain.outside_validity(context.now)
    if problem:
        has_one = context.intact.timestamp_signature is not None
        advice = "name a tsa trust store in the policy, and the signature's timestamp is looked at"
        raise AuthenticTimestampError(problem, advice=advice if has_one else _SIGN_AGAIN)
    return "the certificates are valid now, and no timestamp is required"


def _countersignature(context: VerificationContext) -> str:
    """Validates the authentic timestamp, 1.1: the timestamp countersignature, and at last the TSA's revocation."""
    intact = context.intact
    if not intact.timestamp_signature:
        if problem := intact.chain.outside_validity(context.now):
            raise AuthenticTimestampError(f"{problem}, and the signature has no timestamp", advice=_SIGN_AGAIN)
        raise AuthenticTimestampError(
            "the policy asks for a timestamp, and the signature has none",
            advice="sign with --timestamp-url, or set verifyTimestamp to afterCertExpiry",
        )
    from notarykit.timestamp.token import check_covers, verify_token

    timestamp = verify_token(intact.timestamp_signature, intact.signature, trusted_by(context, StoreType.TSA))
    check_covers(timestamp, intact.chain)
    note = _check_revocation(context, timestamp.chain)
    context.timestamp = timestamp
    return "; ".join(filter(None, (f"timestamp of {format_rfc3339(timestamp.time)}", note)))


def _needs_timestamp(context: VerificationContext) -> bool:
    """Evaluates the conditions of "Timestamp Countersignature Verification details"."""
    condition = context.policy.timestamp_condition
    if condition is None:
        return False
    if condition == VerifyTimestamp.ALWAYS:
        return True
    certificates = context.intact.chain.certificates
    return any(context.now > certificate.not_valid_after_utc for certificate in certificates)


def revocation(context: VerificationContext) -> str:
    """Validates the revocation status of the signer's chain."""
    if takes_over(context, REVOCATION_CHECK):
        return "the revocation status is for the verification plugin to check"
    attributes, timestamp, chain = context.intact.attributes, context.timestamp, context.intact.chain
    if not context.is_authentic and any(map(_is_revocable, chain.certificates[:-1])):  # `audit` lets it go on
        raise RevocationError("revocation is not checked, because the signer is not trusted")
    return _check_revocation(context, chain, attributes.authentic_signing_time, timestamp.latest if timestamp else None)


def _check_revocation(
    context: VerificationContext,
    chain: Chain,
    signed_at: datetime | None = None,
    stamped_before: datetime | None = None,
) -> str:
    """Evaluates "Certificate Revocation Evaluation"; the note names certificates without OCSP responder or CRL."""
    notes = [_unchecked(certificate) for certificate in chain.certificates[:-1]]
    note = "; ".join(filter(None, notes))
    checker = context.options.revocation
    if checker is None:
        if all(notes):
            return note  # and nothing of the revocation checks is imported
        from notarykit.revocation.checker import RevocationChecker

        checker = RevocationChecker.online()
    from notarykit.revocation.result import SigningTimes

    try:
        statuses = checker.check(chain, context.now, SigningTimes(signed_at, stamped_before))
    except RevocationError as error:
        context.explained += [line for status in error.statuses for line in _explain(status)]
        raise
    context.explained += [line for status in statuses for line in _explain(status)]
    return note


@lru_cache(maxsize=128)
def _unchecked(certificate: x509.Certificate) -> str:
    """Returns the warning of a certificate without OCSP responder or CRL, or an empty string."""
    if _is_revocable(certificate):
        return ""
    return f"warning: {subject_of(certificate)!r} names neither an OCSP responder nor a CRL"


def _is_revocable(certificate: x509.Certificate) -> bool:
    if not has_revocation_extensions(certificate):
        return False
    from notarykit.revocation.distribution_points import is_revocable

    return is_revocable(certificate)


def _explain(status: "CertificateStatus") -> list[str]:
    return [str(status), *(f"  {line}" for line in status.log)]


def extended_validation(context: VerificationContext) -> str:
    """Performs extended validation; "unknown critical attributes MUST cause signature verification to fail"."""
    attributes = context.intact.attributes
    if attributes.verification_plugin is None and not any(attribute.critical for attribute in attributes.extended):
        return ""
    from notarykit.verification.extended_validation import validate

    return validate(context)


def user_metadata(context: VerificationContext) -> str:
    """Verifies that the requested metadata was signed."""
    signed = context.intact.target.annotations
    for key, value in context.request.user_metadata.items():
        if key not in signed:
            raise UserMetadataError(f"the signature carries no user metadata {key!r}")
        if signed[key] != value:
            raise UserMetadataError(f"the signature's user metadata {key!r} is {signed[key]!r}, not {value!r}")
    return ""
