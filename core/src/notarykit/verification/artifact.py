"""Verification of an artifact: its signatures one after the other, until one is accepted.

Signing and verification workflow, "OCI artifact verification workflow". The pre-filter by thumbprints that it describes
is left out: the annotation is not signed, so it can neither admit nor refuse anything that the verification does not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NoSignatureError, NotarykitError, VerificationError
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository, StoredSignature
from notarykit.trust.policy import TrustPolicy, TrustPolicyDocument
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.decision import Chosen, Failures, choose, not_accepted, without_frames
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions
from notarykit.verification.signatures import fetch_signatures, unprocessed
from notarykit.verification.verdict import Skipped, Verdict


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


class TriedSignature(NamedTuple):
    """Signature of an artifact that was tried.

    Attributes:
        manifest: Descriptor of its manifest.
        signature: The signature, or None where it could not be fetched.
        outcome: Verdict on it, or the error for which it was not accepted.
    """

    manifest: Descriptor
    signature: StoredSignature | None
    outcome: Verdict | NotarykitError


class SignatureList(NamedTuple):
    """Signatures of an artifact, as its repository lists them.

    Attributes:
        artifact: Descriptor of the artifact.
        manifests: Descriptors of the signature manifests, each taken once.
        most: Number of signatures that are tried.
    """

    artifact: Descriptor
    manifests: Iterator[Descriptor]
    most: int


def verify_signatures(
    options: VerifierOptions[TrustPolicyDocument], request: ArtifactRequest, user_metadata: Mapping[str, str]
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

    def verify(_: Descriptor, signature: StoredSignature) -> Verdict:
        envelope = EnvelopeRequest(signature.envelope, signature.media_type, artifact, user_metadata)
        return run_steps(options, policy, envelope)

    listed = SignatureList(artifact, manifests, options.max_signatures)
    return decide(policy, listed, try_signatures(repository, listed, options.max_envelope_size, verify))


def try_signatures(
    repository: Repository,
    listed: SignatureList,
    largest: int,
    verify: Callable[[Descriptor, StoredSignature], Verdict],
) -> Iterator[TriedSignature]:
    """Tries the signatures of an artifact, each when it is taken; whatever one does, the others are tried.

    Args:
        repository: Repository that holds the signatures.
        listed: The signatures.
        largest: Limit for a manifest or an envelope, in bytes.
        verify: Function that verifies a signature.

    Raises:
        StorageError: The list of the signatures breaks off.
    """
    for manifest, fetched in fetch_signatures(repository, listed.manifests, listed.most, largest):
        if isinstance(fetched, NotarykitError):
            yield TriedSignature(manifest, None, without_frames(fetched))
            continue
        outcome: Verdict | NotarykitError
        try:
            outcome = verify(manifest, fetched)
        except NotarykitError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - as above
            outcome = unprocessed(error)
        yield TriedSignature(manifest, fetched, without_frames(outcome))


def decide(policy: TrustPolicy, listed: SignatureList, tried: Iterable[TriedSignature]) -> VerifiedArtifact:
    """Returns the first signature of a trusted signer, else the first that passes; no more of them are taken.

    Raises:
        NoSignatureError: The artifact has no signature.
        NoAcceptedSignatureError: None of its signatures was accepted.
    """
    outcomes = ((manifest, outcome) for manifest, _, outcome in tried)
    chosen = choose(outcomes, lambda manifest: manifest.digest)
    if isinstance(chosen, Chosen):
        return VerifiedArtifact(chosen.verdict, listed.artifact, chosen.signature, chosen.failures)
    limit = listed.most if next(listed.manifests, None) is not None else None
    raise _error_of(listed.artifact, chosen, limit).under(policy.name, policy.level.name)


def _error_of(artifact: Descriptor, failures: Failures, limit: int | None) -> VerificationError:
    """Returns the error of an artifact; with a limit, there are more signatures than were tried."""
    if failures:
        return not_accepted(failures, limit)
    return NoSignatureError(
        f"no signature is associated with {artifact.digest}", advice="make sure the artifact was signed"
    )
