"""Selections of repositories: all of a registry, those under a prefix of path components, or one."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from notarykit.errors import NetworkError, StorageError, UsageError
from notarykit.net.budget import Budget
from notarykit.oci.reference import is_scope
from notarykit.oci.registry.catalog import list_repositories
from notarykit.oci.registry.host import RegistryHost

_LONGEST_NAME = 255  # distribution-spec 1.1, "Pulling manifests": clients limit names to that


class Selection(NamedTuple):
    """Repositories that are audited.

    Attributes:
        registry: Registry, `host[:port]`.
        path: Name of a repository, or of the path above some; empty for all of the registry.
        is_repository: True if the path is one repository's name, and the catalogue is not asked.
    """

    registry: str
    path: str = ""
    is_repository: bool = False

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}" if self.path else self.registry

    def covers(self, registry: str, name: str) -> bool:
        """Returns True for a repository of the selection."""
        is_below = not self.path or name == self.path or name.startswith(f"{self.path}/")
        return registry == self.registry and is_below


class RepositoryName(NamedTuple):
    """Name of a repository.

    Attributes:
        registry: Registry, `host[:port]`.
        name: Name within the registry.
        is_listed: True if the registry's catalogue has it, where repositories stay that lost all content.
    """

    registry: str
    name: str
    is_listed: bool = False

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"


def parse_selection(text: str, *, is_repository: bool = False) -> Selection:
    """Parses `registry`, `registry/prefix` or `registry/repository`.

    Args:
        text: The selection.
        is_repository: True to take it for the full name of a repository.

    Raises:
        UsageError: It is malformed, has a tag or digest, or names no repository where one is wanted.
    """
    registry, _, path = text.partition("/")
    if is_scope(text if path else f"{text}/any"):
        if is_repository and not path:
            raise UsageError(f"{text!r} names a registry and no repository", advice="write registry/repository")
        return Selection(registry, path, is_repository)
    advice = "write a registry's host, and after a slash a repository or the path above some"
    if "://" in text:
        advice = "leave out what is before the registry's name"
    elif "@" in path or ":" in path:
        advice = "leave out tag and digest: all artifacts of the repository are audited"
    raise UsageError(f"{text!r} is not of the form registry, registry/prefix or registry/repository", advice=advice)


def select_repositories(
    selection: Selection, host: RegistryHost, new_budget: Callable[[], Budget], warn: Callable[[str], None]
) -> Iterator[RepositoryName | StorageError]:
    """Yields the repositories of a selection by the registry's catalogue, in its order.

    Where there is no catalogue, a path is taken for the name of one repository, with a warning. A path that the
    catalogue does not have is a repository's name, too: catalogues may leave out what not everybody may pull.

    Args:
        selection: The selection.
        host: The registry.
        new_budget: Function that makes the budget of each request.
        warn: Function that gets the warning.

    Yields:
        A name, or the error of a malformed one, which is not used.

    Raises:
        StorageError: The catalogue cannot be read.
    """
    named = RepositoryName(selection.registry, selection.path)
    if selection.is_repository:
        yield named
        return
    try:
        listed = list_repositories(host, new_budget)
    except NetworkError:
        raise
    except StorageError as absent:  # there is none, or access is denied
        if not selection.path:
            raise
        warn(f"{absent.message}: {selection} is taken for one repository")
        yield named
        return
    is_empty = True
    for name in (name for name in listed if selection.covers(host.host, name)):
        is_empty = False
        yield _checked(selection.registry, name)
    if is_empty and selection.path:
        yield named


def _checked(registry: str, name: str) -> RepositoryName | StorageError:
    if is_scope(f"{registry}/{name}") and len(name) <= _LONGEST_NAME:
        return RepositoryName(registry, name, is_listed=True)
    return StorageError(f"{registry} lists a repository with a malformed name, {name[:_LONGEST_NAME]!r}")
