"""Paginated lists of registries: the header `Link` with `rel="next"` (distribution-spec 1.1; RFC 8288)."""

import re
from collections.abc import Callable, Iterator

from notarykit.errors import NetworkError
from notarykit.net.messages import Response
from notarykit.net.urls import origin_of, resolve_location

_OK = 200
_NEXT = re.compile(r"""<([^<>]*)>[^,<]*;\s*rel\s*=\s*(?:"next"|next(?=\s*(?:[,;]|$)))""", re.IGNORECASE)


def pages(first: Response, fetch: Callable[[str], Response], name: str, most: int) -> Iterator[Response]:
    """Yields the pages of a list, each fetched when it is needed.

    Args:
        first: The first page.
        fetch: Function that requests a page by its URL.
        name: Name of the list, for messages.
        most: Limit on the number of pages.

    Raises:
        NetworkError: The pages form a loop, are too many, lead to another host, or have another status than 200.
    """
    page, seen = first, {first.url}
    while True:
        if page.status != _OK:
            raise NetworkError(f"{name}: status {page.status}")
        yield page
        following = _NEXT.search(", ".join(page.headers.get_all("Link") or []))
        if following is None:
            return
        url = resolve_location(page.url, following[1])
        if origin_of(url) != origin_of(first.url):
            raise NetworkError(f"{name}: the next page is at another host")
        if url in seen:
            raise NetworkError(f"{name}: the pages form a loop")
        if len(seen) == most:
            raise NetworkError(f"{name}: more than {most} pages")
        seen.add(url)
        page = fetch(url)
