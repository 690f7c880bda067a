"""Revocation checks as most callers want them: over the network, with the cache that notation has."""

import os
from functools import lru_cache

from notarykit._internal.paths import cache_folder
from notarykit.net.plain import plain_client
from notarykit.revocation.certificate import Observe
from notarykit.revocation.checker import SECONDS, RevocationChecker
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.file_cache import CrlCache
from notarykit.revocation.limits import Limits


@lru_cache(maxsize=8)
def _sources(limits: Limits, folder: str) -> RevocationFetcher:
    """The network, the cache of CRLs, and what this process remembers of both."""
    return RevocationFetcher(plain_client(), CrlCache(folder) if folder else None, limits)


def _folder() -> str:
    cache = cache_folder()
    return os.path.join(cache, "crl") if cache else ""


def online(
    given: LocalEvidence | None = None,
    limits: Limits | None = None,
    *,
    seconds: float = SECONDS,
    observe: Observe = lambda _: None,
) -> RevocationChecker:
    """Checks that ask the network, after what the user gives in files.

    Args:
        given: What the user gives in files.
        limits: What each request may cost.
        seconds: How long the check of one chain may take.
        observe: Called with each piece of evidence that is used.
    """
    return RevocationChecker(_sources(limits or Limits(), _folder()), given, seconds=seconds, observe=observe)
