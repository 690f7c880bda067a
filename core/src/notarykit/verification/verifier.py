"""A verifier: a trust policy and its trust stores, put together once and used for many artifacts."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import NotarykitError
from notarykit.oci.repository import Repository
from notarykit.revocation.result import RevocationCheck
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.store import TrustStore
from notarykit.verification.artifact import VerifiedArtifact, verify_artifact
from notarykit.verification.context import VerifyingPlugin
from notarykit.verification.envelope import verify_envelope
from notarykit.verification.many import WORKERS, ArtifactRequest, verify_artifacts
from notarykit.verification.signatures import MAX_SIGNATURES
from notarykit.verification.verdict import Verdict


class Verifier(NamedTuple):
    """Verifies signatures against a trust policy. It never changes, and may be used from several threads.

    Attributes:
        policy: The trust policy document.
        trust_store: The trust stores that the policy names.
        revocation: Checks chains (`notarykit.Revocation`); over the network, if it is not given.
        find_plugin: Looks a verification plugin up by its name; among the installed ones, if it is not given.
        plugin_config: Settings for that plugin.
        max_signatures: How many signatures of an artifact are tried.
        max_envelope_size: How many bytes an envelope, or a signature's manifest, may have; the larger ones come last.
        now: The time of the verification; the present, if it is not given.
    """

    policy: TrustPolicyDocument
    trust_store: TrustStore
    revocation: RevocationCheck | None = None
    find_plugin: Callable[[str], VerifyingPlugin] | None = None
    plugin_config: Mapping[str, str] | None = None
    max_signatures: int = MAX_SIGNATURES
    max_envelope_size: int = USUAL_ENVELOPE
    now: datetime | None = None

    def envelope(
        self,
        envelope: bytes,
        media_type: str,
        artifact: Descriptor,
        scope: str,
        *,
        user_metadata: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Verifies one signature of an artifact; see `notarykit.verify_envelope`.

        Raises:
            NoApplicablePolicyError: No statement of the trust policy applies to the scope.
            VerificationError: The signature is not accepted; its class says which step failed.
        """
        return verify_envelope(
            envelope,
            media_type,
            artifact,
            self.policy.applicable(scope),
            self.trust_store,
            user_metadata=user_metadata,
            now=self.now,
            find_plugin=self.find_plugin,
            plugin_config=self.plugin_config,
            revocation=self.revocation,
        )

    def artifact(
        self,
        repository: Repository | Callable[[], Repository],
        tag_or_digest: str,
        scope: str,
        *,
        user_metadata: Mapping[str, str] | None = None,
    ) -> VerifiedArtifact:
        """Verifies an artifact where it is; see `notarykit.verify_artifact`.

        Raises:
            NotarykitError: As `notarykit.verify_artifact` does.
        """
        return verify_artifact(
            repository,
            tag_or_digest,
            scope,
            self.policy,
            self.trust_store,
            user_metadata=user_metadata,
            max_signatures=self.max_signatures,
            max_envelope_size=self.max_envelope_size,
            now=self.now,
            find_plugin=self.find_plugin,
            plugin_config=self.plugin_config,
            revocation=self.revocation,
        )

    def artifacts(
        self,
        artifacts: Iterable[ArtifactRequest],
        *,
        user_metadata: Mapping[str, str] | None = None,
        workers: int = WORKERS,
    ) -> list[VerifiedArtifact | NotarykitError]:
        """Verifies several artifacts, at most `workers` of them at a time; see `notarykit.verify_artifacts`.

        Returns:
            For each artifact, in order, what `artifact` returns or the error that it raises.
        """
        return verify_artifacts(
            artifacts,
            self.policy,
            self.trust_store,
            workers=workers,
            user_metadata=user_metadata,
            max_signatures=self.max_signatures,
            max_envelope_size=self.max_envelope_size,
            now=self.now,
            find_plugin=self.find_plugin,
            plugin_config=self.plugin_config,
            revocation=self.revocation,
        )
