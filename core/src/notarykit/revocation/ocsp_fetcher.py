"""Fetcher of OCSP responses (RFC 6960, appendix A.1).

Trust store and trust policy specification, "OCSP Download". A response is verified before it is cached.
"""

import base64
import os
import time
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from notarykit.net import trace
from notarykit.net.client import HttpClient
from notarykit.net.urls import redact_url
from notarykit.revocation import ocsp
from notarykit.revocation.http import Download, StatusCodeError
from notarykit.revocation.limits import SECONDS_OF_A_FAILURE, Deadline, Limits
from notarykit.revocation.ocsp import OcspResult
from notarykit.revocation.result import CallerSpecificError, Status, UnknownStatusError
from notarykit.revocation.singleflight import Loaded, SingleFlightCache

_MAX_RESPONSES = 4096
_SECONDS_KEPT = 3600.0  # a response may be valid for a year
_LONGEST_GET = 255  # RFC 6960, appendix A.1: small requests may be submitted using GET
_NONCE_BYTES = 16


class FetchedResponse(NamedTuple):
    """A verified OCSP response with its bytes.

    Attributes:
        result: Its content.
        der: Its bytes.
        fresh_until: Until when, by the monotonic clock, no newer one is requested.
    """

    result: OcspResult
    der: bytes
    fresh_until: float


class OcspFetcher:
    """Fetches and caches OCSP responses. Thread-safe.

    Args:
        client: Sends the requests.
        limits: The limits of each request.
    """

    def __init__(self, client: HttpClient, limits: Limits) -> None:
        self._download = Download(client, limits.ocsp_seconds, ocsp.MAX_RESPONSE_SIZE)
        self._with_nonce = limits.with_nonce
        self._responses: SingleFlightCache[FetchedResponse] = SingleFlightCache(_MAX_RESPONSES, lambda _: 1)

    def response(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, deadline: Deadline
    ) -> Loaded[FetchedResponse]:
        """Returns a responder's response about a certificate.

        Raises:
            UnknownStatusError: There is none that is accepted.
        """

        def load(old: FetchedResponse | None) -> FetchedResponse:
            try:
                return self._fetch(url, certificate, issuer, deadline)
            except CallerSpecificError:
                raise
            except UnknownStatusError:
                # The old one is good for as long as it says.
                if old is not None and ocsp.is_current(old.result, now) and not self._with_nonce:
                    return old._replace(fresh_until=time.monotonic() + SECONDS_OF_A_FAILURE)
                raise

        response = self._responses.get(
            (url, certificate.fingerprint(SHA256()), issuer.fingerprint(SHA256())),
            lambda response: not self._with_nonce and _is_fresh(response, now),
            load,
            deadline.left(),
        )
        if response.from_cache:
            trace.note(f"OCSP response of {redact_url(url)}: cached in this process")
        return response

    def _fetch(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, deadline: Deadline
    ) -> FetchedResponse:
        nonce = os.urandom(_NONCE_BYTES) if self._with_nonce else b""
        der = self._send(url, ocsp.build_request(certificate, issuer, nonce), deadline)
        result = ocsp.verify_response(der, certificate, issuer, nonce)
        return FetchedResponse(result, der, time.monotonic() + _SECONDS_KEPT)

    def _send(self, url: str, request: bytes, deadline: Deadline) -> bytes:
        """Sends a request by GET, and by POST where that is refused, within one limit ("OCSP Download")."""
        start = time.monotonic()
        path = quote(base64.b64encode(request).decode("ascii"), safe="")
        refused: UnknownStatusError | None = None
        if len(path) < _LONGEST_GET:
            try:
                return self._download.get(f"{url.rstrip('/')}/{path}", deadline)
            except StatusCodeError as error:
                refused = error  # some responders know POST alone
        try:
            return self._download.post(url, deadline, request, time.monotonic() - start)
        except StatusCodeError as error:
            raise refused or error from None


def _is_fresh(response: FetchedResponse, now: datetime) -> bool:
    """Returns whether no newer response is needed; `unknown` may be known in a moment."""
    if response.result.status is Status.UNKNOWN or not ocsp.is_current(response.result, now):
        return False
    return time.monotonic() < response.fresh_until
