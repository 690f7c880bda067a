"""Bundle that was made or read: its artifacts, each with its signatures as a repository, evidence and trust."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol

from notarykit.bundle.artifact_content import Node, nodes_of_all
from notarykit.bundle.contents import BundledArtifact, Content, Contents, EvidencePart
from notarykit.bundle.evidence import local_evidence
from notarykit.bundle.trust import TrustProposal
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.envelope.unverified import LARGEST_ENVELOPE
from notarykit.errors import ArtifactNotFoundError, ContentError, StorageError, TrustPolicyError
from notarykit.oci.manifest import LARGEST_MANIFEST, parse_manifest, read_signature_manifest
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository, StoredSignature, check_size
from notarykit.revocation.evidence import LocalEvidence


class Blobs(Protocol):
    """Content by its digest, against which it is checked."""

    def fetch_blob(self, descriptor: Descriptor, largest: int) -> bytes:
        """Returns the content; see `Repository.fetch_blob`."""

    def pieces(self, descriptor: Descriptor) -> Iterator[bytes]:
        """Yields the content piece by piece, the last only after it was checked.

        Raises:
            StorageError: It is absent, cannot be read, or has another digest (`ContentError`).
        """

    def __contains__(self, digest: object) -> bool:
        """Tells whether there is content of a digest."""


class SignatureBundle:
    """Bundle of artifacts' signatures with what their verification needs.

    Args:
        name: Its path, for messages.
        contents: What it contains.
        trust: The proposal of trust.
        evidence: Content of the OCSP responses and CRLs, by digest.
        blobs: Everything else.

    Attributes:
        name: Its path.
        contents: What it contains.
        trust: Trust policy and trust stores of its maker. They count only by their digest, told by another way
            (`trusted`).
        blobs: Content by digest.
    """

    def __init__(
        self, name: str, contents: Contents, trust: TrustProposal, evidence: Mapping[str, bytes], blobs: Blobs
    ) -> None:
        self.name = name
        self.contents = contents
        self.trust = trust
        self.blobs = blobs
        self._evidence = evidence
        self._checked: set[str] = set()

    @property
    def artifacts(self) -> tuple[BundledArtifact, ...]:
        """Its artifacts."""
        return self.contents.artifacts

    @property
    def digest(self) -> str:
        """Digest of its manifest, which is that of the whole bundle but for the artifacts' content."""
        return digest_of(self.contents.manifest)

    @cached_property
    def evidence(self) -> LocalEvidence:
        """OCSP responses and CRLs, for a verification without a network."""
        return local_evidence(self.contents.evidence, self._evidence)

    def evidence_der(self, part: EvidencePart) -> bytes:
        """Returns an OCSP response or CRL in DER."""
        return self._evidence[part.descriptor.digest]

    @property
    def ends(self) -> datetime | None:
        """Time until which all of the evidence holds, or None without any."""
        return min((part.until for part in self.contents.evidence), default=None)

    def ended(self, now: datetime) -> Sequence[EvidencePart]:
        """Returns the evidence that does not hold any more."""
        return [part for part in self.contents.evidence if part.until < now]

    def trusted(self, digest: str) -> TrustProposal:
        """Returns the proposal of trust if its digest is the one that was told by another way.

        Raises:
            TrustPolicyError: It is another.
        """
        if digest != self.trust.descriptor.digest:
            is_whole = re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
            raise TrustPolicyError(
                f"the trust proposal of {self.name} is {self.trust.descriptor.digest}, not {digest}",
                advice="ask its maker for the digest again, by another way than the bundle"
                if is_whole
                else "write the digest that its maker told as sha256: and 64 lower-case hexadecimal digits",
            )
        return self.trust

    def repository(self, artifact: BundledArtifact) -> Repository:
        """Returns the repository of one artifact, which can only be read."""
        return _ArtifactRepository(self, artifact)

    def nodes(self, artifact: BundledArtifact) -> Iterator[Node]:
        """Yields the manifests and blobs of an artifact that the bundle holds, each after what it names.

        Raises:
            StorageError: One of them is malformed or cannot be read.
        """
        return self._nodes(artifact)

    def _nodes(self, *artifacts: BundledArtifact) -> Iterator[Node]:
        content = self.contents.content
        if content is Content.NONE:
            return iter(())
        return nodes_of_all((each.artifact for each in artifacts), self._manifest, blobs=content is Content.FULL)

    def _manifest(self, descriptor: Descriptor) -> bytes | None:
        if descriptor.digest not in self.blobs:
            return None
        return self.blobs.fetch_blob(descriptor, LARGEST_MANIFEST)

    def parts(self) -> Iterator[Descriptor]:
        """Yields the descriptors of all content of artifacts and signatures; what several share is read once.

        Raises:
            ContentError: A signature's manifest is malformed, absent, or for another artifact.
            StorageError: A manifest is malformed or cannot be read.
        """
        seen: set[tuple[str, str]] = set()
        for artifact in self.artifacts:
            yield from self._signature_parts(artifact, seen)
        for node in self._nodes(*self.artifacts):
            yield node.descriptor

    def _signature_parts(self, artifact: BundledArtifact, seen: set[tuple[str, str]]) -> Iterator[Descriptor]:
        """Yields the descriptors of manifests, envelopes and configs of an artifact's signatures."""
        for signature in artifact.signatures:
            key = artifact.artifact.digest, signature.digest
            if key in seen:
                continue
            seen.add(key)
            content = self.blobs.fetch_blob(signature, LARGEST_MANIFEST)
            manifest = read_signature_manifest(content, signature.digest)
            subject = manifest.subject
            if not subject.is_same_content(artifact.artifact):
                raise ContentError(f"signature {signature.digest} is for {subject.digest}, not {artifact.reference}")
            config = Descriptor.from_json(parse_manifest(content).object("config"))
            yield from (signature, manifest.envelope.bare, config.bare)

    def check_content(self, artifact: BundledArtifact) -> None:
        """Checks all content of an artifact that the bundle holds against its digests; reads each blob once.

        Raises:
            StorageError: Content is absent, cannot be read, or has another digest (`ContentError`).
        """
        if artifact.artifact.digest in self._checked:
            return
        for node in self.nodes(artifact):
            if node.manifest is None and node.descriptor.digest not in self._checked:
                for _ in self.blobs.pieces(node.descriptor):
                    pass
                self._checked.add(node.descriptor.digest)
        self._checked.add(artifact.artifact.digest)


