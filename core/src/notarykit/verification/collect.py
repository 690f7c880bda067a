"""Collection of the evidence that a verification without a network needs, by running the steps of a verification."""

import threading
from typing import Any, NamedTuple

from notarykit.blob.signature_file import DetachedSignature
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.payload import read_payload
from notarykit.errors import ExtendedValidationError, NotarykitError, RevocationError, StorageError, UsageError
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.limits import Limits
from notarykit.revocation.result import Evidence, Status
from notarykit.trust.policy import (
    Action,
    BlobTrustPolicyDocument,
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
    """Evidence that was collected for an artifact, or for a signature of a blob.

    Attributes:
        artifact: Descriptor of the artifact; of a blob, the one in its signature.
        evidence: OCSP responses and CRLs, each once.
        requested: Number of signatures whose signers are trusted, so that evidence was requested for them.
        problems: Digest of a signature's manifest, or a blob's signature's name, and an error of that signature or of
            evidence that is missing.
        is_complete: True if evidence was requested for all signatures that may be accepted, and was received.
    """

    artifact: Descriptor
    evidence: tuple[Evidence, ...]
    requested: int
    problems: tuple[tuple[str, NotarykitError], ...]
    is_complete: bool


class _Collection:
    """Collection of evidence, signature by signature.

    Args:
        options: Options of the verifier.
        policy: Trust policy statement that applies.
        limits: Limits of each request.

    Raises:
        UsageError: The statement skips verification.
    """

    def __init__(self, options: VerifierOptions[Any], policy: TrustPolicy, limits: Limits | None) -> None:
        self._policy = _policy_for_all(policy)
        self._collected: dict[bytes, Evidence] = {}
        self._lock = threading.Lock()
        # A cached CRL may be about to end, and says nothing of what was revoked since.
        checker = RevocationChecker.online(limits=limits, observe=self._observe, is_anew=True)
        self._options = options.fixed()._replace(revocation=checker, find_plugin=_no_plugin)
        self._problems: list[tuple[str, NotarykitError]] = []
        self._requested, self._is_complete = 0, True

    def _observe(self, evidence: Evidence) -> None:
        with self._lock:
            self._collected.setdefault(evidence.der, evidence)

    def add(self, name: str, request: EnvelopeRequest) -> None:
        """Requests the evidence for a signature, if its signer is trusted."""
        results, problem = self._results(request)
        self._requested += any(result.step is Step.REVOCATION for result in results)
        errors = [problem, *(result.error for result in results if result.step in _FETCHING)]
        self._problems += [(name, error) for error in errors if error is not None]
        self._is_complete = self._is_complete and not any(map(_is_unanswered, errors))

    def miss(self, name: str, problem: NotarykitError) -> None:
        """Notes that a signature was not looked at."""
        self._problems.append((name, problem))
        self._is_complete = False

    def collected(self, artifact: Descriptor) -> Collected:
        """Returns what was collected."""
        is_complete = self._is_complete and self._requested > 0
        evidence, problems = tuple(self._collected.values()), tuple(self._problems)
        return Collected(artifact, evidence, self._requested, problems, is_complete)

    def _results(self, request: EnvelopeRequest) -> tuple[tuple[StepResult, ...], NotarykitError | None]:
        """Returns the results of the steps that were reached for a signature, and the error that ended them."""
        policy = self._policy
        try:
            # A timestamp may be needed later, when a certificate has expired; where there is none, none can be
            # collected.
            if parse_envelope(request.envelope, request.media_type).timestamp_signature:
                policy = policy._replace(verify_timestamp=VerifyTimestamp.ALWAYS)
            verdict = run_steps(self._options, policy, request)
            return getattr(verdict, "results", ()), None
        except NotarykitError as error:
            return getattr(error, "results", ()), error
        except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are looked at
            return (), unprocessed(error)


def collect(
    options: VerifierOptions[TrustPolicyDocument], request: ArtifactRequest, limits: Limits | None
) -> Collected:
    """Collects the OCSP responses and CRLs for all signatures of an artifact whose signers are trusted."""
    collection = _Collection(options, options.policies.applicable(request.scope), limits)
    repository = request.open_repository()
    artifact, manifests = repository.resolve_with_signatures(request.identifier)
    for manifest, signature in fetch_signatures(
        repository, manifests, options.max_signatures, options.max_envelope_size
    ):
        if isinstance(signature, NotarykitError):
            collection.miss(manifest.digest, signature)
        else:
            collection.add(manifest.digest, EnvelopeRequest(signature.envelope, signature.media_type, artifact))
    if (cut := next(manifests, None)) is not None:
        limit = f"there are more than the {options.max_signatures} signatures that are looked at"
        collection.miss(cut.digest, StorageError(limit))
    return collection.collected(artifact)


def collect_for_blob(
    options: VerifierOptions[BlobTrustPolicyDocument],
    signature: DetachedSignature,
    name: str,
    policy_name: str,
    limits: Limits | None,
) -> Collected:
    """Collects the OCSP responses and CRLs for a signature of a blob, which is not needed, if its signer is trusted."""
    collection = _Collection(options, options.policies.applicable(policy_name), limits)
    envelope = parse_envelope(signature.envelope, signature.media_type)
    signed = read_payload(envelope.unverified_payload)
    collection.add(name, EnvelopeRequest(signature.envelope, signature.media_type, signed))
    return collection.collected(signed.bare)


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
