"""Which signatures an artifact has, by the referrers API or by the tag that stands in for it.

distribution-spec 1.1, "Listing Referrers" and "Unavailable Referrers API".
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

from notarykit._internal.strict_json import DocumentError, GoMembers, loads
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NetworkError, NotAnIndexError
from notarykit.net.budget import Budget
from notarykit.net.client import Started
from notarykit.net.messages import Response
from notarykit.net.urls import joined, origin_of
from notarykit.oci.manifest import EMPTY_TYPE, IMAGE_INDEX, LARGEST_MANIFEST, SIGNATURE_TYPE
from notarykit.oci.registry.host import RegistryHost

_MOST_PAGES = 200
_ACCEPT = {"Accept": IMAGE_INDEX}
# How registries say that they do not know the API: by 404, whatever its code, and where they know the path's other
# methods or nothing of the kind.
_NO_API = frozenset({404, 405, 501})
_NEXT = re.compile(r"""<([^<>]*)>[^,<]*;\s*rel\s*=\s*(?:"next"|next(?=\s*(?:[,;]|$)))""", re.IGNORECASE)


def may_be_signature(entry: Descriptor) -> bool:
    """Whether an index says of an entry that it is a signature, or does not say what it is.

    Some registries give the config's media type although the manifest has a type of its own.
    """
    return entry.artifact_type in ("", EMPTY_TYPE, SIGNATURE_TYPE)


def read_index(content: bytes, name: str) -> list[Descriptor]:
    """The entries of an image index; some registries write null for none.

    Raises:
        NotAnIndexError: It is none.
    """
    try:
        index = GoMembers(loads(content), "index")
        items = [] if index.value.get("manifests", ()) is None else index.array("manifests")
        return [Descriptor.from_json(GoMembers(item, f"entry {at}")) for at, item in enumerate(items, 1)]
    except DocumentError as error:
        raise NotAnIndexError(f"{name} is malformed: {error}") from None


def fallback_tag(digest: str) -> str:
    """The tag under which the referrers of a digest are, where there is no API: `algorithm-hex`, cut to lengths."""
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm[:32]}-{encoded[:64]}"


def start_list(host: RegistryHost, repository: str, digest: str, scope: str, budget: Budget) -> Started | None:
    """Asks for the first page and does not wait for it; None where that is not possible."""
    return host.start(_first_url(host, repository, digest), scope=scope, budget=budget, headers=_ACCEPT)


def list_by_api(
    host: RegistryHost, repository: str, digest: str, scope: str, budget: Budget, first: Response | None = None
) -> Iterator[list[Descriptor]] | None:
    """The pages of the referrers API, filtered again where the registry did not filter; None where there is no API.

    Args:
        host: The registry.
        repository: The repository's name.
        digest: The digest of the artifact.
        scope: What a token must allow.
        budget: What may be spent.
        first: The first page, if it was fetched already.

    Raises:
        NetworkError: The pages loop, do not end, or lead to another host.
    """
    first = first or _get_page(host, _first_url(host, repository, digest), scope, budget)
    if first.status in _NO_API:
        return None
    if first.status == 200 and _media_type(first) != IMAGE_INDEX:  # noqa: PLR2004
        return None  # a registry of before 1.1 that answers any path with something
    return _pages(host, first, scope, budget)


def _pages(host: RegistryHost, first: Response, scope: str, budget: Budget) -> Iterator[list[Descriptor]]:
    page, seen = first, {first.url}
    while True:
        if page.status != 200:  # noqa: PLR2004
            raise NetworkError(f"{host.host}: list of referrers: status {page.status}")
        yield [each for each in read_index(page.body, f"{host.host}: list of referrers") if may_be_signature(each)]
        following = _NEXT.search(", ".join(page.headers.get_all("Link") or []))
        if following is None:
            return
        url = joined(page.url, following[1])
        if origin_of(url) != origin_of(first.url):
            raise NetworkError(f"{host.host}: the list of referrers goes on at another host")
        if url in seen:
            raise NetworkError(f"{host.host}: the pages of the list of referrers go in a circle")
        if len(seen) == _MOST_PAGES:
            raise NetworkError(f"{host.host}: the list of referrers has more than {_MOST_PAGES} pages")
        seen.add(url)
        page = _get_page(host, url, scope, budget)


def _first_url(host: RegistryHost, repository: str, digest: str) -> str:
    return host.url(f"{repository}/referrers/{digest}?artifactType={quote(SIGNATURE_TYPE, safe='')}")


def _get_page(host: RegistryHost, url: str, scope: str, budget: Budget) -> Response:
    return host.send("GET", url, scope=scope, budget=budget, limit=LARGEST_MANIFEST, headers=_ACCEPT)


def _media_type(response: Response) -> str:
    return response.header("Content-Type").partition(";")[0].strip().lower()
