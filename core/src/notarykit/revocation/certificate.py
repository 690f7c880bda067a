"""The revocation of one certificate: what is asked, in which order, and what follows from the answers.

Trust store and trust policy specification, "Certificate Revocation Evaluation": OCSP is preferred, and CRLs are asked
where it leads to nothing. What the user gives in files comes before either.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from notarykit.keys.certificate import subject_of
from notarykit.net.urls import shown
from notarykit.revocation import ocsp
from notarykit.revocation.bundle import Bundle, covered_reasons, judge
from notarykit.revocation.crl import Crl
from notarykit.revocation.distribution_points import ALL_REASONS, Point, RevocationEndpoints, pointers_of
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.limits import Deadline
from notarykit.revocation.ocsp import Answer
from notarykit.revocation.result import (
    NO_MOMENTS,
    CertificateStatus,
    Evidence,
    Finding,
    NoAnswerError,
    SigningTimes,
    Status,
)

Observe = Callable[[Evidence], object]


class Means(NamedTuple):
    """What the questions about all certificates of a chain have in common.

    Attributes:
        sources: Where answers come from, or None for no network.
        given: What the user gives in files.
        observe: Called with each piece of evidence that is used.
    """

    sources: RevocationFetcher | None
    given: LocalEvidence
    observe: Observe


class _Covered:
    """What several CRLs say together (RFC 5280, section 6.3.3): one that it is revoked, or all that it is not."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._reasons: frozenset[x509.ReasonFlags] = frozenset()

    def add(self, finding: Finding, reasons: frozenset[x509.ReasonFlags]) -> None:
        """Adds what one says, and the reasons that it knows of."""
        self._findings.append(finding)
        self._reasons |= reasons

    def conclusion(self) -> Finding | None:
        """What follows from all; None where some reason is left that none of them knows of."""
        for finding in self._findings:
            if finding.status is Status.REVOKED:
                return finding
        return self._findings[-1] if self._reasons >= ALL_REASONS else None


