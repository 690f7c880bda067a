"""Image indexes among the references of a command: `--recursive` and `--platform`."""

from collections.abc import Callable, Iterator

from notarykit.batch.attempt import captured_warnings
from notarykit.batch.ordered import map_ordered
from notarykit.batch.work import Outcome, Work
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.options import Options
from notarykit.cli.references import Repositories, Target
from notarykit.errors import ArtifactNotFoundError, NotarykitError
from notarykit.oci.index import IndexMember, index_members, platform_manifests
from notarykit.oci.platform import Platform, parse_platform
from notarykit.oci.reference import Digest, Tag

_Targets = tuple[Target | FailedItem, ...]


class Expansion:
    """Expansion of references to image indexes into manifests, each digest once per repository.

    Args:
        options: Options of the command.
        repositories: Repositories of the references.
        is_expandable: Returns False for a reference that stands for itself.

    Raises:
        UsageError: A platform is malformed.
    """

    def __init__(self, options: Options, repositories: Repositories, is_expandable: Callable[[Target], bool]) -> None:
        platforms = tuple(map(parse_platform, options["platform"]))
        attestations = options["attestations"] == "include"
        self._work = _ExpansionWork(repositories, platforms, is_expandable, attestations=attestations)
        self._jobs: int | None = options.values.get("jobs")
        self._seen: set[str] = set()

    def expanded(self, targets: Iterator[Target | FailedItem]) -> Iterator[Target | FailedItem]:
        """Yields the manifests of each reference in order; of a reference that cannot be expanded, its error."""
        items = (target if isinstance(target, Target) else _settled(target) for target in targets)
        outcomes = map_ordered(self._work, items, jobs=self._jobs)
        try:
            for outcome in outcomes:
                if outcome.error is not None:
                    yield FailedItem(outcome.item.text, outcome.error)
                else:
                    yield from filter(self._is_new, outcome.value())
        finally:
            outcomes.close()

    def _is_new(self, target: Target | FailedItem) -> bool:
        if isinstance(target, FailedItem):
            return True
        name = str(target.reference._replace(identifier=target.identifier))
        is_new = name not in self._seen
        self._seen.add(name)
        return is_new


class _ExpansionWork(Work[Target, _Targets, _Targets]):
    """Reads the indexes of a reference."""

    def __init__(
        self,
        repositories: Repositories,
        platforms: tuple[Platform, ...],
        is_expandable: Callable[[Target], bool],
        *,
        attestations: bool,
    ) -> None:
        self._repositories = repositories
        self._is_expandable = is_expandable
        self._platforms = platforms
        self._attestations = attestations

    def begin(self, item: Target) -> _Targets:
        """Returns the artifact and the manifests below it, or those for the platforms."""
        with captured_warnings():  # they are issued by the work on the artifact
            is_expandable = self._is_expandable(item)
        if not is_expandable:
            return (item,)
        repository = self._repositories.open(item.reference)
        if not self._platforms:
            members = index_members(repository, item.identifier, attestations=self._attestations)
            return tuple(_target_of(item, member, is_below=bool(member.parent)) for member in members)
        chosen = platform_manifests(repository, item.identifier, self._platforms)
        return tuple(
            FailedItem(item.text, member) if isinstance(member, NotarykitError) else _target_of(item, member)
            for member in chosen
        )


def _settled(item: FailedItem) -> Outcome[FailedItem, _Targets]:
    return Outcome(item, (item,))


def _target_of(target: Target, member: IndexMember, *, is_below: bool = False) -> Target | FailedItem:
    """Returns the target for a manifest, by digest, since a tag may be moved meanwhile.

    Args:
        target: Target of the reference.
        member: The manifest.
        is_below: True if the reference is for the manifest only because an index lists it.
    """
    digest = Digest(member.descriptor.digest)
    by_digest = target.reference._replace(identifier=digest)
    reference = by_digest if is_below else target.reference  # a tag brings its warning
    if isinstance(reference.identifier, Tag):
        text = f"{target.text}@{digest}"
    else:
        text = target.text if target.identifier == digest else str(by_digest)
    if member.error is not None and not isinstance(member.error, ArtifactNotFoundError):
        return FailedItem(text, member.error)
    member = member._replace(descriptor=member.descriptor._replace(annotations={}), error=None)
    return target._replace(text=text, reference=reference, member=member, may_be_absent=is_below)
