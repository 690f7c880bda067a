"""Collecting what a verification without a network needs: the road of verifying, walked to see what it asks for."""

import threading
from datetime import datetime
from typing import NamedTuple

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import (
    ExtendedValidationError,
    NotarykitError,
    RevocationError,
    StorageError,
    UsageError,
)
from notarykit.oci.repository import Repository, StoredSignature, look_up
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.limits import Limits
from notarykit.revocation.result import Evidence, Status
from notarykit.trust.policy import (
    Action,
    TrustPolicy,
    TrustPolicyDocument,
    Validation,
    VerificationLevel,
    VerifyTimestamp,
)
from notarykit.trust.store import TrustStore, read_once
from notarykit.verification.context import VerifyingPlugin
from notarykit.verification.envelope import verify_envelope
from notarykit.verification.signatures import MAX_SIGNATURES, fetch_signatures, unprocessed
from notarykit.verification.verdict import Step, StepResult

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
        problems: What came up: the digest of a signature's manifest, and what is wrong with it, or missing.
        is_complete: Whether something was asked, of all signatures that could be asked about, and all of it answered.
    """

    artifact: Descriptor
    evidence: tuple[Evidence, ...]
    asked: int
    problems: tuple[tuple[str, NotarykitError], ...]
    is_complete: bool


def collect_evidence(
    repository: Repository,
    tag_or_digest: str,
    scope: str,
    document: TrustPolicyDocument,
    store: TrustStore,
    *,
    limits: Limits | None = None,
    max_signatures: int = MAX_SIGNATURES,
    max_envelope_size: int = USUAL_ENVELOPE,
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
        max_envelope_size: How many bytes an envelope, or a signature's manifest, may have.
        now: The time; the present, if it is not given.

    Raises:
        NoApplicablePolicyError: No policy statement applies.
        UsageError: The one that applies skips verification.
        StorageError: The artifact or the list of its signatures cannot be read.
    """
    policy, time = _asking_for_all(document.applicable(scope)), now or utc_now()
    found: dict[bytes, Evidence] = {}
    lock = threading.Lock()

    def observe(evidence: Evidence) -> None:
        with lock:
            found.setdefault(evidence.der, evidence)

    checks, trusted = RevocationChecker.online(limits=limits, observe=observe), read_once(store)
    artifact, manifests = look_up(repository, tag_or_digest)
    problems: list[tuple[str, NotarykitError]] = []
    asked, is_complete = 0, True
    for manifest, signature in fetch_signatures(repository, manifests, max_signatures, max_envelope_size):
        if isinstance(signature, NotarykitError):
            problems.append((manifest.digest, signature))
            is_complete = False
            continue
        results, problem = _walk(signature, artifact, policy, trusted, time, checks)
        asked += any(result.step is Step.REVOCATION for result in results)
        errors = [problem, *(each.error for each in results if each.step in _WANTED)]
        problems += [(manifest.digest, each) for each in errors if each is not None]
        is_complete = is_complete and not any(map(_is_unanswered, errors))
    if (cut := next(manifests, None)) is not None:
        error = StorageError(f"there are more than the {max_signatures} signatures that are looked at")
        problems.append((cut.digest, error))
        is_complete = False
    return Collected(artifact, tuple(found.values()), asked, tuple(problems), is_complete and asked > 0)


def _walk(
    signature: StoredSignature,
    artifact: Descriptor,
    policy: TrustPolicy,
    store: TrustStore,
    now: datetime,
    checks: RevocationChecker,
) -> tuple[tuple[StepResult, ...], NotarykitError | None]:
    """What the steps found for one signature, as far as they came, and what ended them."""
    try:
        # A timestamp may be wanted later, when a certificate has expired; where there is none, none can be collected.
        if parse_envelope(signature.envelope, signature.media_type).timestamp_signature:
            policy = policy._replace(verify_timestamp=VerifyTimestamp.ALWAYS)
        verdict = verify_envelope(
            signature.envelope,
            signature.media_type,
            artifact,
            policy,
            store,
            now=now,
            find_plugin=_none,
            revocation=checks,
        )
        return getattr(verdict, "results", ()), None
    except NotarykitError as error:
        return getattr(error, "results", ()), error
    except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are looked at
        return (), unprocessed(error)


def _is_unanswered(error: NotarykitError | None) -> bool:
    statuses = error.statuses if isinstance(error, RevocationError) else ()
    return any(status.status is Status.UNKNOWN for status in statuses)


def _asking_for_all(policy: TrustPolicy) -> TrustPolicy:
    if policy.level.is_skip:
        raise UsageError(
            f"the trust policy {policy.name!r} skips verification, so nothing has to be collected",
            advice="use the policy of the side where it is verified",
        )
    return policy._replace(level=VerificationLevel("strict", _ACTIONS))


def _none(name: str) -> VerifyingPlugin:
    raise ExtendedValidationError(f"plugin {name!r} is not asked when evidence is collected")
