"""CRL with its delta: pairing, scope, and the status of a certificate.

Trust store and trust policy specification, "Revocation Checking with CRL" and "Revocation Checking with Delta CRLs".
"""

from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509 import ReasonFlags

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.keys.extensions import is_ca_certificate
from notarykit.revocation.crl import Crl, Entry, read_entry
from notarykit.revocation.distribution_points import ALL_REASONS, DistributionPoint
from notarykit.revocation.result import SigningTimes, SourceResult, Status, UnknownStatusError


class Bundle(NamedTuple):
    """Base CRL with its delta, if there is one.

    Attributes:
        base: The base.
        delta: The delta, or None.
        is_from_file: Whether it comes from the file cache.
        enough_until: Until when, by the monotonic clock, no newer one is fetched, since that has just failed.
    """

    base: Crl
    delta: Crl | None = None
    is_from_file: bool = False
    enough_until: float = 0.0

    @property
    def crls(self) -> tuple[Crl, ...]:
        """The base, followed by the delta if there is one."""
        return (self.base,) if self.delta is None else (self.base, self.delta)

    @property
    def ders(self) -> tuple[bytes, bytes | None]:
        """The bytes of the base and of the delta."""
        return self.base.der, self.delta.der if self.delta else None

    def is_current(self, now: datetime) -> bool:
        """Returns whether no newer CRL is expected yet."""
        return all(crl.is_current(now) for crl in self.crls)

    def is_valid(self, now: datetime) -> bool:
        """Returns whether neither CRL has passed its nextUpdate."""
        return all(now <= crl.next_update for crl in self.crls)


class Coverage:
    """Combined result of several CRLs (RFC 5280, section 6.3.3)."""

    def __init__(self) -> None:
        self._results: list[SourceResult] = []
        self._reasons: frozenset[ReasonFlags] = frozenset()

    def add(self, result: SourceResult, reasons: frozenset[ReasonFlags]) -> None:
        """Adds a CRL's result and the reasons that it covers."""
        self._results.append(result)
        self._reasons |= reasons

    def result(self) -> SourceResult | None:
        """Returns `revoked` if one CRL says so, else the last result if all reasons are covered, else None."""
        for result in self._results:
            if result.status is Status.REVOKED:
                return result
        return self._results[-1] if self._reasons >= ALL_REASONS else None


def pair(base: Crl, delta: Crl) -> Bundle:
    """Returns the bundle of a base and a delta that belongs to it.

    Specification, "Revocation Checking with Delta CRLs"; RFC 5280, section 5.2.4.

    Raises:
        NoAnswerError: Their numbers or scopes do not match.
    """
    if delta.base_number is None or base.number is None or delta.number is None:
        raise UnknownStatusError("the delta CRL or its base has no number")
    if delta.base_number != base.number:
        raise UnknownStatusError(f"the delta CRL is for base number {delta.base_number}, not {base.number}")
    if delta.number <= base.number:
        raise UnknownStatusError(f"the delta CRL has number {delta.number}, not above the base's {base.number}")
    if delta.scope != base.scope:
        raise UnknownStatusError("the delta CRL's scope is not that of its base")
    return Bundle(base, delta)


def judge(
    bundle: Bundle, certificate: x509.Certificate, point: DistributionPoint, now: datetime, signing_times: SigningTimes
) -> tuple[SourceResult, frozenset[ReasonFlags]]:
    """Returns the status of a certificate by CRLs whose signatures were verified.

    Args:
        bundle: The CRLs.
        certificate: The certificate.
        point: The distribution point of the certificate that they come from.
        now: The time of the verification.
        signing_times: Trusted times of the signature.

    Returns:
        The result, and the reasons that the CRLs cover.

    Raises:
        NoAnswerError: They are not valid now, or their scope is another.
    """
    base, delta = bundle.base, bundle.delta
    if base.has_delta and delta is None:
        raise UnknownStatusError("its delta CRL is missing")
    reasons = covered_reasons(base, certificate, point)
    result, is_final = _find_entry(bundle, certificate.serial_number, signing_times)
    if is_final:  # an expired CRL is as good as a current one then
        return result, reasons
    for crl in bundle.crls:
        crl.check_dates(now)
    if result.status is Status.REVOKED:
        return result, reasons
    last = min(crl.next_update for crl in bundle.crls)
    return result._replace(text=f"{result.text}until {format_rfc3339(last)}"), reasons


def covered_reasons(crl: Crl, certificate: x509.Certificate, point: DistributionPoint) -> frozenset[ReasonFlags]:
    """Returns the reasons that a CRL covers, if the certificate is in its scope (RFC 5280, 6.3.3, b and d).

    Raises:
        NoAnswerError: The certificate is not in its scope, or it is a delta, which is not used alone.
    """
    if crl.base_number is not None:
        raise UnknownStatusError("it is a delta CRL, not a complete one")
    scope = crl.scope
    if scope is None:
        return point.reasons
    if scope.indirect_crl or scope.relative_name:
        raise UnknownStatusError("it is an indirect CRL, or one with a relative name, which are not supported")
    if scope.full_name and point.names.isdisjoint(scope.full_name):
        raise UnknownStatusError("it belongs to another distribution point than the certificate's")
    of_ca = is_ca_certificate(certificate)
    if scope.only_contains_attribute_certs or (scope.only_contains_user_certs and of_ca):
        raise UnknownStatusError("its scope leaves out CA certificates")
    if scope.only_contains_ca_certs and not of_ca:
        raise UnknownStatusError("its scope is CA certificates only")
    return point.reasons if scope.only_some_reasons is None else point.reasons & scope.only_some_reasons


def _find_entry(bundle: Bundle, serial_number: int, signing_times: SigningTimes) -> tuple[SourceResult, bool]:
    """Returns the result, and whether it is final and not a hold (RFC 5280, section 6.3.3, i to l)."""
    hold: Entry | None = None
    for crl in bundle.crls:
        is_delta = crl is bundle.delta
        entries = [read_entry(entry) for entry in crl.entries(serial_number)]
        for entry in entries:
            if entry.reason is ReasonFlags.remove_from_crl:
                if not is_delta:
                    raise UnknownStatusError("it has an entry with removeFromCRL, which only delta CRLs may have")
            elif entry.spares(signing_times):
                continue
            elif entry.reason is not ReasonFlags.certificate_hold:
                return SourceResult(Status.REVOKED, entry.text), True
        held = [
            entry
            for entry in entries
            if entry.reason is ReasonFlags.certificate_hold and not entry.spares(signing_times)
        ]
        removed = [entry for entry in entries if entry.reason is ReasonFlags.remove_from_crl]
        if held:
            hold = held[0]
        elif hold is not None and any(entry.date >= hold.date for entry in removed):
            hold = None
    return (SourceResult(Status.REVOKED, hold.text) if hold else SourceResult(Status.GOOD, "")), False
