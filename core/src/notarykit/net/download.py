"""One file over HTTPS, whole and small enough to hold in memory."""

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.pool import Connections
from notarykit.net.tls import TLSSettings, context_for
from notarykit.net.urls import origin_of, shown

_OK = 200
_TRIES = 2
_BESIDES = 1024 * 1024


def download(url: str, limit: int, seconds: float, tls: TLSSettings) -> bytes:
    """The content at an https URL; redirects are followed as long as they stay with https.

    Args:
        url: Where it is.
        limit: How many bytes it may have.
        seconds: How long it may take in all.
        tls: Where certificates come from.

    Raises:
        NetworkError: There is no answer, not in time, too long a one, or none with the content.
    """
    if origin_of(url).scheme != "https":
        raise NetworkError(f"{shown(url)} is not an https URL", advice="only https is supported")
    client = HttpClient(
        Connections(lambda netloc: context_for(netloc, tls)), Destinations(allow_plain="only https is supported")
    )
    try:
        # The budget is for all tries, redirects and headers together; the limit is for the content.
        response = client.send("GET", url, budget=Budget(_TRIES * limit + _BESIDES, seconds), limit=limit)
    finally:
        client.close()
    if response.status != _OK:
        raise NetworkError(f"{shown(url)}: the server answers {response.status}", advice="check the URL")
    return response.body
