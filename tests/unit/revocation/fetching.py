"""Fetches of the tests, about the leaf of one chain."""

from datetime import datetime

from notarykit.revocation.bundle import Bundle
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.limits import Deadline
from notarykit.revocation.result import Status
from notarykit.revocation.singleflight import Loaded
from tests.support.ca import TestChain
from tests.support.crls import NOW
from tests.unit.revocation.setting import CHAIN, soon


def fetch_status(
    fetcher: RevocationFetcher,
    url: str,
    now: datetime = NOW,
    deadline: Deadline | None = None,
    chain: TestChain = CHAIN,
) -> tuple[Status, bool]:
    """Return the leaf's status by OCSP, and whether the response came from the cache."""
    leaf, issuer, _ = chain.certificates
    response, from_cache = fetcher.ocsp.response(url, leaf, issuer, now, deadline or soon())
    return response.result.status, from_cache


def fetch_bundle(
    fetcher: RevocationFetcher, url: str, now: datetime = NOW, deadline: Deadline | None = None
) -> Loaded[Bundle]:
    """Return the CRLs of the leaf's issuer."""
    return fetcher.crl.bundle(url, CHAIN.certificates[1], now, deadline or soon())
