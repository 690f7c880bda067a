"""Image indexes: the manifests below one, and those that are for a platform.

OCI image specification, image-index.md; Docker's manifest lists have the same members. What an index says of a manifest
is compared with the manifest before it counts (descriptor.md, "Properties": content of another length "SHOULD NOT be
trusted").
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import (
    ArtifactNotFoundError,
    ContentError,
    NotarykitError,
    NotarykitWarning,
    StorageError,
)
from notarykit.oci.manifest import DEEPEST_INDEX, INDEX_TYPES, LARGEST_MANIFEST, MANIFEST_TYPES, read_index
from notarykit.oci.platform import Platform, rank
from notarykit.oci.reference import Digest, Tag
from notarykit.oci.repository import Repository

MOST_ENTRIES = 10_000

_CONFIG_TYPES = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
# BuildKit, docs/attestations/attestation-storage.md, "Attestation Manifest Descriptor".
_REFERENCE_TYPE, _ATTESTATION = "vnd.docker.reference.type", "attestation-manifest"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"
_MOST_NAMES, _LONGEST_NAME = 20, 100


class IndexMember(NamedTuple):
    """Manifest below an image index, or the index itself.

    Attributes:
        descriptor: Descriptor in the index, not yet compared with the manifest; the index's own is its manifest's.
        platform: Platform of the manifest, or None where the index has none.
        parent: Digest of the index that lists it, or an empty string for the artifact itself.
        error: Reason for which the entries of an index below the artifact are unknown, or None.
    """

    descriptor: Descriptor
    platform: Platform | None = None
    parent: str = ""
    error: NotarykitError | None = None

    @property
    def is_attestation(self) -> bool:
        """True for an attestation manifest of BuildKit, which no container runtime chooses."""
        annotations = self.descriptor.annotations
        return (
            self.platform is not None
            and self.platform.is_unknown
            and annotations.get(_REFERENCE_TYPE) == _ATTESTATION
            and _REFERENCE_DIGEST in annotations
        )

    def check(self, manifest: Descriptor) -> None:
        """Compares the descriptor with that of the manifest itself.

        Raises:
            ContentError: The index has another media type or size.
        """
        if not self.descriptor.is_same_content(manifest):
            raise ContentError(
                f"index {self.parent} lists {manifest.digest} as {self.descriptor.media_type} of"
                f" {self.descriptor.size} bytes, and it is {manifest.media_type} of {manifest.size}"
            )


def index_members(
    repository: Repository, identifier: Tag | Digest, *, attestations: bool = False
) -> tuple[IndexMember, ...]:
    """Returns an artifact and, where it is an image index, the manifests below it, each digest once, parents first.

    Indexes alone are read; `IndexMember.check` compares a manifest once it is. Entries that are no manifests by their
    media type are left out with a warning, and attestation manifests of BuildKit unless `attestations` is true. An
    index below the artifact that cannot be read has an `error` and no entries.

    Raises:
        ArtifactNotFoundError: The artifact itself is absent.
        StorageError: It cannot be read, or the index has more than 10,000 entries.
    """
    members: dict[str, IndexMember] = {}
    others: dict[str, str] = {}
    for member in _Tree(repository, identifier).members:
        digest, media_type = member.descriptor.digest, member.descriptor.media_type
        if member.parent and media_type not in MANIFEST_TYPES:
            others[digest] = media_type
        elif attestations or not member.is_attestation:
            members.setdefault(digest, member)
    if others:
        types = ", ".join(sorted(set(others.values())))
        text = (
            f"image index {identifier}: {len(others)} entries are left out, being no manifests by their type: {types}"
        )
        warnings.warn(text, NotarykitWarning, stacklevel=2)
    return tuple(members.values())


def platform_manifests(
    repository: Repository, identifier: Tag | Digest, platforms: Sequence[Platform]
) -> tuple[IndexMember | NotarykitError, ...]:
    """Returns, for each platform, the manifest that suits it best, or the error that there is none.

    The choice is made in each index by itself, as in containerd: the entry whose platform suits best, of equal
    ones the first, and where it is an index, one within it. Where no entry with a platform suits, the others count:
    indexes, and manifests whose configs tell their platform; so does the config of an artifact that is no index.

    Raises:
        ArtifactNotFoundError: The artifact itself is absent.
        StorageError: It cannot be read, or the index has more than 10,000 entries.
    """
    tree = _Tree(repository, identifier).members
    return tuple(_Choice(repository, tree, platform).manifest(identifier) for platform in platforms)


class _Choice:
    """Choice of the manifest for a platform: of each index on the way to it one entry counts, as in containerd."""

    def __init__(self, repository: Repository, tree: Sequence[IndexMember], wanted: Platform) -> None:
        self._repository = repository
        self._wanted = wanted
        self._present: list[Platform] = []
        self._below: dict[str, list[IndexMember]] = {}
        for member in tree:
            self._below.setdefault(member.parent, []).append(member)

    def manifest(self, identifier: str) -> IndexMember | NotarykitError:
        """Returns the manifest, or the error that there is none or that an index on the way cannot be read."""
        found = self._among("")
        if found is not None:
            return found
        names = list(dict.fromkeys(str(item)[:_LONGEST_NAME] for item in self._present if not item.is_unknown))
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        listed = f"there are {', '.join(names[:_MOST_NAMES])}{more}" if names else "nothing in it has a platform"
        return ArtifactNotFoundError(f"{identifier} has no manifest for {self._wanted}", advice=listed)

    def _among(self, index: str) -> IndexMember | NotarykitError | None:
        members = self._below.pop(index, [])  # each index once
        self._present += [member.platform for member in members if member.platform is not None]
        suitable = [
            (suitability, position)
            for position, member in enumerate(members)
            if member.platform is not None and (suitability := rank(self._wanted, member.platform)) is not None
        ]
        if suitable:
            return self._within(members[min(suitable)[1]])
        nameless = (self._within(member) for member in members if member.platform is None)
        return next((found for found in nameless if found is not None), None)

    def _within(self, member: IndexMember) -> IndexMember | NotarykitError | None:
        """Returns a manifest if it suits, or what suits in an index."""
        if member.descriptor.media_type in INDEX_TYPES:
            return member.error or self._among(member.descriptor.digest)
        if member.platform is not None:
            return member
        platform = _platform_of(self._repository, member)
        if platform is None or rank(self._wanted, platform) is not None:
            return None if platform is None else member._replace(platform=platform)
        self._present.append(platform)
        return None


def _platform_of(repository: Repository, member: IndexMember) -> Platform | None:
    """Returns the platform in an image's config, or None where there is none that can be read."""
    try:
        manifest, content = repository.fetch_manifest(Digest(member.descriptor.digest))
        member.check(manifest)
        config = Descriptor.from_json(GoMembers(loads(content), "manifest").object("config"))
        if config.media_type not in _CONFIG_TYPES:
            return None
        return Platform.from_json(GoMembers(loads(repository.fetch_blob(config, LARGEST_MANIFEST)), "config"))
    except (DocumentError, StorageError):
        return None


