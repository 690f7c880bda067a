"""Verification of a published plugin before anything of it is unpacked or run.

More is asked than of other files and artifacts, since what is accepted is run: a statement that is named must apply, it
must enforce authenticity, and a signer whom it trusts must have signed these very bytes.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from notarykit.blob.signature_file import NamedSignature
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import AuthenticityError, NoApplicablePolicyError, TrustPolicyError, UsageError
from notarykit.plugin.install.artifact import fetch_source
from notarykit.plugin.install.source import PluginSource
from notarykit.trust.policy import Action, TrustPolicy, Validation
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from notarykit.verification.verdict import Verdict, Verified
from notarykit.verification.verifier import Verifier


class PluginDemand(NamedTuple):
    """What is asked of the signature of a plugin.

    Attributes:
        statement: Name of the trust policy statement that must apply.
        user_metadata: Metadata that the signature must carry.
        content_media_type: Media type that a file must have been signed as; any by default.
    """

    statement: str
    user_metadata: Mapping[str, str] = {}
    content_media_type: str = ""


class VerifiedPlugin(NamedTuple):
    """Published plugin that was verified.

    Attributes:
        source: The bytes that were verified.
        outcome: The file, or the artifact, with its signature.
        verdict: Verdict on the signature.
    """

    source: PluginSource
    outcome: VerifiedBlob | VerifiedArtifact
    verdict: Verified

    @property
    def target(self) -> Descriptor:
        """Descriptor of what was signed: the file, or the artifact's manifest."""
        return self.verdict.target.bare

    @property
    def signature(self) -> str:
        """Name of the signature: its path or URL, or the digest of its manifest."""
        signature = self.outcome.signature
        return signature.digest if isinstance(signature, Descriptor) else signature or ""


class SourceBlob:
    """Bytes of a plugin as a blob; they are in memory, and the same whenever they are read.

    Args:
        source: The plugin.
    """

    def __init__(self, source: PluginSource) -> None:
        self._source = source

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._source.name

    def size(self) -> int:
        """Returns the length in bytes."""
        return self._source.size

    def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:  # noqa: ARG002 - all is there
        """Returns the descriptor of all bytes."""
        return Descriptor(media_type, f"{algorithm}:{self._source.digest(algorithm)}", self._source.size)


def check_blob_statement(verifier: BlobVerifier, demand: PluginDemand) -> None:
    """Refuses a demand that no file can meet, before anything is read.

    Raises:
        UsageError: No statement is named.
        NoApplicablePolicyError: There is no statement of the name.
        TrustPolicyError: It does not enforce authenticity.
    """
    if not demand.statement:  # which would be the global statement's
        raise UsageError("no trust policy statement is named that the plugin is verified under")
    _check_enforcing(verifier.policies.applicable(demand.statement))


def verify_file(
    verifier: BlobVerifier, source: PluginSource, signatures: Iterable[NamedSignature], demand: PluginDemand
) -> VerifiedPlugin:
    """Verifies a plugin's file by its signatures, until one is accepted.

    Args:
        verifier: Trust policy for blobs, and trust stores.
        source: The file, whose bytes are in memory.
        signatures: Its signatures.
        demand: What is asked of them.

    Raises:
        NoApplicablePolicyError: There is no statement of the name.
        TrustPolicyError: It does not enforce authenticity, or a trust store cannot be used.
        VerificationError: No signature was accepted, or there is none.
    """
    check_blob_statement(verifier, demand)
    outcome = verifier.blob_by_any(
        SourceBlob(source),
        signatures,
        policy_name=demand.statement,
        content_media_type=demand.content_media_type,
        user_metadata=demand.user_metadata,
    )
    return VerifiedPlugin(source, outcome, _trusted(outcome.verdict))


def verify_artifact(verifier: Verifier, request: ArtifactRequest, demand: PluginDemand, name: str) -> VerifiedPlugin:
    """Verifies an artifact by its signatures, and fetches the plugin that it holds by its digest.

    The statement is chosen by the artifact's repository, as always, and must be the one that is named: so no statement
    for other artifacts lets a plugin pass.

    Args:
        verifier: Trust policy for artifacts, and trust stores.
        request: The artifact.
        demand: What is asked of its signature.
        name: Name of the artifact for messages.

    Raises:
        NoApplicablePolicyError: Another statement applies to the repository, or none.
        TrustPolicyError: The statement does not enforce authenticity, or a trust store cannot be used.
        StorageError: The artifact cannot be read, or is no plugin.
        VerificationError: No signature was accepted, or there is none.
    """
    policy = verifier.policies.applicable(request.scope)
    if policy.name != demand.statement:
        is_there = any(each.name == demand.statement for each in verifier.policies.policies)
        raise NoApplicablePolicyError(
            f"trust policy statement {policy.name!r} applies to {request.scope}, and not {demand.statement!r}",
            advice=f"add the repository to the registryScopes of {demand.statement!r}"
            if is_there
            else f"add a statement {demand.statement!r} with the repository as a scope, or name another",
        )
    _check_enforcing(policy)
    outcome = verifier.artifact(request, user_metadata=demand.user_metadata)
    verdict = _trusted(outcome.verdict)
    assert outcome.artifact is not None
    return VerifiedPlugin(fetch_source(request.open_repository(), outcome.artifact, name), outcome, verdict)


def _check_enforcing(policy: TrustPolicy) -> None:
    """Refuses a statement under which signers pass whom it does not trust.

    Raises:
        TrustPolicyError: They do.
    """
    if policy.level.actions[Validation.AUTHENTICITY] is not Action.ENFORCE:
        raise TrustPolicyError(
            f"trust policy statement {policy.name!r} is at level {policy.level.name}, which does not enforce "
            "authenticity: no plugin is installed under it",
            advice="set its level to strict or permissive, without an override of authenticity",
        )


def _trusted(verdict: Verdict) -> Verified:
    """Returns a verdict that says who signed.

    Raises:
        AuthenticityError: It does not; a statement that enforces authenticity leads to no such verdict.
    """
    if isinstance(verdict, Verified):
        return verdict
    raise AuthenticityError(f"the verdict {type(verdict).__name__} does not suffice to install a plugin")
