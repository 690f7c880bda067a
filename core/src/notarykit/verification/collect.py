"""Collection of the evidence that a verification without a network needs, by running the steps of a verification."""

import threading
from typing import NamedTuple

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import ExtendedValidationError, NotarykitError, RevocationError, StorageError, UsageError
from notarykit.oci.repository import StoredSignature
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
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions, VerifyingPlugin
from notarykit.verification.signatures import fetch_signatures, unprocessed
from notarykit.verification.verdict import Step, StepResult

# Steps that fetch evidence.
_FETCHING = (Step.AUTHENTIC_TIMESTAMP, Step.REVOCATION)
# The signer must be trusted before anything is fetched; no other failure of a step keeps the others from fetching.
_ACTIONS = {
    **dict.fromkeys(Validation, Action.LOG),
    Validation(Step.INTEGRITY): Action.ENFORCE,
    Validation(Step.AUTHENTICITY): Action.ENFORCE,
}


class Collected(NamedTuple):
    """Evidence that was collected for an artifact.

    Attributes:
        artifact: Descriptor of the artifact.
        evidence: OCSP responses and CRLs, each once.
        requested: Number of signatures whose signers are trusted, so that evidence was requested for them.
        problems: Digest of a signature's manifest, and an error of that signature or of evidence that is missing.
        is_complete: True if evidence was requested for all signatures that may be accepted, and was received.
    """

    artifact: Descriptor
    evidence: tuple[Evidence, ...]
    requested: int
    problems: tuple[tuple[str, NotarykitError], ...]
    is_complete: bool


def collect(
    options: VerifierOptions[TrustPolicyDocument], request: ArtifactRequest, limits: Limits | None
) -> Collected:
    """Collects the OCSP responses and CRLs for all signatures of an artifact whose signers are trusted."""
    policy = _policy_for_all(options.policies.applicable(request.scope))
    collected: dict[bytes, Evidence] = {}
    lock = threading.Lock()

    def observe(evidence: Evidence) -> None:
        with lock:
            collected.setdefault(evidence.der, evidence)

    checker = RevocationChecker.online(limits=limits, observe=observe)
    options = options.fixed()._replace(revocation=checker, find_plugin=_no_plugin)
    repository = request.open_repository()
    artifact, manifests = repository.resolve_with_signatures(request.identifier)
    problems: list[tuple[str, NotarykitError]] = []
    requested, is_complete = 0, True
    for manifest, signature in fetch_signatures(
        repository, manifests, options.max_signatures, options.max_envelope_size
    ):
        if isinstance(signature, NotarykitError):
            problems.append((manifest.digest, signature))
            is_complete = False
            continue
        results, problem = _results(options, policy, signature, artifact)
        requested += any(result.step is Step.REVOCATION for result in results)
        errors = [problem, *(result.error for result in results if result.step in _FETCHING)]
        problems += [(manifest.digest, error) for error in errors if error is not None]
        is_complete = is_complete and not any(map(_is_unanswered, errors))
    if (cut := next(manifests, None)) is not None:
        limit = StorageError(f"there are more than the {options.max_signatures} signatures that are looked at")
        problems.append((cut.digest, limit))
        is_complete = False
    return Collected(artifact, tuple(collected.values()), requested, tuple(problems), is_complete and requested > 0)


def _results(
    options: VerifierOptions[TrustPolicyDocument], policy: TrustPolicy, signature: StoredSignature, artifact: Descriptor
) -> tuple[tuple[StepResult, ...], NotarykitError | None]:
    """Returns the results of the steps that were reached for a signature, and the error that ended them."""
    try:
        # A timestamp may be needed later, when a certificate has expired; where there is none, none can be collected.
        if parse_envelope(signature.envelope, signature.media_type).timestamp_signature:
            policy = policy._replace(verify_timestamp=VerifyTimestamp.ALWAYS)
        verdict = run_steps(options, policy, EnvelopeRequest(signature.envelope, signature.media_type, artifact))
        return getattr(verdict, "results", ()), None
    except NotarykitError as error:
        return getattr(error, "results", ()), error
    except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are looked at
        return (), unprocessed(error)


def _is_unanswered(error: NotarykitError | None) -> bool:
    statuses = error.statuses if isinstance(error, RevocationError) else ()
    return any(status.status is Status.UNKNOWN for status in statuses)


def _policy_for_all(policy: TrustPolicy) -> TrustPolicy:
    """Returns the policy statement with a level at which all steps that fetch evidence are made.

    Raises:
        UsageError: The statement skips verification.
    """
    if policy.level.is_skip:
        raise UsageError(
            f"the trust policy {policy.name!r} skips verification, so nothing has to be collected",
            advice="use the policy of the side where it is verified",
        )
    return policy._replace(level=VerificationLevel("strict", _ACTIONS))


def _no_plugin(name: str) -> VerifyingPlugin:
    raise ExtendedValidationError(f"plugin {name!r} is not called when evidence is collected")
