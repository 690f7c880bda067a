"""Signatures of an artifact by the referrers API (distribution-spec 1.1, "Listing Referrers")."""

from collections.abc import Iterator
from urllib.parse import urlencode

from notarykit.envelope.descriptor import Descriptor
from notarykit.net.client import StartedRequest
from notarykit.net.messages import Response
from notarykit.oci.manifest import EMPTY_TYPE, IMAGE_INDEX, SIGNATURE_TYPE, parse_index
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.pagination import pages

_OK = 200
_MAX_PAGES = 200
_ACCEPT = {"Accept": IMAGE_INDEX}
_FILTER = urlencode({"artifactType": SIGNATURE_TYPE})
# The responses of registries without the API: 404 of any code, or what they answer to unknown paths and methods.
_NO_API = frozenset({404, 405, 501})


def may_be_signature(entry: Descriptor) -> bool:
    """Returns False for an index entry with the artifact type of something else.

    Some registries give the config's media type although the manifest has an artifact type of its own.
    """
    return entry.artifact_type in ("", EMPTY_TYPE, SIGNATURE_TYPE)


def start_listing(endpoint: RepositoryEndpoint, digest: str) -> StartedRequest | None:
    """Requests the first page without waiting for it; None where that is not possible."""
    return endpoint.start(_first_path(digest), _ACCEPT)


def list_by_api(
    endpoint: RepositoryEndpoint, digest: str, first: Response | None = None
) -> Iterator[list[Descriptor]] | None:
    """Returns the pages of the referrers API, filtered by artifact type, or None if the registry lacks the API.

    Args:
        endpoint: The repository.
        digest: The digest of the artifact.
        first: The first page, if it was fetched already.

    Raises:
        NetworkError: The pages form a loop, are too many, or lead to another host.
    """
    first = first or endpoint.send("GET", _first_path(digest), _ACCEPT)
    if first.status in _NO_API:
        return None
    if first.status == _OK and _media_type(first) != IMAGE_INDEX:
        return None  # a registry before 1.1 that answers any path
    return _pages(endpoint, first)


def _pages(endpoint: RepositoryEndpoint, first: Response) -> Iterator[list[Descriptor]]:
    name = f"{endpoint.host.host}: list of referrers"
    for page in pages(first, lambda url: endpoint.send("GET", url, _ACCEPT), name, _MAX_PAGES):
        yield [entry for entry in parse_index(page.body, name) if may_be_signature(entry)]


def _first_path(digest: str) -> str:
    return f"referrers/{digest}?{_FILTER}"


def _media_type(response: Response) -> str:
    return response.header("Content-Type").partition(";")[0].strip().lower()
