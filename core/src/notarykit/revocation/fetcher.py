"""Where answers come from: OCSP responders and CRLs over HTTP, the cache of CRLs, and the memory of this process.

Trust store and trust policy specification, "OCSP Download" and "CRL Download": `http` alone, 2 and 5 seconds. Whatever
comes from outside is checked before it is kept.
"""

import base64
import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from notarykit.errors import NotarykitError
from notarykit.net import trace
from notarykit.net.budget import Budget
from notarykit.net.client import HttpClient
from notarykit.net.urls import shown
from notarykit.revocation import ocsp
from notarykit.revocation.bundle import Bundle, paired
from notarykit.revocation.crl import Crl
from notarykit.revocation.file_cache import Cached, CrlCache
from notarykit.revocation.limits import SECONDS_OF_A_FAILURE, Deadline, Limits
from notarykit.revocation.ocsp import Answer
from notarykit.revocation.result import NoAnswerError, NotForAllError, Status
from notarykit.revocation.singleflight import SingleFlightCache

LARGEST_CRL = 32 * 1024 * 1024
_MOST_HEADERS = 64 * 1024
_MOST_ANSWERS = 4096
_SECONDS_KEPT = 3600.0  # responders may give answers for a year
_LARGEST_MEMORY = 256 * 1024 * 1024
_SIZE_OF_A_QUESTION = 16 * 1024
_LONGEST_GET = 255  # RFC 6960, appendix A.1: small requests may be submitted using GET
_NONCE_BYTES = 16
_OK = 200


class Found(NamedTuple):
    """An OCSP answer with its bytes.

    Attributes:
        answer: What it says.
        der: Its bytes.
        fresh_until: Until when, by the monotonic clock, no newer one is asked for.
    """

    answer: Answer
    der: bytes
    fresh_until: float


