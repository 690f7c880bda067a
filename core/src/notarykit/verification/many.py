"""Verification of many artifacts: the work on one, for `notarykit.batch`."""

from collections.abc import Mapping
from functools import partial

from notarykit.batch.work import Work
from notarykit.oci.reference import LayoutReference, Reference, as_reference
from notarykit.oci.registry.registries import Registries
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact, verify_signatures
from notarykit.verification.options import VerifierOptions


class ReferenceVerification(Work[str | Reference | LayoutReference, VerifiedArtifact, VerifiedArtifact]):
    """Verifies artifacts by their references.

    Args:
        verifier: Trust policy and trust stores; pickled with the stores as they are then.
        registries: Registries; each process has connections of its own.
        scope: `registry/repository`, by which the policy statement for artifacts in image layouts is chosen.
        user_metadata: Metadata that the signatures must carry.
    """

    def __init__(
        self,
        verifier: VerifierOptions[TrustPolicyDocument],
        registries: Registries,
        scope: str = "",
        user_metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._verifier = verifier
        self._registries = registries
        self._scope = scope
        self._user_metadata = dict(user_metadata or {})

    def begin(self, item: str | Reference | LayoutReference) -> VerifiedArtifact:
        """Verifies an artifact."""
        reference = as_reference(item)
        scope = reference.policy_scope(self._scope)
        request = ArtifactRequest(partial(self._registries.open, reference), reference.identifier, scope)
        return verify_signatures(self._verifier, request, self._user_metadata)

    def close(self) -> None:
        """Closes the connections."""
        self._registries.close()


class RequestVerification(Work[ArtifactRequest, VerifiedArtifact, VerifiedArtifact]):
    """Verifies artifacts in repositories of a program's own."""

    def __init__(self, verifier: VerifierOptions[TrustPolicyDocument], user_metadata: Mapping[str, str]) -> None:
        self._verifier = verifier
        self._user_metadata = dict(user_metadata)

    def begin(self, item: ArtifactRequest) -> VerifiedArtifact:
        """Verifies an artifact."""
        return verify_signatures(self._verifier, item, self._user_metadata)
