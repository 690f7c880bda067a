"""Making of a bundle: what the verification of each artifact needs is collected and put together.

The same inputs give the same bytes: artifacts in their order, signatures and evidence by their digests, no times and no
owners. Evidence that was fetched anew is another input.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from notarykit.bundle.artifact_content import artifact_nodes
from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import BundledArtifact, Content, Contents
from notarykit.bundle.evidence import BundledEvidence
from notarykit.bundle.reading import LARGEST_CONFIG
from notarykit.bundle.trust import TrustProposal
from notarykit.bundle.writing import NewBundle, Stream
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import ArtifactNotFoundError, ContentError, NotarykitError
from notarykit.oci.manifest import (
    EMPTY_CONFIG,
    EMPTY_CONFIG_DIGEST,
    parse_manifest,
    read_signature_manifest,
)
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository, StoredSignature
from notarykit.revocation.limits import Limits
from notarykit.revocation.result import Evidence
from notarykit.trust.policy import TrustPolicy
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.verifier import Verifier


class CollectedArtifact(NamedTuple):
    """Artifact with what a bundle holds of it.

    Attributes:
        artifact: The artifact with its signatures.
        policy: Trust policy statement that applies to it.
        small: Manifests and other small content, by digest.
        large: Blobs of the artifact and what streams each, by digest.
        evidence: OCSP responses and CRLs for its signatures.
        problems: Digest of a signature's manifest and error of each that is left out, or whose evidence is missing.
    """

    artifact: BundledArtifact
    policy: TrustPolicy
    small: Mapping[str, bytes]
    large: Mapping[str, tuple[Descriptor, Stream]]
    evidence: tuple[Evidence, ...]
    problems: tuple[tuple[str, NotarykitError], ...]


def collect_artifact(
    verifier: Verifier,
    request: ArtifactRequest,
    content: Content,
    *,
    limits: Limits | None = None,
    platform: str = "",
    parent: str = "",
) -> CollectedArtifact:
    """Collects what a bundle holds of an artifact, but for its blobs, which are read when they are written.

    Args:
        verifier: Trust policy and trust stores: evidence is fetched for signatures of trusted signers alone.
        request: The artifact.
        content: What the bundle holds of artifacts.
        limits: Limits of requests for evidence.
        platform: Platform in the image index that lists it, or an empty string.
        parent: Digest of that index, or an empty string.

    Raises:
        NoApplicablePolicyError: No policy statement applies.
        UsageError: The statement that applies skips verification.
        StorageError: The artifact, or the list of its signatures, cannot be read.
    """
    policy = verifier.policies.applicable(request.scope)
    repository = request.open_repository()
    recorded = _Recorded(repository)
    collected = verifier.collect_evidence(request._replace(open_repository=lambda: recorded), limits)
    small: dict[str, bytes] = {}
    problems = list(collected.problems)
    signatures = []
    for signature in recorded.fetched:
        try:
            small.update(_signature_blobs(repository, signature, collected.artifact))
            signatures.append(signature.manifest.bare)
        except NotarykitError as error:
            problems.append((signature.manifest.digest, error))
    large: dict[str, tuple[Descriptor, Stream]] = {}
    if content is not Content.NONE:
        fetch = _manifest_of(repository, collected.artifact)
        for node in artifact_nodes(collected.artifact, fetch, blobs=content is Content.FULL):
            if node.manifest is not None:
                small[node.descriptor.digest] = node.manifest
            else:
                large[node.descriptor.digest] = node.descriptor, _stream_of(repository, node.descriptor)
    tag = request.identifier if isinstance(request.identifier, Tag) else ""
    ordered = tuple(sorted(signatures, key=lambda descriptor: descriptor.digest))
    artifact = BundledArtifact(request.scope, tag, Descriptor(*collected.artifact[:3]), ordered, platform, parent)
    return CollectedArtifact(artifact, policy, small, large, collected.evidence, tuple(problems))


def _stream_of(repository: Repository, descriptor: Descriptor) -> Stream:
    return lambda sink: repository.stream_blob(descriptor, sink)


def _manifest_of(repository: Repository, artifact: Descriptor) -> Callable[[Descriptor], bytes | None]:
    def fetch(descriptor: Descriptor) -> bytes | None:
        try:
            found, content = repository.fetch_manifest(Digest(descriptor.digest))
        except ArtifactNotFoundError:
            if descriptor.digest == artifact.digest:
                raise
            return None
        if not found.is_same_content(descriptor):
            raise ContentError(f"manifest {descriptor.digest} has another media type or size than the index says")
        return content

    return fetch


class _Recorded(Repository):
    """Repository that remembers the signatures that were fetched from it.

    Attributes:
        fetched: The signatures.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.fetched: list[StoredSignature] = []

    def resolve(self, identifier: Tag | Digest) -> Descriptor:
        return self._repository.resolve(identifier)

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        return self._repository.signatures(subject)

    def resolve_with_signatures(self, identifier: Tag | Digest) -> tuple[Descriptor, Iterator[Descriptor]]:
        return self._repository.resolve_with_signatures(identifier)

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        signature = self._repository.fetch_signature(manifest, largest)
        self.fetched.append(signature)
        return signature

    def push_signature(
        self, subject: Descriptor, media_type: str, envelope: bytes, annotations: Mapping[str, str]
    ) -> Descriptor:
        return self._repository.push_signature(subject, media_type, envelope, annotations)


