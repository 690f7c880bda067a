"""Pushing of a bundle into a registry: the artifacts' content, if the bundle has it, and the signatures.

Everything is stored under its digest, so that an interrupted push is simply begun again.
"""

from collections.abc import Iterator
from typing import NamedTuple

from notarykit.bundle.bundle import SignatureBundle
from notarykit.bundle.contents import BundledArtifact, Content
from notarykit.bundle.verification import scope_in
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ArtifactNotFoundError, UsageError
from notarykit.oci.manifest import LARGEST_MANIFEST, read_signature_manifest
from notarykit.oci.reference import Digest, Reference
from notarykit.oci.registry.repository import RegistryRepository


class PushedArtifact(NamedTuple):
    """Artifact that was pushed.

    Attributes:
        blobs: Number of its blobs that were stored, since the repository did not have them.
        is_tagged: True if it has its tag there now.
        signatures: Descriptors of the manifests of its signatures there.
    """

    blobs: int
    is_tagged: bool
    signatures: tuple[Descriptor, ...]


def pushed_references(bundle: SignatureBundle, destination: str) -> list[Reference]:
    """Returns where each artifact of a bundle goes: below the destination, under its name without its registry.

    Args:
        bundle: The bundle.
        destination: `registry` or `registry/prefix`.

    Raises:
        UsageError: The destination is malformed, or one tag would be for two artifacts there, from registries of two
            names: one of them would take the place of the other.
    """
    references, tagged = [], dict[tuple[str, str], BundledArtifact]()
    for artifact in bundle.artifacts:
        scope = scope_in(artifact.repository, destination)
        registry, _, name = scope.partition("/")
        references.append(Reference(registry, name, Digest(artifact.artifact.digest)))
        if not artifact.tag or bundle.contents.content is not Content.FULL:
            continue
        other = tagged.setdefault((scope, artifact.tag), artifact)
        if other.artifact.digest != artifact.artifact.digest:
            raise UsageError(
                f"{other.name} and {artifact.name} would both be {scope}:{artifact.tag}",
                advice="make a bundle for each registry, and push them below prefixes of their own",
            )
    return references


class _FileContent:
    """Content of a blob in a bundle; implements `StreamedContent`."""

    def __init__(self, bundle: SignatureBundle, descriptor: Descriptor) -> None:
        self._bundle = bundle
        self._descriptor = descriptor

    def __len__(self) -> int:
        return self._descriptor.size

    def pieces(self) -> Iterator[bytes]:
        return self._bundle.blobs.pieces(self._descriptor)


def push_artifact(bundle: SignatureBundle, artifact: BundledArtifact, repository: RegistryRepository) -> PushedArtifact:
    """Pushes an artifact's content, unless the bundle is without it, and its signatures.

    Args:
        bundle: The bundle.
        artifact: One of its artifacts.
        repository: Repository into which it goes.

    Raises:
        ArtifactNotFoundError: The bundle is without the artifact's content, and the repository does not have it either.
        UnlistedSignatureError: A signature is stored, and cannot be listed.
        StorageError: The registry refuses something, or a part of the bundle cannot be read.
    """
    blobs, is_full = 0, bundle.contents.content is Content.FULL
    if is_full:
        for node in bundle.nodes(artifact):
            if node.manifest is None:
                blobs += repository.push_blob(node.descriptor, _FileContent(bundle, node.descriptor))
            else:
                repository.push_manifest(node.descriptor, node.manifest)
    else:
        _check_presence(repository, artifact)
    signatures = tuple(_push_signatures(bundle, artifact, repository))
    is_tagged = is_full and bool(artifact.tag)
    if is_tagged:  # at last, so that whoever takes the artifact by its tag finds its signatures
        manifest = bundle.blobs.fetch_blob(artifact.artifact, LARGEST_MANIFEST)
        repository.push_manifest(artifact.artifact, manifest, artifact.tag)
    return PushedArtifact(blobs, is_tagged, signatures)


def _check_presence(repository: RegistryRepository, artifact: BundledArtifact) -> None:
    """Refuses signatures for what is not there: the destination is probably another than was meant."""
    try:
        repository.resolve(Digest(artifact.artifact.digest))
    except ArtifactNotFoundError as error:
        raise error.replace(
            advice="copy the artifact there, or make the bundle with --content full, which carries it along"
        ) from None


def _push_signatures(
    bundle: SignatureBundle, artifact: BundledArtifact, repository: RegistryRepository
) -> Iterator[Descriptor]:
    """Stores the signatures one after the other, since one list has them all."""
    source = bundle.repository(artifact)
    for manifest in artifact.signatures:
        signature = source.fetch_signature(manifest)
        content = bundle.blobs.fetch_blob(manifest, LARGEST_MANIFEST)
        annotations = read_signature_manifest(content, manifest.digest).annotations
        yield repository.push_signature(artifact.artifact, signature.media_type, signature.envelope, annotations)