class CertificateCheck:
    """The question about one certificate."""

    def __init__(
        self,
        means: Means,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        now: datetime,
        moments: SigningTimes,
        deadline: Deadline,
    ) -> None:
        self._sources, self._given, self._observe = means
        self._certificate = certificate
        self._issuer = issuer
        self._now = now
        self._moments = moments
        self._deadline = deadline
        self._asked: list[str] = []

    def status(self) -> CertificateStatus:
        """What is known of the certificate."""
        try:
            pointers = pointers_of(self._certificate)
        except NoAnswerError as error:
            return self._conclude(Finding(Status.UNKNOWN, str(error)))
        finding = self._by_files(pointers)
        if finding is None and not (pointers.ocsp or pointers.points):
            text = "it names neither an OCSP responder nor a CRL"
            return self._conclude(Finding(Status.NOT_REVOCABLE, text))
        finding = finding or self._by_ocsp(pointers) or self._by_crl(self._certificate, pointers, self._moments)
        nothing = "nothing that was given is about it" if self._given else "nothing can be asked"
        return self._conclude(finding or Finding(Status.UNKNOWN, "; ".join(self._asked) or nothing))

    def _conclude(self, finding: Finding) -> CertificateStatus:
        return CertificateStatus(self._certificate, finding.status, finding.text, tuple(self._asked))

    def _by_files(self, pointers: RevocationEndpoints) -> Finding | None:
        """What the given files say, the worst of it; one that says `unknown` says nothing."""
        findings: list[Finding | None] = [self._by_given_crls(self._certificate, pointers, self._moments)]
        for name, answer in self._given.answers(self._certificate, self._issuer, self._asked):
            try:
                finding = self._judged(answer)
            except NoAnswerError as error:
                self._asked.append(f"{name}: {error}")
                continue
            self._note(name, finding, was_there=False)
            findings.append(finding)
        for wanted in (Status.REVOKED, Status.GOOD):
            for each in findings:
                if each is not None and each.status is wanted:
                    return each
        return None

    def _by_given_crls(
        self, certificate: x509.Certificate, pointers: RevocationEndpoints, moments: SigningTimes
    ) -> Finding | None:
        """What the given CRLs say; none says from which of the distribution points it is."""
        direct = [point for point in pointers.points if not point.is_indirect]
        names = frozenset[x509.GeneralName]().union(*(point.names for point in direct))
        # Where the issuer itself publishes none, what it does not list says nothing.
        known = ALL_REASONS if direct or not pointers.points else frozenset()
        anywhere = Point((), names, known, is_indirect=False)
        found = _Covered()
        for name, bundle in self._given.bundles(self._issuer, self._asked):
            try:
                finding, reasons = self._judged_crl(bundle, certificate, pointers, anywhere, moments)
            except NoAnswerError as error:
                self._asked.append(f"{name}: {error}")
                continue
            self._note(name, finding, was_there=False)
            found.add(finding, reasons)
        return found.conclusion()

    def _judged_crl(
        self,
        bundle: Bundle,
        certificate: x509.Certificate,
        pointers: RevocationEndpoints,
        point: Point,
        moments: SigningTimes,
    ) -> tuple[Finding, frozenset[x509.ReasonFlags]]:
        finding, reasons = judge(bundle, certificate, point, self._now, moments)
        if pointers.names_delta and bundle.delta is None and finding.status is not Status.REVOKED:
            raise NoAnswerError("the certificate names a delta CRL, and the CRL does not")
        return finding, reasons

    def _by_ocsp(self, pointers: RevocationEndpoints) -> Finding | None:
        """What the first responder says that says anything; `unknown` is an answer, and leads to the CRLs."""
        if self._sources is None:
            return None
        for url in pointers.ocsp:
            try:
                found, was_there = self._sources.answer(url, self._certificate, self._issuer, self._now, self._deadline)
                finding = self._judged(found.answer)
            except NoAnswerError as error:
                self._asked.append(f"OCSP {shown(url)}: {error}")
                continue
            self._observe(Evidence("ocsp", url, found.der, found.answer.until))
            self._note(f"OCSP {shown(url)}", finding, was_there)
            return finding if finding.status is not Status.UNKNOWN else None
        return None

    def _judged(self, answer: Answer) -> Finding:
        finding = ocsp.judge(answer, self._now, self._moments)
        if answer.delegate is not None:
            self._check_delegate(answer.delegate)
        return finding

    def _note(self, source: str, finding: Finding, was_there: bool) -> None:
        remembered = " (remembered)" if was_there else ""
        self._asked.append(f"{source}: {finding.status}{remembered}, {finding.text}")

    def _check_delegate(self, delegate: x509.Certificate) -> None:
        """Specification, "Revocation Checking with OCSP": one without id-pkix-ocsp-nocheck is looked up in CRLs.

        Raises:
            NoAnswerError: It is revoked, or not known not to be.
        """
        pointers = pointers_of(delegate)
        if pointers.needs_no_check or not (pointers.ocsp or pointers.points):
            return
        finding = self._by_given_crls(delegate, pointers, NO_MOMENTS) or self._by_crl(delegate, pointers, NO_MOMENTS)
        if finding is None or finding.status is not Status.GOOD:
            raise NoAnswerError(
                f"the responder's certificate {subject_of(delegate)!r} is revoked, or its status is not known"
            )

    def _by_crl(
        self, certificate: x509.Certificate, pointers: RevocationEndpoints, moments: SigningTimes
    ) -> Finding | None:
        """Combines the findings of all distribution points, which together must cover all reasons (RFC 5280, 6.3.3)."""
        if self._sources is None:
            return None
        found = _Covered()
        for point in pointers.points:
            if at_point := self._at_point(point, certificate, pointers, moments):
                found.add(*at_point)
        return found.conclusion()

    def _at_point(
        self, point: Point, certificate: x509.Certificate, pointers: RevocationEndpoints, moments: SigningTimes
    ) -> tuple[Finding, frozenset[x509.ReasonFlags]] | None:
        """What the first CRL says that can be had at one point; its URLs are for the same CRL."""
        assert self._sources is not None
        if point.is_indirect:
            self._asked.append("a CRL that another than the issuer signs is not supported")
            return None

        def fits(base: Crl) -> object:
            return covered_reasons(base, certificate, point)

        for url in point.urls:
            try:
                bundle, was_there = self._sources.bundle(url, self._issuer, self._now, self._deadline, fits)
                finding, reasons = self._judged_crl(bundle, certificate, pointers, point, moments)
            except NoAnswerError as error:
                self._asked.append(f"CRL {shown(url)}: {error}")
                continue
            for each in bundle.crls:
                self._observe(Evidence("crl", url, each.der, each.next_update))
            self._note(f"CRL {shown(url)}", finding, was_there or bundle.is_from_file)
            return finding, reasons
        return None