class _ArtifactRepository(Repository):
    """Artifact of a bundle, and its signatures."""

    def __init__(self, bundle: SignatureBundle, artifact: BundledArtifact) -> None:
        self._bundle = bundle
        self._artifact = artifact

    def resolve(self, identifier: Tag | Digest) -> Descriptor:
        """Returns the artifact's descriptor; see `Repository.resolve`."""
        own = self._artifact
        if identifier != (own.artifact.digest if isinstance(identifier, Digest) else own.tag):
            raise ArtifactNotFoundError(f"{self._bundle.name} has no artifact {identifier!r}")
        return own.artifact

    def fetch_manifest(self, identifier: Tag | Digest) -> tuple[Descriptor, bytes]:
        """Returns the artifact's manifest, or that of a signature; see `Repository.fetch_manifest`."""
        known = {each.digest: each for each in (self._artifact.artifact, *self._artifact.signatures)}
        descriptor = known.get(identifier) or self.resolve(identifier)
        return descriptor, self.fetch_blob(descriptor, LARGEST_MANIFEST)

    def fetch_blob(self, descriptor: Descriptor, largest: int) -> bytes:
        """Returns the content of a blob; see `Repository.fetch_blob`."""
        return self._bundle.blobs.fetch_blob(descriptor, largest)

    def signatures(self, subject: Descriptor) -> Iterator[Descriptor]:
        """Yields the signature manifests of the artifact."""
        return iter(self._artifact.signatures if subject.is_same_content(self._artifact.artifact) else ())

    def fetch_signature(self, manifest: Descriptor, largest: int = LARGEST_ENVELOPE) -> StoredSignature:
        """Returns the envelope of a signature; see `Repository.fetch_signature`."""
        check_size("manifest", manifest, min(largest, LARGEST_MANIFEST))
        content = self.fetch_blob(manifest, LARGEST_MANIFEST)
        layer = read_signature_manifest(content, manifest.digest).envelope
        check_size("envelope", layer, largest)
        return StoredSignature(manifest, layer.media_type, self.fetch_blob(layer, LARGEST_ENVELOPE))

    def push_signature(self, *_: object) -> Descriptor:
        """Refuses: a bundle is made anew.

        Raises:
            StorageError: Always.
        """
        raise StorageError(f"{self._bundle.name} is a bundle, which can only be read")
