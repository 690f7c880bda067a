"""Inventory of registries: the artifacts of all selected repositories, each digest of a repository once."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.repository_walk import Listed, RepositoryWalk
from notarykit.audit.selection import RepositoryName, Selection, select_repositories
from notarykit.batch.ordered import map_ordered
from notarykit.batch.read_ahead import read_ahead
from notarykit.batch.work import Outcome
from notarykit.errors import StorageError
from notarykit.net.budget import Budget
from notarykit.oci.registry.registries import Registries

_REPOSITORIES_AT_A_TIME = 4
# Items that are listed and not audited yet: enough for a worker's next tasks.
_AHEAD = 1000


class InventoryOptions(NamedTuple):
    """Options of an inventory.

    Attributes:
        recursive: True to list the manifests below image indexes.
        jobs: Number of requests to registries at a time.
        warn: Function that gets warnings.
    """

    recursive: bool = True
    jobs: int = 8
    warn: Callable[[str], None] = lambda _: None


def list_artifacts(
    registries: Registries, selections: Sequence[Selection], options: InventoryOptions
) -> Iterator[Listed]:
    """Yields the artifacts of repositories; what cannot be read is a record with the verdict `unknown`.

    Repositories come in the order of the selections and of the registry's catalogue, each once, read ahead in a thread
    of its own. Within one, tagged artifacts come first, and then those that indexes list.
    """
    return read_ahead(_walk(registries, selections, options), _AHEAD)


def _walk(registries: Registries, selections: Sequence[Selection], options: InventoryOptions) -> Iterator[Listed]:
    at_a_time = min(_REPOSITORIES_AT_A_TIME, options.jobs)
    walk = RepositoryWalk(registries, recursive=options.recursive, jobs=max(1, options.jobs // at_a_time))
    outcomes = map_ordered(walk, _repositories(registries, selections, options), jobs=at_a_time)
    try:
        for outcome in outcomes:
            if outcome.error is None:
                yield from outcome.value()
            else:
                yield InventoryItem(*outcome.item[:2]).unknown(outcome.error)
    finally:
        outcomes.close()


def _repositories(
    registries: Registries, selections: Sequence[Selection], options: InventoryOptions
) -> Iterator[RepositoryName | Outcome[Selection, list[Listed]]]:
    """Yields the repositories; where their names cannot be read, the outcome."""
    seen: set[tuple[str, str]] = set()
    for selection in selections:
        whole = InventoryItem(selection.registry, selection.path)
        host = registries.host(selection.registry)
        try:
            for repository in select_repositories(selection, host, Budget, options.warn):
                if isinstance(repository, StorageError):
                    yield Outcome(selection, [whole.unknown(repository)])
                elif repository[:2] not in seen:
                    seen.add(repository[:2])
                    yield repository
        except StorageError as error:
            yield Outcome(selection, [whole.unknown(error)])
