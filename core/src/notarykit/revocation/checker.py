"""Revocation check of a chain: its certificates in parallel, with one deadline for all.

Trust store and trust policy specification, "Certificate Revocation Evaluation".
"""

import os
import time
from concurrent.futures import Future, wait
from datetime import datetime
from functools import lru_cache

from cryptography import x509

from notarykit._internal.deadline import seconds_left
from notarykit._internal.paths import cache_folder
from notarykit._internal.threads import start
from notarykit.errors import RevocationError, UsageError
from notarykit.keys.certificate import subject_of
from notarykit.keys.chain import Chain
from notarykit.keys.extensions import has_revocation_extensions
from notarykit.net.anonymous import anonymous_client
from notarykit.revocation.certificate_check import CertificateCheck, Observe, Sources, ignore
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.file_cache import CrlCache, UnreadCrlCache
from notarykit.revocation.limits import Deadline, Limits
from notarykit.revocation.result import NO_SIGNING_TIMES, CertificateStatus, SigningTimes, Status

SECONDS = 30.0
# The signatures of one command share what is fetched anew, and the next command of a program that goes on does not.
_SECONDS_ANEW = 60.0
_ONLINE = "make it with RevocationChecker.online"


class RevocationChecker:
    """Checks the revocation of chains. Thread-safe.

    Args:
        fetcher: Fetches OCSP responses and CRLs; None for checks by local evidence alone.
        evidence: Local OCSP responses and CRLs, which come first.
        seconds: The limit for the check of one chain.
        observe: Called with each piece of evidence that is used, from several threads.
    """

    def __init__(
        self,
        fetcher: RevocationFetcher | None,
        evidence: LocalEvidence | None = None,
        *,
        seconds: float = SECONDS,
        observe: Observe = ignore,
    ) -> None:
        self._sources = Sources(fetcher, evidence or LocalEvidence(), observe)
        self._seconds = seconds
        self._limits: Limits | None = None
        self._is_anew = False

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling of checkers for the network and of those without; each process has caches of its own.

        Raises:
            UsageError: The fetcher is one of the program's own.
        """
        fetcher, evidence, observe = self._sources
        if fetcher is not None and self._limits is None:
            raise UsageError("a RevocationChecker with a fetcher of its own cannot be sent to workers", advice=_ONLINE)
        return _unpickled, (self._limits, evidence, self._seconds, observe, self._is_anew)

    @classmethod
    def online(
        cls,
        evidence: LocalEvidence | None = None,
        limits: Limits | None = None,
        *,
        seconds: float = SECONDS,
        observe: Observe = ignore,
        is_anew: bool = False,
    ) -> "RevocationChecker":
        """Makes a checker for the network, with the CRL cache that notation shares.

        Args:
            evidence: Local OCSP responses and CRLs, which come first.
            limits: The limits of each request.
            seconds: The limit for the check of one chain.
            observe: Called with each piece of evidence that is used, from several threads.
            is_anew: Whether everything is downloaded that was not downloaded so within the last minute, even if the
                caches have what is valid; in the files of the cache it is replaced.
        """
        cache = cache_folder()
        folder = os.path.join(cache, "crl") if cache else ""
        limits = limits or Limits()
        minute = int(time.monotonic() // _SECONDS_ANEW) if is_anew else None
        checker = cls(_shared_fetcher(limits, folder, minute), evidence, seconds=seconds, observe=observe)
        checker._limits, checker._is_anew = limits, is_anew
        return checker

    def check(
        self, chain: Chain, now: datetime, signing_times: SigningTimes = NO_SIGNING_TIMES
    ) -> tuple[CertificateStatus, ...]:
        """Returns the status of each certificate but the root, leaf first.

        Args:
            chain: A chain that leads to a trusted root: no URL that a stranger names is fetched.
            now: The time of the verification.
            signing_times: Trusted times of the signature.

        Raises:
            RevocationError: A certificate is revoked, or its status is unknown; `statuses` has those of all.
        """
        statuses = self.statuses(chain, now, signing_times)
        for decisive in (Status.REVOKED, Status.UNKNOWN):
            for status in statuses:
                if status.status is decisive:
                    raise _refusal(status, statuses)
        return statuses

    def statuses(
        self, chain: Chain, now: datetime, signing_times: SigningTimes = NO_SIGNING_TIMES
    ) -> tuple[CertificateStatus, ...]:
        """Like `check`, but returns revoked and unknown statuses too."""
        seconds = min(self._seconds, seconds_left())
        deadline = Deadline(seconds)
        links = list(zip(chain.certificates, chain.certificates[1:], strict=False))
        checks = [
            self._begin(CertificateCheck(self._sources, *link, now, signing_times, deadline), link[0]) for link in links
        ]
        wait(checks, seconds)
        return tuple(_status(*pair, seconds) for pair in zip(chain.certificates, checks, strict=False))

    def _begin(self, check: CertificateCheck, certificate: x509.Certificate) -> Future[CertificateStatus]:
        """Starts a check in a thread of its own, unless there is nothing to be read or fetched for it."""
        if self._sources.evidence or has_revocation_extensions(certificate):
            return start(check.status)
        done: Future[CertificateStatus] = Future()
        done.set_result(check.status())
        return done


def _unpickled(
    limits: Limits | None, evidence: LocalEvidence, seconds: float, observe: Observe, is_anew: bool
) -> RevocationChecker:
    if limits is None:
        return RevocationChecker(None, evidence, seconds=seconds, observe=observe)
    return RevocationChecker.online(evidence, limits, seconds=seconds, observe=observe, is_anew=is_anew)


@lru_cache(maxsize=8)
def _shared_fetcher(limits: Limits, folder: str, minute: int | None) -> RevocationFetcher:
    """One fetcher for a process, so that its caches serve all verifications.

    Args:
        limits: The limits of each request.
        folder: The folder of the cache, or an empty string for none.
        minute: Number of the minute for which it fetches everything anew, or None.
    """
    cache = CrlCache(folder) if minute is None else UnreadCrlCache(folder)
    return RevocationFetcher(anonymous_client(), cache if folder else None, limits)


def _status(certificate: x509.Certificate, check: Future[CertificateStatus], seconds: float) -> CertificateStatus:
    if not check.done():
        text = f"no answer within {seconds:g} seconds in all"
    elif error := check.exception():
        text = f"the answer could not be processed: {type(error).__name__}"
    else:
        return check.result()
    return CertificateStatus(certificate, Status.UNKNOWN, text)


def _refusal(status: CertificateStatus, statuses: tuple[CertificateStatus, ...]) -> RevocationError:
    name = subject_of(status.certificate)
    if status.status is Status.REVOKED:
        return RevocationError(f"certificate {name!r} is revoked ({status.text})", statuses=statuses)
    return RevocationError(
        f"revocation status of certificate {name!r} is unknown: {status.text}",
        advice="make sure that its OCSP responder or CRL can be reached, or give --evidence, --ocsp-response or --crl",
        statuses=statuses,
    )
