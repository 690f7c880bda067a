"""Revocation check of one certificate: local evidence first, then OCSP, then CRLs.

Trust store and trust policy specification, "Certificate Revocation Evaluation": OCSP is preferred, with CRLs as the
fallback.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from notarykit.keys.certificate import subject_of
from notarykit.net.urls import redact_url
from notarykit.revocation import ocsp
from notarykit.revocation.bundle import Bundle, Coverage, covered_reasons, judge
from notarykit.revocation.crl import Crl
from notarykit.revocation.distribution_points import (
    ALL_REASONS,
    DistributionPoint,
    RevocationEndpoints,
    read_endpoints,
)
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.limits import Deadline
from notarykit.revocation.ocsp import OcspResult
from notarykit.revocation.result import (
    NO_SIGNING_TIMES,
    CertificateStatus,
    Evidence,
    SigningTimes,
    SourceResult,
    Status,
    UnknownStatusError,
)

Observe = Callable[[Evidence], object]


def ignore(evidence: Evidence) -> None:
    """Observes nothing."""


class Sources(NamedTuple):
    """Sources of revocation status, shared by the checks of a chain's certificates.

    Attributes:
        fetcher: Fetches OCSP responses and CRLs; None for no network.
        evidence: Local OCSP responses and CRLs.
        observe: Called with each piece of evidence that is used.
    """

    fetcher: RevocationFetcher | None
    evidence: LocalEvidence
    observe: Observe


class CertificateCheck:
    """Check of one certificate; `status` runs it, once."""

    def __init__(
        self,
        sources: Sources,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        now: datetime,
        signing_times: SigningTimes,
        deadline: Deadline,
    ) -> None:
        self._fetcher, self._evidence, self._observe = sources
        self._certificate = certificate
        self._issuer = issuer
        self._now = now
        self._signing_times = signing_times
        self._deadline = deadline
        self._log: list[str] = []

    def status(self) -> CertificateStatus:
        """Returns the certificate's status."""
        try:
            endpoints = read_endpoints(self._certificate)
        except UnknownStatusError as error:
            return self._conclude(SourceResult(Status.UNKNOWN, str(error)))
        result = self._by_evidence(endpoints)
        if result is None and not endpoints:
            text = "it names neither an OCSP responder nor a CRL"
            return self._conclude(SourceResult(Status.NOT_REVOCABLE, text))
        result = result or self._by_ocsp(endpoints) or self._by_crl(self._certificate, endpoints, self._signing_times)
        nothing = "no local evidence is about it" if self._evidence else "there is no network and no local evidence"
        return self._conclude(result or SourceResult(Status.UNKNOWN, "; ".join(self._log) or nothing))

    def _conclude(self, result: SourceResult) -> CertificateStatus:
        return CertificateStatus(self._certificate, result.status, result.text, tuple(self._log))

    def _by_evidence(self, endpoints: RevocationEndpoints) -> SourceResult | None:
        """Returns the worst result of the local evidence; `unknown` counts as none."""
        results = [self._by_local_crls(self._certificate, endpoints, self._signing_times)]
        for name, response in self._evidence.responses(self._certificate, self._issuer, self._log):
            try:
                result = self._judge_response(response)
            except UnknownStatusError as error:
                self._log.append(f"{name}: {error}")
                continue
            self._note(name, result)
            results.append(result)
        for decisive in (Status.REVOKED, Status.GOOD):
            for candidate in results:
                if candidate is not None and candidate.status is decisive:
                    return candidate
        return None

    def _by_local_crls(
        self, certificate: x509.Certificate, endpoints: RevocationEndpoints, signing_times: SigningTimes
    ) -> SourceResult | None:
        """Combines the local CRLs; a file does not name the distribution point that its CRL comes from."""
        direct = [point for point in endpoints.points if not point.is_indirect]
        names = frozenset[x509.GeneralName]().union(*(point.names for point in direct))
        # Where the issuer itself publishes no CRL, absence from its CRL proves nothing.
        known = ALL_REASONS if direct or not endpoints.points else frozenset()
        any_point = DistributionPoint((), names, known, is_indirect=False)
        coverage = Coverage()
        for name, bundle in self._evidence.bundles(self._issuer, self._log):
            try:
                result, reasons = self._judge_crl(bundle, certificate, endpoints, any_point, signing_times)
            except UnknownStatusError as error:
                self._log.append(f"{name}: {error}")
                continue
            self._note(name, result)
            coverage.add(result, reasons)
        return coverage.result()

    def _judge_crl(
        self,
        bundle: Bundle,
        certificate: x509.Certificate,
        endpoints: RevocationEndpoints,
        point: DistributionPoint,
        signing_times: SigningTimes,
    ) -> tuple[SourceResult, frozenset[x509.ReasonFlags]]:
        result, reasons = judge(bundle, certificate, point, self._now, signing_times)
        if endpoints.names_delta_crl and bundle.delta is None and result.status is not Status.REVOKED:
            raise UnknownStatusError("the certificate names a delta CRL, and the CRL does not")
        return result, reasons

    def _by_ocsp(self, endpoints: RevocationEndpoints) -> SourceResult | None:
        """Returns the first usable response; `unknown` is usable, and leads to the CRLs."""
        if self._fetcher is None:
            return None
        for url in endpoints.ocsp:
            source = f"OCSP {redact_url(url)}"
            try:
                response, from_cache = self._fetcher.ocsp.response(
                    url, self._certificate, self._issuer, self._now, self._deadline
                )
                result = self._judge_response(response.result)
            except UnknownStatusError as error:
                self._log.append(f"{source}: {error}")
                continue
            since, until = response.result.this_update, response.result.until
            self._observe(Evidence("ocsp", url, response.der, since, until))
            self._note(source, result, from_cache=from_cache)
            return result if result.status is not Status.UNKNOWN else None
        return None

    def _judge_response(self, response: OcspResult) -> SourceResult:
        result = ocsp.judge(response, self._now, self._signing_times)
        if response.delegate is not None:
            self._check_delegate(response.delegate)
        return result

    def _note(self, source: str, result: SourceResult, *, from_cache: bool = False) -> None:
        self._log.append(f"{source}: {result.status}{' (cached)' if from_cache else ''}, {result.text}")

    def _check_delegate(self, delegate: x509.Certificate) -> None:
        """Checks a delegate without id-pkix-ocsp-nocheck by CRLs ("Revocation Checking with OCSP").

        Raises:
            UnknownStatusError: The delegate is revoked, or its status is unknown.
        """
        endpoints = read_endpoints(delegate)
        if endpoints.needs_no_check or not endpoints:
            return
        arguments = (delegate, endpoints, NO_SIGNING_TIMES)
        result = self._by_local_crls(*arguments) or self._by_crl(*arguments)
        if result is None or result.status is not Status.GOOD:
            raise UnknownStatusError(
                f"the responder's certificate {subject_of(delegate)!r} is revoked, or its status is unknown"
            )

    def _by_crl(
        self, certificate: x509.Certificate, endpoints: RevocationEndpoints, signing_times: SigningTimes
    ) -> SourceResult | None:
        """Combines the results of all distribution points, which must cover all reasons (RFC 5280, 6.3.3)."""
        coverage = Coverage()
        for point in endpoints.points if self._fetcher else ():
            if at_point := self._at_point(point, certificate, endpoints, signing_times):
                coverage.add(*at_point)
        return coverage.result()

    def _at_point(
        self,
        point: DistributionPoint,
        certificate: x509.Certificate,
        endpoints: RevocationEndpoints,
        signing_times: SigningTimes,
    ) -> tuple[SourceResult, frozenset[x509.ReasonFlags]] | None:
        """Returns the result of the first usable CRL of a distribution point, whose URLs are for the same CRL."""
        assert self._fetcher is not None
        if point.is_indirect:
            self._log.append("a CRL that another than the issuer signs is not supported")
            return None

        def check_scope(base: Crl) -> object:
            return covered_reasons(base, certificate, point)

        for url in point.urls:
            source = f"CRL {redact_url(url)}"
            try:
                bundle, from_cache = self._fetcher.crl.bundle(url, self._issuer, self._now, self._deadline, check_scope)
                result, reasons = self._judge_crl(bundle, certificate, endpoints, point, signing_times)
            except UnknownStatusError as error:
                self._log.append(f"{source}: {error}")
                continue
            for crl in bundle.crls:
                self._observe(Evidence("crl", url, crl.der, crl.this_update, crl.next_update))
            self._note(source, result, from_cache=from_cache or bundle.is_from_file)
            return result, reasons
        return None
