"""Fetcher of OCSP responses and CRLs over HTTP, each with an in-process cache."""

from notarykit.net.client import HttpClient
from notarykit.revocation.crl_fetcher import CrlFetcher
from notarykit.revocation.file_cache import CrlCache
from notarykit.revocation.limits import Limits
from notarykit.revocation.ocsp_fetcher import OcspFetcher


class RevocationFetcher:
    """Fetches OCSP responses and CRLs. Thread-safe.

    Args:
        client: Sends the requests.
        cache: The files of CRLs that notation shares, or None.
        limits: The limits of each request.

    Attributes:
        ocsp: Fetches OCSP responses.
        crl: Fetches CRLs with their deltas.
    """

    def __init__(self, client: HttpClient, cache: CrlCache | None, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.ocsp = OcspFetcher(client, limits)
        self.crl = CrlFetcher(client, cache, limits.crl_seconds)
