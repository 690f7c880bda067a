"""Verifying several artifacts at once: while one waits for its registry, others go on."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from notarykit.errors import NotarykitError
from notarykit.oci.repository import Repository
from notarykit.revocation.status import RevocationCheck
from notarykit.times import utc_now
from notarykit.trust.policy import StoreReference, TrustPolicyDocument
from notarykit.trust.store import TrustStore
from notarykit.verification.artifact import MAX_SIGNATURES, VerifiedArtifact, verify_artifact
from notarykit.verification.progress import VerifyingPlugin

WORKERS = 4


class Artifact(NamedTuple):
    """An artifact that is to be verified.

    Attributes:
        repository: Opens the place where it is.
        tag_or_digest: The artifact in that place.
        scope: `registry/repository`, by which the policy statement is chosen.
    """

    repository: Callable[[], Repository]
    tag_or_digest: str
    scope: str


class _ReadOnce:
    """Trust stores as they are when they are first asked for, so that all artifacts are judged by the same."""

    def __init__(self, store: TrustStore) -> None:
        self._store = store
        self._found: dict[StoreReference, frozenset[bytes]] = {}

    def certificates(self, store: StoreReference) -> frozenset[bytes]:
        """The certificates of a named store; one that cannot be read is tried again for the next artifact."""
        if store not in self._found:
            self._found[store] = self._store.certificates(store)
        return self._found[store]


def verify_artifacts(
    artifacts: Iterable[Artifact],
    document: TrustPolicyDocument,
    store: TrustStore,
    *,
    workers: int = WORKERS,
    user_metadata: Mapping[str, str] | None = None,
    max_signatures: int = MAX_SIGNATURES,
    now: datetime | None = None,
    find_plugin: Callable[[str], VerifyingPlugin] | None = None,
    plugin_config: Mapping[str, str] | None = None,
    revocation: RevocationCheck | None = None,
) -> list[VerifiedArtifact | NotarykitError]:
    """Verifies several artifacts, at most `workers` of them at a time; see `verify_artifact`.

    Returns:
        For each artifact, in order, what `verify_artifact` returned or the error that it raised: one artifact that is
        not accepted does not keep the others from their verdicts.
    """
    from concurrent.futures import ThreadPoolExecutor
    from contextvars import copy_context

    time = now or utc_now()
    trusted = _ReadOnce(store)

    def verify(artifact: Artifact) -> VerifiedArtifact | NotarykitError:
        try:
            return verify_artifact(
                artifact.repository,
                artifact.tag_or_digest,
                artifact.scope,
                document,
                trusted,
                user_metadata=user_metadata,
                max_signatures=max_signatures,
                now=time,
                find_plugin=find_plugin,
                plugin_config=plugin_config,
                revocation=revocation,
            )
        except NotarykitError as error:
            return error

    with ThreadPoolExecutor(workers) as pool:
        # Each with the caller's context: the end of its call is theirs too.
        works = [pool.submit(copy_context().run, verify, artifact) for artifact in artifacts]
        return [work.result() for work in works]