class RevocationFetcher:
    """Asks, and remembers. May be used from several threads.

    Args:
        client: Sends the requests.
        cache: The files of CRLs, or None.
        limits: What it may cost.
    """

    def __init__(self, client: HttpClient, cache: CrlCache | None, limits: Limits | None = None) -> None:
        self._client = client
        self._cache = cache
        self._limits = limits or Limits()
        self._answers: SingleFlightCache[Found] = SingleFlightCache(_MOST_ANSWERS, lambda _: 1)
        self._bundles: SingleFlightCache[Bundle] = SingleFlightCache(_LARGEST_MEMORY, _size)

    def answer(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, deadline: Deadline
    ) -> tuple[Found, bool]:
        """What an OCSP responder says about a certificate, and whether it said so earlier.

        Raises:
            NoAnswerError: It says nothing that is accepted.
        """
        question = (url, certificate.fingerprint(SHA256()), issuer.fingerprint(SHA256()))
        found, was_there = self._answers.get(
            question,
            lambda found: not self._limits.with_nonce and _is_kept(found, now),
            lambda old: self._ask_again(old, url, certificate, issuer, now, deadline),
            deadline.left(),
        )
        if was_there:
            trace.note(f"OCSP answer of {shown(url)}: known to this process")
        return found, was_there

    def _ask_again(
        self,
        old: Found | None,
        url: str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        now: datetime,
        deadline: Deadline,
    ) -> Found:
        """A new answer; where there is none, an old one is good for as long as it says."""
        try:
            return self._ask(url, certificate, issuer, deadline)
        except NotForAllError:
            raise
        except NoAnswerError:
            if old is not None and ocsp.is_current(old.answer, now) and not self._limits.with_nonce:
                return old._replace(fresh_until=time.monotonic() + SECONDS_OF_A_FAILURE)
            raise

    def _ask(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, deadline: Deadline) -> Found:
        nonce = os.urandom(_NONCE_BYTES) if self._limits.with_nonce else b""
        request = ocsp.make_request(certificate, issuer, nonce)
        path = quote(base64.b64encode(request).decode("ascii"), safe="")
        refused: NoAnswerError | None = None
        limits = (self._limits.ocsp_seconds, ocsp.LARGEST_ANSWER)
        if len(path) < _LONGEST_GET:
            try:
                der = self._send("GET", f"{url.rstrip('/')}/{path}", deadline, *limits)
                return _found(der, certificate, issuer, nonce)
            except _StatusError as error:
                refused = error  # some responders know POST alone
        try:
            der = self._send("POST", url, deadline, *limits, request)
        except _StatusError as error:
            raise refused or error from None
        return _found(der, certificate, issuer, nonce)

    def bundle(
        self,
        url: str,
        issuer: x509.Certificate,
        now: datetime,
        deadline: Deadline,
        fits: Callable[[Crl], object] = lambda _: None,
    ) -> tuple[Bundle, bool]:
        """The CRL of a distribution point with its delta, checked under the issuer, and whether it was there already.

        Args:
            url: Where it is.
            issuer: Who must have signed it.
            now: The time of the verification.
            deadline: The end of the check.
            fits: Raises `NoAnswerError` for one that is not about the certificate in question: whoever sends such a one
                does not have it kept.

        Raises:
            NoAnswerError: There is none that is accepted.
        """
        question = (url, issuer.fingerprint(SHA256()))
        bundle, was_there = self._bundles.get(
            question,
            lambda bundle: _is_enough(bundle, now) and _is_accepted(bundle, fits),
            lambda old: self._find(url, issuer, fits, old, now, deadline),
            deadline.left(),
        )
        if was_there:
            trace.note(f"CRL {shown(url)}: known to this process")
        return bundle, was_there

    def _find(
        self,
        url: str,
        issuer: x509.Certificate,
        fits: Callable[[Crl], object],
        old: Bundle | None,
        now: datetime,
        deadline: Deadline,
    ) -> Bundle:
        known = [each for each in (old, self._cached(url, issuer)) if each is not None and _is_accepted(each, fits)]
        old = max(known, key=lambda each: [(crl.this_update, crl.next_update) for crl in each.crls], default=None)
        if old is not None and old.is_current(now):
            trace.note(f"CRL {shown(url)}: in the cache")
            return old
        try:
            bundle = self._refreshed(old, issuer, now, deadline) or self._downloaded(url, issuer, deadline)
            _check_fit(bundle, fits)
        except NoAnswerError as error:
            # A newer one should be there, and the old one is good for a while.
            if old is not None and _counts(old, now):
                is_ours = isinstance(error, NotForAllError)
                return old if is_ours else old._replace(enough_until=time.monotonic() + SECONDS_OF_A_FAILURE)
            raise
        if self._cache is not None and _counts(bundle, now):
            self._cache.write(url, Cached(*bundle.ders))
        return bundle

    def _cached(self, url: str, issuer: x509.Certificate) -> Bundle | None:
        cached = self._cache.read(url) if self._cache else None
        if cached is None:
            return None
        try:
            base = _checked(cached.base, issuer)
            if cached.delta is None:
                return None if base.has_delta else Bundle(base, is_from_file=True)
            return paired(base, _checked(cached.delta, issuer))._replace(is_from_file=True)
        except NoAnswerError:
            return None

    def _refreshed(
        self, old: Bundle | None, issuer: x509.Certificate, now: datetime, deadline: Deadline
    ) -> Bundle | None:
        """The old base with a new delta, where the base is still the present one and the new delta is to it."""
        if old is None or not old.base.is_current(now) or not old.base.has_delta:
            return None
        try:
            return self._with_delta(old.base, issuer, deadline)
        except NoAnswerError:
            return None

    def _downloaded(self, url: str, issuer: x509.Certificate, deadline: Deadline) -> Bundle:
        return self._with_delta(self._crl(url, issuer, deadline), issuer, deadline)

    def _with_delta(self, base: Crl, issuer: x509.Certificate, deadline: Deadline) -> Bundle:
        """A base with its delta, from where the base says, if it has one.

        Specification, "Revocation Checking with Delta CRLs": one that cannot be had leaves the status unknown.

        Raises:
            NoAnswerError: There is none that is accepted.
        """
        if not base.has_delta:
            return Bundle(base)
        failure = NoAnswerError("it has a delta CRL, and does not say where")
        for url in base.delta_urls:
            try:
                return paired(base, self._crl(url, issuer, deadline))
            except NotForAllError:
                raise
            except NoAnswerError as error:
                failure = NoAnswerError(f"its delta CRL {shown(url)}: {error}")
        raise failure

    def _crl(self, url: str, issuer: x509.Certificate, deadline: Deadline) -> Crl:
        return _checked(self._send("GET", url, deadline, self._limits.crl_seconds, LARGEST_CRL), issuer)

    def _send(
        self, method: str, url: str, deadline: Deadline, seconds: float, limit: int, body: bytes | None = None
    ) -> bytes:
        if not url.lower().startswith("http://"):
            raise NoAnswerError("only http is asked")
        headers = {} if body is None else {"Content-Type": "application/ocsp-request"}
        budget = Budget(limit + _MOST_HEADERS, deadline.left(seconds))
        try:
            response = self._client.send(
                method, url, budget=budget, limit=limit, headers=headers, body=body, again=False
            )
        except NotarykitError as error:
            deadline.left()  # where nothing is left, it is not the server that was slow
            place = shown(url)  # which whoever notes the answer names already
            raise NoAnswerError(error.message.removeprefix(f"{method} ").removeprefix(f"{place}: ")) from None
        if response.status != _OK:
            raise _StatusError(f"it answers with status {response.status}")
        return response.body


class _StatusError(NoAnswerError):
    """The server answers, but not what was asked."""


def _found(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> Found:
    return Found(ocsp.read_answer(der, certificate, issuer, nonce), der, time.monotonic() + _SECONDS_KEPT)


def _checked(der: bytes, issuer: x509.Certificate) -> Crl:
    found = Crl(der)
    found.check_issuer(issuer)
    return found


def _check_fit(bundle: Bundle, fits: Callable[[Crl], object]) -> None:
    try:
        fits(bundle.base)
    except NoAnswerError as error:
        raise NotForAllError(str(error)) from None


def _is_accepted(bundle: Bundle, fits: Callable[[Crl], object]) -> bool:
    try:
        _check_fit(bundle, fits)
    except NotForAllError:
        return False
    return True


def _is_kept(found: Found, now: datetime) -> bool:
    """Whether an answer need not be asked for again; `unknown` may be known in a moment."""
    if found.answer.status is Status.UNKNOWN or not ocsp.is_current(found.answer, now):
        return False
    return time.monotonic() < found.fresh_until


def _is_enough(bundle: Bundle, now: datetime) -> bool:
    return bundle.is_current(now) or (time.monotonic() < bundle.enough_until and _counts(bundle, now))


def _counts(bundle: Bundle, now: datetime) -> bool:
    return all(now <= each.next_update for each in bundle.crls)


def _size(bundle: Bundle | None) -> int:
    """What it takes in memory: its bytes, and what is kept of any question."""
    return _SIZE_OF_A_QUESTION + sum(len(each.der) for each in (bundle.crls if bundle else ()))
