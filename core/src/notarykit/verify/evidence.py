"""Collecting what a verification without a network needs: the road of verifying, walked to see what it asks for."""

import threading
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from notarykit.descriptor import Descriptor
from notarykit.errors import ExtendedValidationError, NotarykitError, RevocationError, UsageError
from notarykit.oci.repository import Repository, look_up
from notarykit.revocation.limits import Limits
from notarykit.revocation.online import online
from notarykit.revocation.status import Evidence, Status
from notarykit.times import utc_now
from notarykit.trust.policy import (
    Action,
    TrustPolicy,
    TrustPolicyDocument,
    Validation,
    VerificationLevel,
    VerifyTimestamp,
)
from notarykit.trust.store import TrustStore
from notarykit.verify.artifact import MAX_SIGNATURES
from notarykit.verify.envelope import verify_envelope
from notarykit.verify.progress import VerifyingPlugin
from notarykit.verify.verdict import Step

_WANTED = (Step.AUTHENTIC_TIMESTAMP, Step.REVOCATION)
# Whatever the policy makes of a failure: the signer must be trusted before anything is asked, and all is to be asked.
_ACTIONS = {
    **dict.fromkeys(Validation, Action.LOG),
    Validation(Step.INTEGRITY): Action.ENFORCE,
    Validation(Step.AUTHENTICITY): Action.ENFORCE,
}


class Collected(NamedTuple):
    """What was collected for an artifact.

    Attributes:
        artifact: The artifact's descriptor.
        evidence: The OCSP answers and CRLs, each once.
        asked: How many signatures have a signer who is trusted, so that something was asked for them.
        problems: What came up: the digest of a signature's manifest, and why it will not be accepted.
    """

    artifact: Descriptor
    evidence: tuple[Evidence, ...]
    asked: int
    problems: tuple[tuple[str, NotarykitError], ...]

    @property
    def is_complete(self) -> bool:
        """Whether everything was answered that was asked."""
        failures = [error for _, error in self.problems if isinstance(error, RevocationError)]
        return not any(status.status is Status.UNKNOWN for error in failures for status in error.statuses)


def collect_evidence(
    repository: Repository,
    tag_or_digest: str,
    scope: str,
    document: TrustPolicyDocument,
    store: TrustStore,
    *,
    limits: Limits | None = None,
    max_signatures: int = MAX_SIGNATURES,
    now: datetime | None = None,
) -> Collected:
    """Collects the OCSP answers and CRLs for all signatures of an artifact whose signers are trusted.

    Args:
        repository: The place where the artifact is.
        tag_or_digest: The artifact in that place.
        scope: `registry/repository`, by which the policy statement is chosen.
        document: The trust policy: what its stores do not trust, is not asked about.
        store: The trust stores.
        limits: What each request may cost.
        max_signatures: How many signatures are looked at.
        now: The time; the present, if it is not given.

    Raises:
        NoApplicablePolicyError: No policy statement applies.
        UsageError: The one that applies skips verification.
        StorageError: The artifact or the list of its signatures cannot be read.
    """
    policy = _asking_for_all(document.applicable(scope))
    found: dict[bytes, Evidence] = {}
    lock = threading.Lock()

    def observe(evidence: Evidence) -> None:
        with lock:
            found.setdefault(evidence.der, evidence)

    checks = online(limits=limits, observe=observe)
    artifact, manifests = look_up(repository, tag_or_digest)
    problems: list[tuple[str, NotarykitError]] = []
    asked = 0
    for manifest in islice(manifests, max_signatures):
        try:
            signature = repository.fetch_signature(manifest)
            verdict = verify_envelope(
                signature.envelope,
                signature.media_type,
                artifact,
                policy,
                store,
                now=now or utc_now(),
                find_plugin=_none,
                revocation=checks,
            )
            results = getattr(verdict, "results", ())
        except NotarykitError as error:
            results = getattr(error, "results", ())
            problems.append((manifest.digest, error))
        asked += any(result.step is Step.REVOCATION for result in results)
        problems += [(manifest.digest, each.error) for each in results if each.error and each.step in _WANTED]
    return Collected(artifact, tuple(found.values()), asked, tuple(problems))


def _asking_for_all(policy: TrustPolicy) -> TrustPolicy:
    if policy.level.is_skip:
        raise UsageError(
            f"the trust policy {policy.name!r} skips verification, so nothing has to be collected",
            advice="use the policy of the side where it is verified",
        )
    level = VerificationLevel("strict", _ACTIONS)
    return policy._replace(level=level, verify_timestamp=VerifyTimestamp.ALWAYS)


def _none(name: str) -> VerifyingPlugin:
    raise ExtendedValidationError(f"plugin {name!r} is not asked when evidence is collected")
