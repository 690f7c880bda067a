"""Verifying an artifact: its signatures one after the other, until one is accepted.

Signing and verification workflow, "OCI artifact verification workflow". The pre-filter by thumbprints that it describes
is left out: the annotation is not signed, so it can neither admit nor refuse anything that the verification does not.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from notarykit.descriptor import Descriptor
from notarykit.errors import IntegrityError, NoAcceptedSignatureError, NoSignatureError, NotarykitError
from notarykit.oci.repository import Repository, look_up
from notarykit.revocation.status import RevocationCheck
from notarykit.times import utc_now
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.store import TrustStore
from notarykit.verification.envelope import verify_envelope
from notarykit.verification.progress import VerifyingPlugin
from notarykit.verification.verdict import Audited, Skipped, Verdict

MAX_SIGNATURES = 100


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
    failures: tuple[tuple[str, NotarykitError], ...] = ()


def verify_artifact(
    repository: Repository | Callable[[], Repository],
    tag_or_digest: str,
    scope: str,
    document: TrustPolicyDocument,
    store: TrustStore,
    *,
    user_metadata: Mapping[str, str] | None = None,
    max_signatures: int = MAX_SIGNATURES,
    now: datetime | None = None,
    find_plugin: Callable[[str], VerifyingPlugin] | None = None,
    plugin_config: Mapping[str, str] | None = None,
    revocation: RevocationCheck | None = None,
) -> VerifiedArtifact:
    """Verifies an artifact where it is.

    A signature that cannot be fetched or read does not stop the others from being tried. One whose signer is trusted is
    preferred to one that a policy merely lets pass.

    Args:
        repository: The place where the artifact is, or what opens it; not called where the policy skips the artifact.
        tag_or_digest: The artifact in that place.
        scope: `registry/repository`, by which the policy statement is chosen.
        document: The trust policy.
        store: The trust stores.
        user_metadata: What must have been signed along.
        max_signatures: How many signatures are tried.
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
    place = repository() if callable(repository) else repository
    artifact, manifests = look_up(place, tag_or_digest)
    time = now or utc_now()
    failures: list[tuple[str, NotarykitError]] = []
    passable: VerifiedArtifact | None = None
    count = 0
    for count, manifest in enumerate(manifests, 1):
        if count > max_signatures:
            break
        try:
            signature = place.fetch_signature(manifest)
            verdict = verify_envelope(
                signature.envelope,
                signature.media_type,
                artifact,
                policy,
                store,
                user_metadata=user_metadata,
                now=time,
                find_plugin=find_plugin,
                plugin_config=plugin_config,
                revocation=revocation,
            )
        except NotarykitError as error:
            failures.append((manifest.digest, error))
            continue
        except Exception as error:  # noqa: BLE001 - whatever one signature does, the others are tried
            problem = f"the signature could not be processed: {type(error).__name__}"
            failures.append((manifest.digest, IntegrityError(problem)))
            continue
        accepted = VerifiedArtifact(verdict, artifact, manifest, tuple(failures))
        if not isinstance(verdict, Audited):
            return accepted
        passable = passable or accepted
    if passable is not None:
        return passable
    raise _not_accepted(artifact, failures, count, max_signatures)


def _not_accepted(
    artifact: Descriptor, failures: list[tuple[str, NotarykitError]], count: int, limit: int
) -> NotarykitError:
    if not failures:
        return NoSignatureError(
            f"no signature is associated with {artifact.digest}", advice="make sure the artifact was signed"
        )
    digest, first = failures[0]
    message = f"{first.message} (signature {digest})"
    if len(failures) > 1:
        message = f"none of the {len(failures)} signatures was accepted (see --verbose); the first: {message}"
    if count > limit:
        message = f"{message} (there are more than the limit of {limit} signatures)"
    return NoAcceptedSignatureError(message, failures=tuple(failures), advice=first.advice)
