"""Revocation checks by new fetchers, whose connections are closed at the end of a test."""

from datetime import datetime
from typing import Any

from notarykit.keys.chain import check_chain
from notarykit.keys.chain_certificate import Purpose
from notarykit.net.anonymous import anonymous_client
from notarykit.net.client import HttpClient
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.file_cache import CrlCache
from notarykit.revocation.limits import Limits
from notarykit.revocation.result import NO_SIGNING_TIMES, CertificateStatus, SigningTimes
from tests.support.ca import TestChain
from tests.support.crls import NOW

_clients: list[HttpClient] = []


def sources(
    cache: str = "", *, ocsp_seconds: float = 5.0, crl_seconds: float = 5.0, with_nonce: bool = False
) -> RevocationFetcher:
    """Makes a fetcher with an empty memory, and with a cache folder if given."""
    _clients.append(anonymous_client())
    limits = Limits(ocsp_seconds, crl_seconds, with_nonce)
    return RevocationFetcher(_clients[-1], CrlCache(cache) if cache else None, limits)


def close_clients() -> None:
    """Closes the connections of all fetchers made here."""
    while _clients:
        _clients.pop().close()


def check(
    chain: TestChain,
    now: datetime = NOW,
    signing_times: SigningTimes = NO_SIGNING_TIMES,
    *,
    purpose: Purpose = "code signing",
    asking: RevocationFetcher | None = None,
    **options: Any,
) -> tuple[CertificateStatus, ...]:
    """Returns the status of each certificate of a chain, by a new fetcher by default."""
    revocation = RevocationChecker(asking or sources(), **options)
    return revocation.statuses(check_chain(chain.ders, purpose), now, signing_times)


def words(
    chain: TestChain, now: datetime = NOW, signing_times: SigningTimes = NO_SIGNING_TIMES, **options: Any
) -> list[str]:
    """Returns the status of each certificate of a chain as text."""
    return [str(status.status) for status in check(chain, now, signing_times, **options)]
