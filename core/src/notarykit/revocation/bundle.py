"""A CRL with its delta: whether the two belong together, and what they say about a certificate.

Trust store and trust policy specification, "Revocation Checking with CRL" and "Revocation Checking with Delta CRLs".
"""

from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509 import ReasonFlags

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.keys.extensions import is_ca
from notarykit.revocation.crl import Crl, Entry, read_entry
from notarykit.revocation.distribution_points import Point
from notarykit.revocation.result import Finding, NoAnswerError, SigningTimes, Status


class Bundle(NamedTuple):
    """A base CRL and its delta, if there is one.

    Attributes:
        base: The base.
        delta: The delta, or None.
        is_from_file: Whether it comes from the cache's files.
        enough_until: Until when, by the monotonic clock, no newer one is looked for, since that has just failed.
    """

    base: Crl
    delta: Crl | None = None
    is_from_file: bool = False
    enough_until: float = 0.0

    @property
    def crls(self) -> tuple[Crl, ...]:
        """Those that are there."""
        return (self.base,) if self.delta is None else (self.base, self.delta)

    @property
    def ders(self) -> tuple[bytes, bytes | None]:
        """The bytes of both."""
        return self.base.der, self.delta.der if self.delta else None

    def is_current(self, now: datetime) -> bool:
        """Whether there is no reason to look for newer ones."""
        return all(crl.is_current(now) for crl in self.crls)


def paired(base: Crl, delta: Crl) -> Bundle:
    """A base and its delta, if the one goes with the other.

    Specification, "Revocation Checking with Delta CRLs"; RFC 5280, section 5.2.4.

    Raises:
        NoAnswerError: The numbers or the scopes do not fit.
    """
    if delta.base_number is None or base.number is None or delta.number is None:
        raise NoAnswerError("the delta CRL or its base has no number")
    if delta.base_number != base.number:
        raise NoAnswerError(f"the delta CRL is to number {delta.base_number}, and the base is number {base.number}")
    if delta.number <= base.number:
        raise NoAnswerError(f"the delta CRL has number {delta.number}, which is not after the base's {base.number}")
    if delta.scope != base.scope:
        raise NoAnswerError("the delta CRL is not about the same certificates as its base")
    return Bundle(base, delta)


def judge(
    bundle: Bundle, certificate: x509.Certificate, point: Point, now: datetime, moments: SigningTimes
) -> tuple[Finding, frozenset[ReasonFlags]]:
    """What CRLs, whose signatures were checked, say today about a certificate and a signature of a certain time.

    Args:
        bundle: The CRLs.
        certificate: The certificate.
        point: The distribution point of the certificate that they stand for.
        now: The time of the verification.
        moments: When the signature was made.

    Returns:
        What they say, and the reasons for which they would have said that it is revoked.

    Raises:
        NoAnswerError: They are not of today, or not about this certificate.
    """
    base, delta = bundle.base, bundle.delta
    if base.has_delta and delta is None:
        raise NoAnswerError("it has a delta CRL, which is not there")
    reasons = covered_reasons(base, certificate, point)
    finding, is_for_good = _listed(bundle, certificate.serial_number, moments)
    if is_for_good:  # so that an old CRL is as good as a new one
        return finding, reasons
    for crl in bundle.crls:
        crl.check_dates(now)
    if finding.status is Status.REVOKED:
        return finding, reasons
    last = min(crl.next_update for crl in bundle.crls)
    return finding._replace(text=f"{finding.text}until {format_rfc3339(last)}"), reasons


def covered_reasons(crl: Crl, certificate: x509.Certificate, point: Point) -> frozenset[ReasonFlags]:
    """The reasons that a CRL covers, if it is about the certificate (RFC 5280, section 6.3.3, steps b and d).

    Raises:
        NoAnswerError: It is about others, or a delta, which says nothing by itself.
    """
    if crl.base_number is not None:
        raise NoAnswerError("it is a delta CRL, and not a whole one")
    scope = crl.scope
    if scope is None:
        return point.reasons
    if scope.indirect_crl or scope.relative_name:
        raise NoAnswerError("it is an indirect CRL, or one with a relative name, which are not supported")
    if scope.full_name and point.names.isdisjoint(scope.full_name):
        raise NoAnswerError("it is of another distribution point than the certificate's")
    of_ca = is_ca(certificate)
    if scope.only_contains_attribute_certs or (scope.only_contains_user_certs and of_ca):
        raise NoAnswerError("it is not about certificates of CAs")
    if scope.only_contains_ca_certs and not of_ca:
        raise NoAnswerError("it is about certificates of CAs alone")
    return point.reasons if scope.only_some_reasons is None else point.reasons & scope.only_some_reasons


def _listed(bundle: Bundle, serial_number: int, moments: SigningTimes) -> tuple[Finding, bool]:
    """Whether CRLs list a certificate, and for good, or on hold (RFC 5280, section 6.3.3, i to l)."""
    hold: Entry | None = None
    for crl in bundle.crls:
        is_delta = crl is bundle.delta
        entries = [read_entry(entry) for entry in crl.entries(serial_number)]
        for entry in entries:
            if entry.reason is ReasonFlags.remove_from_crl:
                if not is_delta:
                    raise NoAnswerError("it is no delta CRL, and has an entry with removeFromCRL")
            elif entry.spares(moments):
                continue
            elif entry.reason is not ReasonFlags.certificate_hold:
                return Finding(Status.REVOKED, entry.text), True
        held = [
            entry for entry in entries if entry.reason is ReasonFlags.certificate_hold and not entry.spares(moments)
        ]
        removed = [entry for entry in entries if entry.reason is ReasonFlags.remove_from_crl]
        if held:
            hold = held[0]
        elif hold is not None and any(entry.date >= hold.date for entry in removed):
            hold = None
    return (Finding(Status.REVOKED, hold.text) if hold else Finding(Status.GOOD, "")), False