class _Tree:
    """Artifact and all entries below it, parents first; each index is read once."""

    def __init__(self, repository: Repository, identifier: Tag | Digest) -> None:
        self._repository = repository
        self._artifact, content = repository.fetch_manifest(identifier)
        self.members = [IndexMember(self._artifact)]
        self._indexes = {self._artifact.digest}
        if self._artifact.media_type in INDEX_TYPES:
            self._add(_entries(self._artifact, content), 0)

    def _add(self, entries: Sequence[IndexMember], depth: int) -> None:
        if len(self.members) + len(entries) > MOST_ENTRIES + 1:
            raise StorageError(f"image index {self._artifact.digest} has more than {MOST_ENTRIES} entries")
        for entry in entries:
            is_new_index = entry.descriptor.media_type in INDEX_TYPES and entry.descriptor.digest not in self._indexes
            if not is_new_index:
                self.members.append(entry)
                continue
            self._indexes.add(entry.descriptor.digest)
            try:
                below = self._entries_below(entry, depth)
            except StorageError as error:
                self.members.append(entry._replace(error=error))
                continue
            self.members.append(entry)
            self._add(below, depth + 1)

    def _entries_below(self, entry: IndexMember, depth: int) -> Sequence[IndexMember]:
        digest = Digest(entry.descriptor.digest)
        if depth == DEEPEST_INDEX:
            raise StorageError(f"index {digest} is nested more than {DEEPEST_INDEX} deep")
        index, content = self._repository.fetch_manifest(digest)
        entry.check(index)
        return _entries(index, content)


def _entries(index: Descriptor, content: bytes) -> Sequence[IndexMember]:
    def entry(members: GoMembers) -> IndexMember:
        platform = Platform.from_json(members.object("platform")) if "platform" in members else None
        return IndexMember(Descriptor.from_json(members), platform, index.digest)

    return read_index(content, f"index {index.digest}", entry)
