"""Facts about a signature: those that its signer vouches for, or the claims of one that was not accepted."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from notarykit.audit.record import RevocationOutcome, SignatureOutcome, SignatureRecord
from notarykit.envelope.attributes import SignedAttributes
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import UnverifiedEnvelope
from notarykit.errors import CertificateError, NotarykitError, RevocationError
from notarykit.keys.certificate import issuer_of, load_certificate, subject_of
from notarykit.keys.extensions import has_revocation_extensions
from notarykit.oci.repository import StoredSignature
from notarykit.verification.artifact import TriedSignature
from notarykit.verification.verdict import Audited, Step, StepResult, Verified

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def signature_record(tried: TriedSignature) -> SignatureRecord:
    """Returns the record of a signature that was tried."""
    manifest, signature, outcome = tried
    record = SignatureRecord(manifest.digest)
    if isinstance(outcome, Verified):
        return _vouched(record, outcome)._replace(media_type=signature.media_type if signature else "")
    if signature is not None:
        record = _claimed(record, signature)
    if isinstance(outcome, NotarykitError):
        results: Sequence[StepResult] = getattr(outcome, "results", ())
        record = record._replace(outcome=SignatureOutcome.REFUSED, reason=outcome.message)
    else:
        assert isinstance(outcome, Audited)
        results = outcome.results
        record = record._replace(outcome=SignatureOutcome.AUDITED, reason=_first_problem(results))
    return record._replace(revocation=_revocation(results))


def _vouched(record: SignatureRecord, verdict: Verified) -> SignatureRecord:
    record = _with_attributes(record, verdict.attributes)
    record = _with_chain(record, verdict.chain.ders[0], verdict.chain.certificates)
    if verdict.timestamp is not None:
        ends = _earliest_end(verdict.timestamp.chain.certificates)
        record = record._replace(timestamp=verdict.timestamp.time, timestamp_ends=ends)
    return record._replace(
        outcome=SignatureOutcome.ACCEPTED,
        reason=_first_problem(verdict.results),
        revocation=_revocation(verdict.results, verdict.chain.leaf),
    )


def _claimed(record: SignatureRecord, signature: StoredSignature) -> SignatureRecord:
    """Adds what an envelope says of itself, as far as it can be read."""
    record = record._replace(media_type=signature.media_type)
    try:
        envelope = parse_envelope(signature.envelope, signature.media_type)
    except Exception:  # noqa: BLE001 - the signature has its error already, whatever it does
        return record
    record = _with_attributes(record, envelope.unverified_attributes)
    with suppress(CertificateError, IndexError):
        chain = envelope.unverified_chain
        record = _with_chain(record, chain[0], [load_certificate(der) for der in chain])
    with suppress(NotarykitError):
        record = _with_claimed_timestamp(record, envelope)
    return record


def _with_attributes(record: SignatureRecord, attributes: SignedAttributes) -> SignatureRecord:
    return record._replace(signed_at=attributes.claimed_time, expiry=attributes.expiry)


def _with_chain(record: SignatureRecord, leaf: bytes, certificates: Sequence["Certificate"]) -> SignatureRecord:
    return record._replace(
        signer=subject_of(certificates[0]),
        issuer=issuer_of(certificates[0]),
        thumbprint=sha256(leaf).hexdigest(),
        chain_ends=_earliest_end(certificates),
    )


def _with_claimed_timestamp(record: SignatureRecord, envelope: UnverifiedEnvelope) -> SignatureRecord:
    if not envelope.timestamp_signature:
        return record
    from notarykit.timestamp.token import unverified_claims

    info, ders = unverified_claims(envelope.timestamp_signature, envelope.signature)
    ends = _earliest_end([load_certificate(der) for der in ders])
    return record._replace(timestamp=info.time, timestamp_ends=ends)


def _earliest_end(certificates: Iterable["Certificate"]) -> datetime | None:
    return min((certificate.not_valid_after_utc for certificate in certificates), default=None)


def _first_problem(results: Sequence[StepResult]) -> str:
    """Returns the first failure that the policy only logs."""
    return next((f"{result.step}: {result.error.message}" for result in results if result.error is not None), "")


def _revocation(results: Sequence[StepResult], leaf: "Certificate | None" = None) -> RevocationOutcome:
    """Returns the status of a signer's chain by the steps that were made; of several, the last counts: a plugin's."""
    result = next((result for result in reversed(results) if result.step is Step.REVOCATION), None)
    is_stranger = any(result.step is Step.AUTHENTICITY and result.error for result in results)
    if result is None or result.outcome == "skipped" or is_stranger:
        return RevocationOutcome.NOT_CHECKED
    if result.error is None:
        is_by_plugin = sum(other.step is Step.REVOCATION for other in results) > 1
        is_checked = is_by_plugin or (result.explained and (leaf is None or has_revocation_extensions(leaf)))
        return RevocationOutcome.GOOD if is_checked else RevocationOutcome.NOT_CHECKED
    statuses = result.error.statuses if isinstance(result.error, RevocationError) else ()
    from notarykit.revocation.result import Status

    is_revoked = any(status.status is Status.REVOKED for status in statuses)
    return RevocationOutcome.REVOKED if is_revoked else RevocationOutcome.UNKNOWN
