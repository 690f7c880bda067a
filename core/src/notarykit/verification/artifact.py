"""Verification of an artifact: its signatures one after the other, until one is accepted.

Signing and verification workflow, "OCI artifact verification workflow". The pre-filter by thumbprints that it describes
is left out: the annotation is not signed, so it can neither admit nor refuse anything that the verification does not.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NoAcceptedSignatureError, NoSignatureError, NotarykitError, VerificationError
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions
from notarykit.verification.signatures import Fetched, fetch_signatures, unprocessed
from notarykit.verification.verdict import Audited, Skipped, Verdict

# Digest of the manifest and error of each signature that was not accepted.
Failures = tuple[tuple[str, NotarykitError], ...]


class ArtifactRequest(NamedTuple):
    """Artifact that is to be verified.

    Attributes:
        open_repository: Function that opens its repository; not called where the policy skips the artifact.
        identifier: Tag or digest of the artifact.
        scope: Name of the form `registry/repository` by which the trust policy statement is chosen.
    """

    open_repository: Callable[[], Repository]
    identifier: Tag | Digest
    scope: str


class VerifiedArtifact(NamedTuple):
    """Artifact that was accepted, or was not to be verified.

    Attributes:
        verdict: Verdict on the signature that was accepted, or `Skipped`.
        artifact: Descriptor of the artifact, or None where the policy skips it.
        signature: Descriptor of that signature's manifest, or None.
        failures: Digest of the manifest and error of each signature that was tried before and not accepted.
    """

    verdict: Verdict
    artifact: Descriptor | None = None
    signature: Descriptor | None = None
    failures: Failures = ()


def verify_signatures(
    options: VerifierOptions, request: ArtifactRequest, user_metadata: Mapping[str, str]
) -> VerifiedArtifact:
    """Verifies the signatures of an artifact until one is accepted.

    A signature that cannot be fetched or read does not stop the others from being tried, and a large one comes after
    the small ones. One whose signer is trusted is preferred to one that a policy merely lets pass.

    Raises:
        NoApplicablePolicyError: No policy statement applies.
        StorageError: The artifact or the list of its signatures cannot be read.
        NoSignatureError: The artifact has no signature.
        NoAcceptedSignatureError: None of its signatures was accepted.
    """
    policy = options.policies.applicable(request.scope)
    if policy.level.is_skip:
        return VerifiedArtifact(Skipped(policy.name))
    options = options.fixed()
    repository = request.open_repository()
    artifact, manifests = repository.resolve_with_signatures(request.identifier)

    def verify(envelope: bytes, media_type: str) -> Verdict:
        return run_steps(options, policy, EnvelopeRequest(envelope, media_type, artifact, user_metadata))

    fetched = fetch_signatures(repository, manifests, options.max_signatures, options.max_envelope_size)
    accepted, failures = _accepted(artifact, fetched, verify)
    if accepted is not None:
        return accepted
    limit = options.max_signatures if next(manifests, None) is not None else None
    raise _not_accepted(artifact, failures, limit).under(policy.name, policy.level.name)


def _accepted(
    artifact: Descriptor, fetched: Iterable[Fetched], verify: Callable[[bytes, str], Verdict]
) -> tuple[VerifiedArtifact | None, Failures]:
    """Returns the first signature of a trusted signer, else the first that passes, and the failures before it."""
    failures: Failures = ()
    passable: VerifiedArtifact | None = None
    for manifest, signature in fetched:
        try:
            if isinstance(signature, NotarykitError):
                raise signature
            verdict = verify(signature.envelope, signature.media_type)
        except NotarykitError as error:
            failures = (*failures, (manifest.digest, error))
            continue
        except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are tried
            failures = (*failures, (manifest.digest, unprocessed(error)))
            continue
        accepted = VerifiedArtifact(verdict, artifact, manifest, failures)
        if not isinstance(verdict, Audited):
            return accepted, failures
        passable = passable or accepted
    return passable, failures


def _not_accepted(artifact: Descriptor, failures: Failures, limit: int | None) -> VerificationError:
    """Returns the error of an artifact; with a limit, there are more signatures than were tried."""
    if not failures:
        return NoSignatureError(
            f"no signature is associated with {artifact.digest}", advice="make sure the artifact was signed"
        )
    digest, nearest = max(failures, key=_steps_reached)
    message = f"{nearest.message} (signature {digest})"
    if len(failures) > 1:
        message = f"none of the {len(failures)} signatures was accepted; the one that came furthest: {message}"
    if limit is not None:
        message = f"{message} (there are more than the limit of {limit} signatures)"
    return NoAcceptedSignatureError(message, failures=failures, advice=nearest.advice)


def _steps_reached(failure: tuple[str, NotarykitError]) -> int:
    error = failure[1]
    return len(error.results) if isinstance(error, VerificationError) else 0
