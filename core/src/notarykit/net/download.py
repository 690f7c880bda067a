"""Download of one file over HTTPS into memory."""

from notarykit.errors import NetworkError
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.destinations import Destinations
from notarykit.net.messages import Request, Response
from notarykit.net.pool import ConnectionPool
from notarykit.net.tls import TLSSettings, context_for
from notarykit.net.urls import origin_of, redact_url

_OK, _NOT_FOUND = 200, 404
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
    response = _get(url, limit, seconds, tls)
    if response.status != _OK:
        raise _no_content(url, response)
    return response.body


def download_if_present(url: str, limit: int, seconds: float, tls: TLSSettings) -> bytes | None:
    """Returns the content at an https URL, or None where the server has none (404); see `download`.

    Raises:
        NetworkError: There is no response in time, or one that is too large or has another status.
    """
    response = _get(url, limit, seconds, tls)
    if response.status == _NOT_FOUND:
        return None
    if response.status != _OK:
        raise _no_content(url, response)
    return response.body


def _get(url: str, limit: int, seconds: float, tls: TLSSettings) -> Response:
    if origin_of(url).scheme != "https":
        raise NetworkError(f"{redact_url(url)} is not an https URL", advice="only https is supported")
    client = HttpClient(
        ConnectionPool(lambda netloc: context_for(netloc, tls)), Destinations(allow_plain="only https is supported")
    )
    try:
        # The budget covers all attempts, redirects and header fields; the limit is for the content.
        return client.send(Request("GET", url, Budget(_MAX_ATTEMPTS * limit + _OVERHEAD, seconds), limit))
    finally:
        client.close()


def _no_content(url: str, response: Response) -> NetworkError:
    return NetworkError(f"{redact_url(url)}: the server answers {response.status}", advice="check the URL")
