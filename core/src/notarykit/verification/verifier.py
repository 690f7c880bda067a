"""Verifier: trust policy and trust stores, put together once and used for many artifacts."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository
from notarykit.trust.policy import TrustPolicy, TrustPolicyDocument
from notarykit.trust.store import TrustStore
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact, verify_signatures
from notarykit.verification.context import EnvelopeRequest
from notarykit.verification.envelope import run_steps
from notarykit.verification.options import VerifierOptions
from notarykit.verification.verdict import Verdict

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from notarykit.revocation.limits import Limits
    from notarykit.verification.collect import Collected

WORKERS = 4


class Verifier(VerifierOptions[TrustPolicyDocument]):
    """Verifier of signatures and artifacts; see `VerifierOptions` for its members.

    It never changes (`_replace` makes another), and may be used from several threads. Trust stores are read anew in
    each call. Certificates that name OCSP responders or CRLs are looked up there, once their root is known to be
    trusted.
    """

    __slots__ = ()

    def envelope(
        self,
        envelope: bytes,
        media_type: str,
        artifact: Descriptor,
        scope: str,
        *,
        user_metadata: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Verifies one signature of an artifact.

        Args:
            envelope: Signature envelope.
            media_type: Format of the envelope, `application/jose+json` or `application/cose`.
            artifact: Descriptor of the artifact.
            scope: Name of the form `registry/repository` by which the trust policy statement is chosen.
            user_metadata: Metadata that the signature must carry.

        Returns:
            `Verified`; `Audited` where the policy only logs that the signer is not trusted; `Skipped` where it skips.

        Raises:
            NoApplicablePolicyError: No statement of the trust policy applies to the scope.
            VerificationError: A step failed that the policy enforces: the class says which, `results` has all of them.
        """
        request = EnvelopeRequest(envelope, media_type, artifact, user_metadata or {})
        return run_steps(self, self.policies.applicable(scope), request)

    def artifact(self, request: ArtifactRequest, *, user_metadata: Mapping[str, str] | None = None) -> VerifiedArtifact:
        """Verifies an artifact where it is, by its signatures one after the other.

        Args:
            request: The artifact.
            user_metadata: Metadata that the signature must carry.

        Raises:
            NoApplicablePolicyError: No policy statement applies.
            StorageError: The artifact or the list of its signatures cannot be read.
            NoSignatureError: The artifact has no signature.
            NoAcceptedSignatureError: None of its signatures was accepted.
        """
        return verify_signatures(self, request, user_metadata or {})

    def artifacts(
        self,
        requests: Iterable[ArtifactRequest],
        *,
        user_metadata: Mapping[str, str] | None = None,
        workers: int = WORKERS,
        executor: "Executor | None" = None,
    ) -> list[VerifiedArtifact | NotarykitError]:
        """Verifies several artifacts, at most `workers` at a time: while one waits for its registry, others go on.

        Args:
            requests: The artifacts. For processes they are pickled, with what opens their repositories; where that is
                a registry, `notarykit.verify_artifacts` is better, since its workers keep their connections.
            user_metadata: Metadata that the signatures must carry.
            workers: Number of artifacts at a time.
            executor: Executor that does the work; see `notarykit.verify_artifacts`.

        Returns:
            For each artifact, in order, the result of `artifact` or the error that it raises; an unexpected exception
            is an `UnforeseenError`. An artifact that is not accepted does not keep the others from their verdicts.
        """
        from notarykit.batch.ordered import map_ordered
        from notarykit.verification.many import RequestVerification

        work = RequestVerification(self.fixed(), user_metadata or {})
        outcomes = map_ordered(work, requests, executor=executor, jobs=workers)
        return [outcome.error or outcome.value() for outcome in outcomes]

    def collect_evidence(self, request: ArtifactRequest, limits: "Limits | None" = None) -> "Collected":
        """Collects the OCSP responses and CRLs for all signatures of an artifact whose signers are trusted.

        Args:
            request: The artifact.
            limits: Limits of each request.

        Raises:
            NoApplicablePolicyError: No policy statement applies.
            UsageError: The statement that applies skips verification.
            StorageError: The artifact or the list of its signatures cannot be read.
        """
        from notarykit.verification.collect import collect

        return collect(self, request, limits)


def verify_envelope(
    envelope: bytes,
    media_type: str,
    artifact: Descriptor,
    policy: TrustPolicy,
    store: TrustStore,
    *,
    user_metadata: Mapping[str, str] | None = None,
) -> Verdict:
    """Verifies one signature of an artifact under a policy statement; see `Verifier.envelope`, which has more options.

    Raises:
        VerificationError: A step failed that the policy enforces.
    """
    request = EnvelopeRequest(envelope, media_type, artifact, user_metadata or {})
    return run_steps(Verifier(TrustPolicyDocument((policy,)), store), policy, request)


def verify_artifact(
    repository: Repository,
    identifier: Tag | Digest,
    scope: str,
    policies: TrustPolicyDocument,
    store: TrustStore,
    *,
    user_metadata: Mapping[str, str] | None = None,
) -> VerifiedArtifact:
    """Verifies an artifact where it is; see `Verifier.artifact`, which has more options.

    Raises:
        NotarykitError: As `Verifier.artifact`.
    """
    request = ArtifactRequest(lambda: repository, identifier, scope)
    return Verifier(policies, store).artifact(request, user_metadata=user_metadata)
