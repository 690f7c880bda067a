"""Image indexes in layouts and in memory, for tests."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ArtifactNotFoundError
from notarykit.oci.index import IndexMember
from notarykit.oci.layout import ImageLayout
from notarykit.oci.platform import parse_platform
from notarykit.oci.reference import Digest, Tag
from tests.unit.oci.layouts import INDEX, Entry, Layout, descriptor_of, entry

UNKNOWN = {"os": "unknown", "architecture": "unknown"}


def put_index(layout: Layout, entries: Sequence[Entry], media_type: str = INDEX, **members: Any) -> Entry:
    """Stores an image index."""
    return layout.put_json({"schemaVersion": 2, "mediaType": media_type, "manifests": entries, **members}, media_type)


def image(layout: Layout, platform: str) -> Entry:
    """Stores a manifest, and returns its entry for a platform."""
    parsed = parse_platform(platform)
    members = {"os": parsed.os, "architecture": parsed.architecture, "variant": parsed.variant}
    return {**layout.put_artifact(platform), "platform": {key: text for key, text in members.items() if text}}


def attestation(layout: Layout, subject: Entry) -> Entry:
    """Stores an attestation manifest, and returns its entry as BuildKit writes it."""
    annotations = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": subject["digest"],
    }
    return {**layout.put_artifact(f"of {subject['digest']}"), "annotations": annotations, "platform": UNKNOWN}


def tagged(layout: Layout, root: Entry, *others: Entry) -> ImageLayout:
    """Lists the root in the layout under the tag v1, and others without one."""
    layout.write_index([{**root, "annotations": {"org.opencontainers.image.ref.name": "v1"}}, *others])
    return ImageLayout(layout.path)


def digests(members: Sequence[IndexMember]) -> list[str]:
    """Returns the digests of members."""
    return [member.descriptor.digest for member in members]


class Plain(ImageLayout):
    """Repository whose only artifact is an index; content by digest, and counts of what was read.

    Args:
        root: Bytes of the index.
        others: Bytes of further indexes.
    """

    def __init__(self, root: bytes, *others: bytes) -> None:
        self.contents = {entry(content)["digest"]: content for content in (root, *others)}
        self.root = entry(root)["digest"]
        self.read: Counter[str] = Counter()

    def fetch_manifest(self, identifier: Tag | Digest) -> tuple[Descriptor, bytes]:
        """Returns an index, counting how often it is read."""
        digest = self.root if isinstance(identifier, Tag) else str(identifier)
        self.read[digest] += 1
        if digest not in self.contents:
            raise ArtifactNotFoundError(f"no {digest}")
        content = self.contents[digest]
        return descriptor_of(entry(content, INDEX)), content
