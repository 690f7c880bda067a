"""Verifying an artifact: its signatures one after the other, until one is accepted.

Signing and verification workflow, "OCI artifact verification workflow". The pre-filter by thumbprints that it describes
is left out: the annotation is not signed, so it can neither admit nor refuse anything that the verification does not.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import NoAcceptedSignatureError, NoSignatureError, NotarykitError, VerificationError
from notarykit.oci.repository import Repository, look_up
from notarykit.revocation.result import RevocationCheck
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.store import TrustStore, read_once
from notarykit.verification.context import VerifyingPlugin
from notarykit.verification.envelope import verify_envelope
from notarykit.verification.signatures import MAX_SIGNATURES, Fetched, fetch_signatures, unprocessed
from notarykit.verification.verdict import Audited, Skipped, Verdict

# Why signatures were not accepted: the digest of each manifest and the error.
Failures = tuple[tuple[str, NotarykitError], ...]


class VerifiedArtifact(NamedTuple):
    """An artifact that was accepted, or was not to be verified.

    Attributes:
        verdict: The verdict on the signature that was accepted, or `Skipped`.
        artifact: The artifact's descriptor, or None where the policy skips it.
        signature: The descriptor of that signature's manifest, or None.
        failures: Why others, tried before, were not accepted: the digest of the manifest and the error.
    """

    verdict: Verdict
    artifact: Descriptor | None = None
    signature: Descriptor | None = None
    failures: Failures = ()


def verify_artifact(
    repository: Repository | Callable[[], Repository],
    tag_or_digest: str,
    scope: str,
    document: TrustPolicyDocument,
    store: TrustStore,
    *,
    user_metadata: Mapping[str, str] | None = None,
    max_signatures: int = MAX_SIGNATURES,
    max_envelope_size: int = USUAL_ENVELOPE,
    now: datetime | None = None,
    find_plugin: Callable[[str], VerifyingPlugin] | None = None,
    plugin_config: Mapping[str, str] | None = None,
    revocation: RevocationCheck | None = None,
) -> VerifiedArtifact:
    """Verifies an artifact where it is.

    A signature that cannot be fetched or read does not stop the others from being tried, and a large one comes after
    the small ones. One whose signer is trusted is preferred to one that a policy merely lets pass.

    Args:
        repository: The place where the artifact is, or what opens it; not called where the policy skips the artifact.
        tag_or_digest: The artifact in that place.
        scope: `registry/repository`, by which the policy statement is chosen.
        document: The trust policy.
        store: The trust stores.
        user_metadata: What must have been signed along.
        max_signatures: How many signatures are tried.
        max_envelope_size: How many bytes an envelope, or a signature's manifest, may have; the larger ones come last.
        now: The time of the verification; the present, if it is not given.
        find_plugin: Looks a verification plugin up by its name; among the installed ones, if it is not given.
        plugin_config: Settings for that plugin.
        revocation: Checks chains (`notarykit.Revocation`); over the network, if it is not given.

    Raises:
        NoApplicablePolicyError: No policy statement applies.
        StorageError: The artifact or the list of its signatures cannot be read.
        NoSignatureError: The artifact has no signature.
        NoAcceptedSignatureError: It has, and none was accepted.
    """
    policy = document.applicable(scope)
    if policy.level.is_skip:
        return VerifiedArtifact(Skipped(policy.name))
    try:
        place = repository() if callable(repository) else repository
        artifact, manifests = look_up(place, tag_or_digest)
        verify = partial(
            verify_envelope,
            artifact=artifact,
            policy=policy,
            store=read_once(store),
            user_metadata=user_metadata,
            now=now or utc_now(),
            find_plugin=find_plugin,
            plugin_config=plugin_config,
            revocation=revocation,
        )
        fetched = fetch_signatures(place, manifests, max_signatures, max_envelope_size)
        accepted, failures = _accepted(artifact, fetched, verify)
        if accepted is not None:
            return accepted
        raise _not_accepted(artifact, failures, max_signatures, is_cut=next(manifests, None) is not None)
    except VerificationError as error:
        error.policy, error.level = policy.name, policy.level.name
        raise


def _accepted(
    artifact: Descriptor, fetched: Iterable[Fetched], verify: Callable[[bytes, str], Verdict]
) -> tuple[VerifiedArtifact | None, Failures]:
    """The first signature whose signer is trusted, else the first that passes; and why those before were not."""
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
        found = VerifiedArtifact(verdict, artifact, manifest, failures)
        if not isinstance(verdict, Audited):
            return found, failures
        passable = passable or found
    return passable, failures


def _not_accepted(artifact: Descriptor, failures: Failures, limit: int, *, is_cut: bool) -> NotarykitError:
    if not failures:
        return NoSignatureError(
            f"no signature is associated with {artifact.digest}", advice="make sure the artifact was signed"
        )
    digest, nearest = max(failures, key=_steps_reached)
    message = f"{nearest.message} (signature {digest})"
    if len(failures) > 1:
        message = f"none of the {len(failures)} signatures was accepted; the one that came furthest: {message}"
    if is_cut:
        message = f"{message} (there are more than the limit of {limit} signatures)"
    return NoAcceptedSignatureError(message, failures=failures, advice=nearest.advice)


def _steps_reached(failure: tuple[str, NotarykitError]) -> int:
    error = failure[1]
    return len(error.results) if isinstance(error, VerificationError) else 0
