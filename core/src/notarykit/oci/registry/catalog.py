"""Repositories of a registry, and tags of a repository.

distribution-spec 1.1, "Listing Tags"; for the catalogue, which that specification leaves out, CNCF distribution's
"Docker Registry HTTP API V2", "Listing Repositories". Neither has a list of untagged manifests.
"""

from collections.abc import Callable, Iterator

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.errors import AccessError, ArtifactNotFoundError, NetworkError, StorageError
from notarykit.net.budget import Budget
from notarykit.net.messages import Request, Response
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.host import RegistryHost
from notarykit.oci.registry.pagination import pages

_BAD_REQUEST, _NOT_FOUND = 400, 404
# The largest page of the catalogue that CNCF distribution (3.0.0) grants; it refuses longer ones.
_PAGE = 1000
_MAX_PAGES = 10_000
_MAX_ENTRIES = 1_000_000
_MAX_CHARACTERS = 128 * 1024 * 1024  # of all entries, which are kept to leave out those that come again
_LARGEST_PAGE = 16 * 1024 * 1024
_SCOPE = "registry:catalog:*"
_NO_CATALOG = frozenset({404, 405, 501})
_NAME_THEM = "name repositories, as arguments REGISTRY/REPOSITORY or in a file with --from"


def list_repositories(host: RegistryHost, new_budget: Callable[[], Budget] = Budget) -> Iterator[str]:
    """Yields the names of a registry's repositories, each once, in its order; they may be malformed.

    Args:
        host: The registry.
        new_budget: Function that makes the budget of each page.

    Raises:
        AccessError: The registry denies access to the catalogue, as those do that have none.
        NetworkError: It does not answer, or the list is malformed or endless.
        StorageError: It has no catalogue.
    """
    name = f"{host.host}: catalogue of repositories"

    def fetch(url: str) -> Response:
        return host.send(Request("GET", url, new_budget(), _LARGEST_PAGE, {"Accept": "application/json"}), _SCOPE)

    try:
        first = _first_page(host.url("_catalog"), fetch)
    except AccessError as error:
        raise error.within(name).replace(advice=f"{error.advice}; or {_NAME_THEM}") from None
    if first.status in _NO_CATALOG:
        raise StorageError(f"{host.host} has no catalogue of repositories (status {first.status})", advice=_NAME_THEM)
    return _entries(pages(first, fetch, name, _MAX_PAGES), "repositories", name)


def list_tags(endpoint: RepositoryEndpoint) -> Iterator[str]:
    """Yields the tags of a repository, each once, in the registry's order; they may be malformed.

    Raises:
        AccessError: The registry denies access.
        NetworkError: It does not answer, or the list is malformed or endless.
        ArtifactNotFoundError: There is no such repository.
    """
    name = f"{endpoint.place}: list of tags"

    def fetch(url: str) -> Response:
        return endpoint.send("GET", url, {"Accept": "application/json"}, limit=_LARGEST_PAGE)

    first = _first_page(endpoint.url("tags/list"), fetch)
    if first.status == _NOT_FOUND:
        raise ArtifactNotFoundError(f"there is no repository {endpoint.place}", advice="check its name")
    return _entries(pages(first, fetch, name, _MAX_PAGES), "tags", name)


def _first_page(url: str, fetch: Callable[[str], Response]) -> Response:
    """Requests pages of a thousand entries, or of the registry's own size where it refuses that number."""
    first = fetch(f"{url}?n={_PAGE}")
    return fetch(url) if first.status == _BAD_REQUEST else first


def _entries(listed: Iterator[Response], member: str, name: str) -> Iterator[str]:
    seen: set[str] = set()
    size = 0
    for page in listed:
        try:
            names = GoMembers(loads(page.body), "response").texts(member, ())
        except DocumentError as error:
            raise NetworkError(f"{name} is malformed: {error}") from None
        for entry in names:
            if entry in seen:
                continue
            seen.add(entry)
            if len(seen) > _MAX_ENTRIES:
                raise NetworkError(f"{name}: more than {_MAX_ENTRIES} entries")
            size += len(entry)
            if size > _MAX_CHARACTERS:
                raise NetworkError(f"{name}: more than {_MAX_CHARACTERS} characters")
            yield entry
