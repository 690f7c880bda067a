"""Audit of an artifact: its record, by the same verification as `verify`."""

from datetime import datetime
from itertools import islice
from typing import Any

from notarykit._internal.rfc3339 import utc_now
from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict, EndsBy, SignatureRecord
from notarykit.audit.signature_facts import signature_record
from notarykit.batch.work import Work
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NoApplicablePolicyError, NoSignatureError, NotarykitError, StorageError, own_error
from notarykit.oci.reference import Digest, Reference
from notarykit.oci.registry.registries import Registries
from notarykit.oci.repository import Repository
from notarykit.trust.policy import TrustPolicy, TrustPolicyDocument
from notarykit.verification.artifact import VerifiedArtifact
from notarykit.verification.examination import Examination, examine_signatures
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Verified


class ArtifactAudit(Work[InventoryItem, ArtifactRecord, ArtifactRecord]):
    """Audits artifacts under a trust policy.

    Args:
        verifier: Trust policy, trust stores and limits.
        registries: Registries of the artifacts.
    """

    def __init__(self, verifier: VerifierOptions[TrustPolicyDocument], registries: Registries) -> None:
        self._verifier = verifier
        self._registries = registries
        self._policies: dict[str, TrustPolicy | NoApplicablePolicyError] = {}

    def begin(self, item: InventoryItem) -> ArtifactRecord:
        """Returns the record of an artifact; what cannot be read has the verdict `unknown`."""
        try:
            return self._audited(item, self._policy(item.scope))
        except Exception as error:  # noqa: BLE001 - whatever one artifact does, the others are audited
            return item.unknown(own_error(error))

    def close(self) -> None:
        """Closes the connections to registries."""
        self._registries.close()

    def _policy(self, scope: str) -> TrustPolicy | NoApplicablePolicyError:
        """Returns the statement for a repository, looked up once: a warning about it comes once."""
        if scope not in self._policies:
            try:
                self._policies[scope] = self._verifier.policies.applicable(scope)
            except NoApplicablePolicyError as error:
                self._policies[scope] = error
        return self._policies[scope]

    def _audited(self, item: InventoryItem, policy: TrustPolicy | NoApplicablePolicyError) -> ArtifactRecord:
        reference = Reference(item.registry, item.repository, Digest(item.descriptor.digest))
        repository = self._registries.repository(reference)
        if isinstance(policy, NoApplicablePolicyError):
            record = item.record(ArtifactVerdict.NO_POLICY, utc_now(), reason=policy.message, advice=policy.advice)
            return record._replace(signatures=self._not_tried(repository, item.descriptor))
        judged: dict[str, Any] = {"policy": policy.name, "level": policy.level.name}
        if policy.level.is_skip:
            signatures = self._not_tried(repository, item.descriptor)
            return item.record(ArtifactVerdict.SKIPPED, utc_now(), signatures=signatures, **judged)
        options = self._verifier.fixed()
        examined = examine_signatures(options, policy, repository, item.descriptor, signature_record)
        return _record(item, options.time(), examined)._replace(**judged)

    def _not_tried(self, repository: Repository, artifact: Descriptor) -> tuple[SignatureRecord, ...]:
        """Returns the listed signatures of an artifact that is not verified; none where the list cannot be read."""
        try:
            listed = islice(repository.signatures(artifact), self._verifier.max_signatures)
            return tuple(SignatureRecord(manifest.digest) for manifest in listed)
        except StorageError:
            return ()


def _record(item: InventoryItem, now: datetime, examined: Examination[SignatureRecord]) -> ArtifactRecord:
    outcome, signatures = examined.outcome, examined.signatures
    if isinstance(outcome, NotarykitError):
        record = item.record(_refusal(outcome), now, reason=outcome.message, advice=outcome.advice)
        return record._replace(signatures=signatures)
    assert outcome.signature is not None
    decisive = next(signature for signature in signatures if signature.digest == outcome.signature.digest)
    record = item.record(_acceptance(outcome), now, reason=decisive.reason, signatures=signatures)
    if examined.ending is None:
        return record
    ends_by = EndsBy.EXPIRY if examined.ending.is_expiry else EndsBy.CERTIFICATE
    return record._replace(ends=examined.ending.time, ends_by=ends_by)


def _acceptance(outcome: VerifiedArtifact) -> ArtifactVerdict:
    return ArtifactVerdict.VERIFIED if isinstance(outcome.verdict, Verified) else ArtifactVerdict.AUDITED


def _refusal(error: NotarykitError) -> ArtifactVerdict:
    """Returns the verdict of an error; where no signature could be fetched at all, nothing is known."""
    if isinstance(error, NoSignatureError):
        return ArtifactVerdict.UNSIGNED
    return ArtifactVerdict.UNKNOWN if error.exit_code == StorageError.exit_code else ArtifactVerdict.FAILED
