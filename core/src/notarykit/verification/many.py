"""Verifying several artifacts at once: while one waits for its registry, others go on."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import NotarykitError, own_error
from notarykit.oci.repository import Repository
from notarykit.revocation.result import RevocationCheck
from notarykit.trust.policy import TrustPolicyDocument
from notarykit.trust.store import TrustStore, read_once
from notarykit.verification.artifact import VerifiedArtifact, verify_artifact
from notarykit.verification.context import VerifyingPlugin
from notarykit.verification.signatures import MAX_SIGNATURES

WORKERS = 4


class ArtifactRequest(NamedTuple):
    """An artifact that is to be verified.

    Attributes:
        repository: Opens the place where it is.
        tag_or_digest: The artifact in that place.
        scope: `registry/repository`, by which the policy statement is chosen.
    """

    repository: Callable[[], Repository]
    tag_or_digest: str
    scope: str


def verify_artifacts(
    artifacts: Iterable[ArtifactRequest],
    document: TrustPolicyDocument,
    store: TrustStore,
    *,
    workers: int = WORKERS,
    user_metadata: Mapping[str, str] | None = None,
    max_signatures: int = MAX_SIGNATURES,
    max_envelope_size: int = USUAL_ENVELOPE,
    now: datetime | None = None,
    find_plugin: Callable[[str], VerifyingPlugin] | None = None,
    plugin_config: Mapping[str, str] | None = None,
    revocation: RevocationCheck | None = None,
) -> list[VerifiedArtifact | NotarykitError]:
    """Verifies several artifacts, at most `workers` of them at a time; see `verify_artifact`.

    Returns:
        For each artifact, in order, what `verify_artifact` returned or the error that it raised: one artifact that is
        not accepted does not keep the others from their verdicts. What nobody foresaw is an `UnforeseenError`.
    """
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    time = now or utc_now()
    trusted = read_once(store)

    def verify(artifact: ArtifactRequest) -> VerifiedArtifact | NotarykitError:
        try:
            return verify_artifact(
                artifact.repository,
                artifact.tag_or_digest,
                artifact.scope,
                document,
                trusted,
                user_metadata=user_metadata,
                max_signatures=max_signatures,
                max_envelope_size=max_envelope_size,
                now=time,
                find_plugin=find_plugin,
                plugin_config=plugin_config,
                revocation=revocation,
            )
        except Exception as error:  # noqa: BLE001 - what goes wrong with one does not cost the others their verdicts
            return own_error(error)

    with ThreadPoolExecutor(workers) as pool:
        # Each with the caller's context: the end of its call is theirs too.
        works = [pool.submit(copy_context().run, verify, artifact) for artifact in artifacts]
        return [work.result() for work in works]
