"""Fetcher of CRLs with their deltas, through the files that notation shares.

Trust store and trust policy specification, "CRL Download" and "Revocation Checking with Delta CRLs". A CRL's signature
is verified before it is cached.
"""

import time
from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from notarykit.net import trace
from notarykit.net.client import HttpClient
from notarykit.net.urls import redact_url
from notarykit.revocation.bundle import Bundle, pair
from notarykit.revocation.crl import Crl
from notarykit.revocation.file_cache import CachedCrls, CrlCache
from notarykit.revocation.http import Download
from notarykit.revocation.limits import SECONDS_OF_A_FAILURE, Deadline
from notarykit.revocation.result import CallerSpecificError, UnknownStatusError, is_accepted
from notarykit.revocation.singleflight import Loaded, SingleFlightCache

MAX_CRL_SIZE = 32 * 1024 * 1024
_MAX_MEMORY = 256 * 1024 * 1024
_SIZE_OF_A_KEY = 16 * 1024

CheckScope = Callable[[Crl], object]
"""Raises `UnknownStatusError` for a CRL whose scope is not the certificate's; such a CRL is not cached."""


class CrlFetcher:
    """Fetches and caches CRLs with their deltas. Thread-safe.

    Args:
        client: Sends the requests.
        cache: The files of CRLs that notation shares, or None.
        seconds: The limit of each download.
    """

    def __init__(self, client: HttpClient, cache: CrlCache | None, seconds: float) -> None:
        self._download = Download(client, seconds, MAX_CRL_SIZE)
        self._cache = cache
        self._bundles: SingleFlightCache[Bundle] = SingleFlightCache(_MAX_MEMORY, _size)

    def bundle(
        self,
        url: str,
        issuer: x509.Certificate,
        now: datetime,
        deadline: Deadline,
        check_scope: CheckScope = lambda _: None,
    ) -> Loaded[Bundle]:
        """Returns the CRL of a distribution point with its delta, verified under the issuer's key.

        Args:
            url: The CRL's URL.
            issuer: The issuer, which must have signed it.
            now: The time of the verification.
            deadline: The end of the check.
            check_scope: Refuses CRLs of another scope.

        Raises:
            UnknownStatusError: There is none that is accepted.
        """

        def load(old: Bundle | None) -> Bundle:
            candidates = [
                bundle
                for bundle in (old, self._read_file(url, issuer))
                if bundle is not None and _has_scope(bundle, check_scope)
            ]
            old = max(candidates, key=_dates, default=None)
            if old is not None and old.is_current(now):
                trace.note(f"CRL {redact_url(url)}: in the file cache")
                return old
            try:
                bundle = self._refresh_delta(old, issuer, now, deadline)
                bundle = bundle or self._with_delta(self._fetch(url, issuer, deadline), issuer, deadline)
                _check_scope(bundle, check_scope)
            except UnknownStatusError as error:
                # A newer CRL should be there, but the old one is still valid.
                if old is not None and old.is_valid(now):
                    is_ours = isinstance(error, CallerSpecificError)
                    return old if is_ours else old._replace(enough_until=time.monotonic() + SECONDS_OF_A_FAILURE)
                raise
            if self._cache is not None and bundle.is_valid(now):
                self._cache.write(url, CachedCrls(*bundle.ders))
            return bundle

        bundle = self._bundles.get(
            (url, issuer.fingerprint(SHA256())),
            lambda bundle: _is_enough(bundle, now) and _has_scope(bundle, check_scope),
            load,
            deadline.left(),
        )
        if bundle.from_cache:
            trace.note(f"CRL {redact_url(url)}: cached in this process")
        return bundle

    def _read_file(self, url: str, issuer: x509.Certificate) -> Bundle | None:
        cached = self._cache.read(url) if self._cache else None
        if cached is None:
            return None
        try:
            base = _verified(cached.base, issuer)
            if cached.delta is None:
                return None if base.has_delta else Bundle(base, is_from_file=True)
            return pair(base, _verified(cached.delta, issuer))._replace(is_from_file=True)
        except UnknownStatusError:
            return None

    def _refresh_delta(
        self, old: Bundle | None, issuer: x509.Certificate, now: datetime, deadline: Deadline
    ) -> Bundle | None:
        """Returns the old base with a new delta, where the base is still current and the new delta belongs to it."""
        if old is None or not old.base.is_current(now) or not old.base.has_delta:
            return None
        try:
            return self._with_delta(old.base, issuer, deadline)
        except UnknownStatusError:
            return None

    def _with_delta(self, base: Crl, issuer: x509.Certificate, deadline: Deadline) -> Bundle:
        """Returns a base with its delta, if it has one.

        Specification, "Revocation Checking with Delta CRLs": a delta that cannot be fetched leaves the status unknown.

        Raises:
            UnknownStatusError: There is no delta that is accepted.
        """
        if not base.has_delta:
            return Bundle(base)
        failure = UnknownStatusError("it has a delta CRL, but no URL for it")
        for url in base.delta_urls:
            try:
                return pair(base, self._fetch(url, issuer, deadline))
            except CallerSpecificError:
                raise
            except UnknownStatusError as error:
                failure = UnknownStatusError(f"its delta CRL {redact_url(url)}: {error}")
        raise failure

    def _fetch(self, url: str, issuer: x509.Certificate, deadline: Deadline) -> Crl:
        return _verified(self._download.get(url, deadline), issuer)


def _verified(der: bytes, issuer: x509.Certificate) -> Crl:
    crl = Crl(der)
    crl.check_issuer(issuer)
    return crl


def _check_scope(bundle: Bundle, check_scope: CheckScope) -> None:
    try:
        check_scope(bundle.base)
    except UnknownStatusError as error:
        raise CallerSpecificError(str(error)) from None


def _has_scope(bundle: Bundle, check_scope: CheckScope) -> bool:
    return is_accepted(lambda: check_scope(bundle.base))


def _is_enough(bundle: Bundle, now: datetime) -> bool:
    return bundle.is_current(now) or (time.monotonic() < bundle.enough_until and bundle.is_valid(now))


def _dates(bundle: Bundle) -> list[tuple[datetime, datetime]]:
    return [(crl.this_update, crl.next_update) for crl in bundle.crls]


def _size(bundle: Bundle | None) -> int:
    """Returns a bundle's size in memory: its bytes, and an allowance for its key."""
    return _SIZE_OF_A_KEY + sum(len(crl.der) for crl in (bundle.crls if bundle else ()))
