"""Walk of one repository: its tags, and the manifests below those that are image indexes.

No registry lists untagged manifests by the distribution specification. Those that an index lists are found; signatures
and other referrers are the artifacts' own, and no artifacts of the inventory.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.audit.attachments import is_attachment
from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.record import ArtifactRecord
from notarykit.audit.selection import RepositoryName
from notarykit.batch.ordered import map_ordered
from notarykit.batch.work import Work
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ArtifactNotFoundError, ContentError, NotarykitError, StorageError, own_error
from notarykit.oci.index import IndexMember, index_members
from notarykit.oci.manifest import INDEX_TYPES
from notarykit.oci.reference import Digest, Reference, Tag, is_tag
from notarykit.oci.registry.registries import Registries
from notarykit.oci.registry.repository import RegistryRepository

# Manifests that a thread reads one after the other: handing over costs as much as reading one.
_LARGEST_CHUNK = 16

# Ten entries of an index cost its author a kilobyte, and an audit ten requests and ten kilobytes of memory.
_MOST_MEMBERS = 100_000

Listed = InventoryItem | ArtifactRecord


class FoundManifest(NamedTuple):
    """Manifest that was read.

    Attributes:
        descriptor: Its descriptor.
        artifact_type: Type of the artifact, or an empty string.
        members: Manifests below it, where it is an index.
        problem: Reason for which they are unknown, or None.
    """

    descriptor: Descriptor
    artifact_type: str
    members: tuple[IndexMember, ...] = ()
    problem: NotarykitError | None = None


class Reading(NamedTuple):
    """Attempt to read a manifest.

    Attributes:
        identifier: Its tag or digest.
        found: The manifest, or None where it could not be read, or is attached to an artifact.
        error: Reason for which it could not be read, or None.
    """

    identifier: Tag | Digest
    found: FoundManifest | None = None
    error: NotarykitError | None = None


class _ReadManifests(Work[Sequence[Tag | Digest], list[Reading], list[Reading]]):
    """Reads manifests of a repository, several for each item."""

    def __init__(self, registries: Registries, repository: RepositoryName, *, recursive: bool) -> None:
        self._registries = registries
        self._repository = repository
        self._is_recursive = recursive

    def begin(self, item: Sequence[Tag | Digest]) -> list[Reading]:
        return [*map(self._reading, item)]

    def _reading(self, identifier: Tag | Digest) -> Reading:
        try:
            return Reading(identifier, self._read(identifier))
        except Exception as error:  # noqa: BLE001 - whatever one manifest does, the others are read
            return Reading(identifier, error=own_error(error))

    def _read(self, identifier: Tag | Digest) -> FoundManifest | None:
        if isinstance(identifier, Tag) and not is_tag(identifier):
            raise StorageError(f"the registry lists a malformed tag, {identifier[:128]!r}")
        source = _open(self._registries, self._repository, identifier)
        descriptor, content = source.fetch_manifest(identifier)
        try:
            manifest = GoMembers(loads(content), "manifest")
        except DocumentError as error:
            raise ContentError(f"manifest {descriptor.digest} is malformed: {error}") from None
        if isinstance(identifier, Tag) and is_attachment(identifier, manifest):
            return None
        found = FoundManifest(descriptor, _artifact_type(manifest))
        if isinstance(identifier, Digest) or descriptor.media_type not in INDEX_TYPES or not self._is_recursive:
            return found
        try:
            return found._replace(members=index_members(source, Digest(descriptor.digest), attestations=True)[1:])
        except StorageError as error:
            return found._replace(problem=error)


class RepositoryWalk(Work[RepositoryName, list[Listed], list[Listed]]):
    """Lists the artifacts of repositories: each digest once, with all its tags; indexes before what they list.

    Args:
        registries: Registries of the repositories.
        recursive: True to list the manifests below indexes.
        jobs: Number of manifests of a repository that are read at a time.
    """

    def __init__(self, registries: Registries, *, recursive: bool, jobs: int) -> None:
        self._registries = registries
        self._is_recursive = recursive
        self._jobs = jobs

    def begin(self, item: RepositoryName) -> list[Listed]:
        """Lists the artifacts of a repository; what cannot be read is a record."""
        try:
            tags = [Tag(tag) for tag in _open(self._registries, item, Tag("latest")).tags()]
        except ArtifactNotFoundError:
            if not item.is_listed:
                raise
            return []  # catalogues keep the names of repositories that lost all content
        inventory = _RepositoryInventory(item)
        for reading in self._read(item, tags):
            inventory.add_tag(reading)
        for reading in self._read(item, [*map(Digest, inventory.unread_members())]):
            inventory.add_member(reading)
        return inventory.listed()

    def _read(self, repository: RepositoryName, identifiers: Sequence[Tag | Digest]) -> Iterator[Reading]:
        work = _ReadManifests(self._registries, repository, recursive=self._is_recursive)
        size = max(1, min(len(identifiers) // (4 * self._jobs), _LARGEST_CHUNK))
        chunks = (identifiers[start : start + size] for start in range(0, len(identifiers), size))
        for outcome in map_ordered(work, chunks, jobs=self._jobs):
            yield from outcome.value()


class _RepositoryInventory:
    """Artifacts of a repository, each digest once."""

    def __init__(self, repository: RepositoryName) -> None:
        self._base = InventoryItem(*repository[:2])
        self._items: dict[str, InventoryItem] = {}
        self._members: dict[str, IndexMember] = {}
        self._unknown: list[ArtifactRecord] = []

    def add_tag(self, reading: Reading) -> None:
        """Adds what was read under a tag."""
        if reading.error is not None:
            self._unknown.append(self._base._replace(tags=(reading.identifier,)).unknown(reading.error))
        if reading.found is None:
            return
        found, digest = reading.found, reading.found.descriptor.digest
        known = self._items.get(digest) or self._base._replace(
            descriptor=found.descriptor, artifact_type=found.artifact_type
        )
        self._items[digest] = known._replace(tags=tuple(sorted({*known.tags, reading.identifier})))
        self._add_problem(digest, found.problem)
        for member in found.members:
            if member.descriptor.digest in self._members:
                continue
            if len(self._members) == _MOST_MEMBERS:
                self._add_problem(digest, StorageError(f"{_MOST_MEMBERS} below others of the repository are listed"))
                break
            descriptor = member.descriptor._replace(annotations={})
            self._members[descriptor.digest] = member._replace(descriptor=descriptor)
            self._add_problem(descriptor.digest, member.error)

    def _add_problem(self, index: str, problem: NotarykitError | None) -> None:
        if problem is not None and not isinstance(problem, ArtifactNotFoundError):
            error = problem.within(f"the manifests below index {index} are unknown")
            self._unknown.append(self._base.unknown(error))

    def unread_members(self) -> list[str]:
        """Returns the digests that indexes list and no tag has."""
        return [digest for digest in self._members if digest not in self._items]

    def add_member(self, reading: Reading) -> None:
        """Adds a manifest below an index; one that is absent is none, since an index need not be complete."""
        digest = reading.identifier
        item = self._base._replace(descriptor=self._members[digest].descriptor)
        if isinstance(reading.error, ArtifactNotFoundError):
            return
        if reading.error is not None:
            self._unknown.append(self._placed(item).unknown(reading.error))
        elif reading.found is not None:
            descriptor, artifact_type, *_ = reading.found
            self._items[digest] = item._replace(descriptor=descriptor, artifact_type=artifact_type)

    def listed(self) -> list[Listed]:
        """Returns the tagged artifacts in the registry's order, then those below indexes, then what is unknown."""
        return [*map(self._placed, self._items.values()), *self._unknown]

    def _placed(self, item: InventoryItem) -> InventoryItem:
        member = self._members.get(item.descriptor.digest)
        if member is None:
            return item
        return item._replace(platform=str(member.platform or ""), parent=member.parent)


def _open(registries: Registries, repository: RepositoryName, identifier: Tag | Digest) -> RegistryRepository:
    """Opens a repository with a budget of its own for one request, or one artifact."""
    return registries.repository(Reference(repository.registry, repository.name, identifier))


def _artifact_type(manifest: GoMembers) -> str:
    """Returns the type of an artifact (image-spec, manifest.md, "Guidelines for Artifact Usage")."""
    try:
        return manifest.text("artifactType", "") or manifest.object("config").text("mediaType", "")
    except DocumentError:
        return ""
