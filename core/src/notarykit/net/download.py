"""Download of one file over HTTPS into memory."""

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request
from notarykit.net.pool import ConnectionPool
from notarykit.net.tls import TLSSettings, context_for
from notarykit.net.urls import origin_of, redact_url

_OK = 200
_MAX_ATTEMPTS = 2
_OVERHEAD = 1024 * 1024


def download(url: str, limit: int, seconds: float, tls: TLSSettings) -> bytes:
    """Returns the content at an https URL; redirects are followed within https.

    Args:
        url: The URL.
        limit: Largest content in bytes.
        seconds: Time limit for the whole download.
        tls: The certificates.

    Raises:
        NetworkError: There is no response in time, or one that is too large or has another status than 200.
    """
    if origin_of(url).scheme != "https":
        raise NetworkError(f"{redact_url(url)} is not an https URL", advice="only https is supported")
    client = HttpClient(
        ConnectionPool(lambda netloc: context_for(netloc, tls)), Destinations(allow_plain="only https is supported")
    )
    try:
        # The budget covers all attempts, redirects and header fields; the limit is for the content.
        response = client.send(Request("GET", url, Budget(_MAX_ATTEMPTS * limit + _OVERHEAD, seconds), limit))
    finally:
        client.close()
    if response.status != _OK:
        raise NetworkError(f"{redact_url(url)}: the server answers {response.status}", advice="check the URL")
    return response.body