def _signature_blobs(repository: Repository, signature: StoredSignature, artifact: Descriptor) -> dict[str, bytes]:
    """Returns the manifest of a signature, its config and the envelope, by digest."""
    found, content = repository.fetch_manifest(Digest(signature.manifest.digest))
    manifest = read_signature_manifest(content, found.digest)
    if not manifest.subject.is_same_content(artifact):
        raise ContentError(f"its manifest is for {manifest.subject.digest}, not {artifact.digest}")
    config = Descriptor.from_json(parse_manifest(content).object("config"))
    is_empty = config.digest == EMPTY_CONFIG_DIGEST and config.size == len(EMPTY_CONFIG)
    return {
        found.digest: content,
        config.digest: EMPTY_CONFIG if is_empty else repository.fetch_blob(config, LARGEST_CONFIG),
        manifest.envelope.digest: signature.envelope,
    }


def new_bundle(content: Content, verifier: Verifier, collected: Sequence[CollectedArtifact]) -> NewBundle:
    """Puts a bundle together.

    Args:
        content: What it holds of its artifacts.
        verifier: Trust policy and trust stores, which become its proposal of trust.
        collected: Its artifacts.

    Raises:
        StorageError: There are no artifacts, or it would be larger than a reader takes.
        TrustStoreError: A trust store cannot be read.
    """
    applied = {each.policy.name for each in collected}
    policies = tuple(policy for policy in verifier.policies.policies if policy.name in applied)
    trust = TrustProposal.make(verifier.policies._replace(policies=policies), verifier.store)
    evidence = BundledEvidence.of(evidence for each in collected for evidence in each.evidence)
    artifacts = {(each.artifact.name, each.artifact.artifact.digest): each.artifact for each in collected}
    contents = Contents(content, tuple(artifacts.values()), trust.descriptor, evidence.parts)
    contents.check()
    small = {digest: content for each in collected for digest, content in each.small.items()}
    large = {digest: blob for each in collected for digest, blob in each.large.items()}
    bundle = SignatureBundle("the new bundle", contents, trust, evidence.ders, _MemoryBlobs(small))
    return NewBundle(bundle, small, large)


class _MemoryBlobs:
    """Content in memory; implements `Blobs`."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents

    def __contains__(self, digest: object) -> bool:
        return digest in self._contents

    def fetch_blob(self, descriptor: Descriptor, largest: int) -> bytes:
        content = self._contents[descriptor.digest]
        if len(content) > largest or not descriptor.describes(content):
            raise ContentError(f"the content of {descriptor.digest} has another digest or size")
        return content

    def pieces(self, descriptor: Descriptor) -> Iterator[bytes]:
        yield self.fetch_blob(descriptor, descriptor.size)
