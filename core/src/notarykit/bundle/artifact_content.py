"""Content of an artifact: the manifests and blobs that its manifest names, and those below it.

OCI image specification, manifest.md and image-index.md; Docker's formats have the same members.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from notarykit._internal.strict_json import DocumentError, GoMembers
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError
from notarykit.oci.manifest import DEEPEST_INDEX, INDEX_TYPES, MANIFEST_TYPES, parse_index, parse_manifest

# Layers that are not distributed with their image (image specification, layer.md, "Non-Distributable Layers").
_ELSEWHERE = ("vnd.oci.image.layer.nondistributable.", "vnd.docker.image.rootfs.foreign.")

Fetch = Callable[[Descriptor], bytes | None]


class Node(NamedTuple):
    """Manifest or blob of an artifact.

    Attributes:
        descriptor: Its descriptor.
        manifest: Content of a manifest; None for a blob.
    """

    descriptor: Descriptor
    manifest: bytes | None = None


def artifact_nodes(artifact: Descriptor, fetch: Fetch, *, blobs: bool) -> Iterator[Node]:
    """Yields the manifests and blobs of an artifact, each after what it names, as a registry takes them.

    Args:
        artifact: Descriptor of the artifact.
        fetch: Function that returns the content of a manifest, or None for one in an index that is absent: an index may
            be of more than its repository holds.
        blobs: True for everything; False for the manifest alone.

    Raises:
        ContentError: A manifest is malformed, or indexes are nested too deep.
        StorageError: The artifact's own manifest is absent, or one cannot be read.
    """
    return nodes_of_all((artifact,), fetch, blobs=blobs)


def nodes_of_all(artifacts: Iterable[Descriptor], fetch: Fetch, *, blobs: bool) -> Iterator[Node]:
    """Yields the manifests and blobs of several artifacts, each once, in the order of `artifact_nodes`.

    Whatever the artifacts share is read once: of many indexes that list the same ones, whoever makes them could have
    made a reader's work the square of their size.
    """
    walk = _Walk(fetch, blobs=blobs)
    for artifact in artifacts:
        yield from walk.below(artifact, DEEPEST_INDEX, is_needed=True)


class _Walk:
    def __init__(self, fetch: Fetch, *, blobs: bool) -> None:
        self._fetch = fetch
        self._blobs = blobs
        self._seen: set[str] = set()

    def below(self, manifest: Descriptor, depth: int, *, is_needed: bool = False) -> Iterator[Node]:
        if manifest.digest in self._seen:
            return
        self._seen.add(manifest.digest)
        content = self._fetch(manifest)
        if content is None:
            if is_needed:
                raise ContentError(f"the manifest {manifest.digest} is absent")
            return
        if self._blobs:
            manifests, blobs = _named(manifest, content)
            if manifests and not depth:
                raise ContentError(f"indexes are nested more than {DEEPEST_INDEX} deep")
            for descriptor in manifests:
                yield from self.below(descriptor, depth - 1)
            for descriptor in blobs:
                if descriptor.digest not in self._seen and not any(
                    part in descriptor.media_type for part in _ELSEWHERE
                ):
                    self._seen.add(descriptor.digest)
                    yield Node(descriptor)
        yield Node(manifest, content)


def _named(manifest: Descriptor, content: bytes) -> tuple[list[Descriptor], list[Descriptor]]:
    """Returns the descriptors of manifests and of blobs in a manifest; of a kind of its own, none."""
    try:
        if manifest.media_type in INDEX_TYPES:
            entries = parse_index(content, f"index {manifest.digest}")
            return [entry.bare for entry in entries if entry.media_type in MANIFEST_TYPES], []
        if manifest.media_type not in MANIFEST_TYPES:
            return [], []
        members = parse_manifest(content)
        config = [members.object("config")] if "config" in members else []
        layers = [*members.array("layers", []), *members.array("blobs", [])]
        named = [*config, *(GoMembers(layer, "manifest: layer") for layer in layers)]
        return [], [Descriptor.from_json(each).bare for each in named]
    except DocumentError as error:
        raise ContentError(f"manifest {manifest.digest} is malformed: {error}") from None
