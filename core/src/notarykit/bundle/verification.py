"""Verification of a bundle's artifacts without a network: the verdicts are those of `Verifier.artifact`."""

from collections.abc import Mapping
from datetime import datetime

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import BundledArtifact
from notarykit.errors import UsageError, VerificationError
from notarykit.oci.reference import Digest, is_scope
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.result import Status
from notarykit.verification.artifact import ArtifactRequest, VerifiedArtifact
from notarykit.verification.verifier import Verifier

_MOST_NAMED = 3
_TO_COLLECT = "it could not be collected: make sure that its OCSP responder or CRL can be reached, and try again"


def offline(verifier: Verifier, bundle: SignatureBundle, more: LocalEvidence | None = None) -> Verifier:
    """Returns a verifier that knows the evidence of a bundle, and uses no network.

    Args:
        verifier: Trust policy, trust stores and limits.
        bundle: The bundle.
        more: Further OCSP responses and CRLs.
    """
    evidence = bundle.evidence if more is None else bundle.evidence.joined(more)
    return verifier._replace(revocation=RevocationChecker(None, evidence))


def verify_bundled(
    bundle: SignatureBundle,
    artifact: BundledArtifact,
    verifier: Verifier,
    *,
    scope: str = "",
    user_metadata: Mapping[str, str] | None = None,
    is_new: bool = False,
) -> VerifiedArtifact:
    """Verifies an artifact of a bundle, whatever the bundle holds of it; `SignatureBundle.check_content` checks that.

    Args:
        bundle: The bundle.
        artifact: One of its artifacts.
        verifier: Verifier of `offline`.
        scope: Scope that selects the policy statement; the artifact's repository by default.
        user_metadata: Metadata that the signature must carry.
        is_new: Whether the bundle is about to be written, so that its evidence was collected just now.

    Raises:
        NotarykitError: As `Verifier.artifact`.
    """
    digest = Digest(artifact.artifact.digest)
    request = ArtifactRequest(lambda: bundle.repository(artifact), digest, scope or artifact.repository)
    try:
        return verifier.artifact(request, user_metadata=user_metadata)
    except VerificationError as error:
        if not _lacks_evidence(error):
            raise
        raise error.replace(advice=_TO_COLLECT if is_new else _advice(bundle, verifier.time())) from None


def _advice(bundle: SignatureBundle, now: datetime) -> str:
    """Returns what to do where the bundle's evidence does not suffice, with the evidence that has ended."""
    ended = sorted(bundle.ended(now), key=lambda part: part.until)
    named = [f"{part.kind} from {part.url} at {format_rfc3339(part.until)}" for part in ended[:_MOST_NAMED]]
    if len(ended) > _MOST_NAMED:
        named.append(f"{len(ended) - _MOST_NAMED} more")
    reason = f"evidence in the bundle ended ({', '.join(named)})" if ended else "the bundle has no evidence for it"
    return f"{reason}: run 'notarykit bundle refresh' with a network, or give --evidence, --ocsp-response or --crl"


def _lacks_evidence(error: VerificationError) -> bool:
    """Tells whether a status is unknown for one of the signatures that were not accepted."""
    failures = [failure for _, failure in getattr(error, "failures", ())]
    results = [result for failure in failures for result in getattr(failure, "results", ())]
    statuses = [status for result in results for status in getattr(result.error, "statuses", ())]
    return any(status.status is Status.UNKNOWN for status in statuses)


def scope_in(repository: str, destination: str) -> str:
    """Returns the name of a repository in another registry, below a prefix there if it has one.

    Args:
        repository: `registry/repository`.
        destination: `registry` or `registry/prefix`.

    Raises:
        UsageError: The destination is malformed.
    """
    name = f"{destination}/{repository.partition('/')[2]}"
    if not is_scope(name):
        raise UsageError(f"{destination!r} is not of the form registry or registry/prefix")
    return name
