"""CRLs (RFC 5280, section 5): parsing, the issuer's signature, and the entries of a certificate.

Trust store and trust policy specification, "CRLs". A CRL may have a million entries: it is parsed once, its signature
is verified over its bytes as they are, and entries are searched in those bytes. Nothing here uses a network.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509 import ReasonFlags
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import CertificateError
from notarykit.keys import requirements
from notarykit.keys.certificate import subject_of
from notarykit.keys.der import SEQUENCE, elements, integer
from notarykit.keys.x509_signature import verify_x509_signature
from notarykit.revocation.distribution_points import distribution_points_of
from notarykit.revocation.limits import CLOCK_SKEW
from notarykit.revocation.result import UNREADABLE, SigningTimes, UnknownStatusError, short_reason

_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_CRITICAL = b"\x01\x01\xff\x04"  # TRUE, and the OCTET STRING behind it (RFC 5280, section 4.1)
_LONGEST_NUMBER = 160  # bits (RFC 5280, section 5.2.3)
_NEXT_PUBLISH = ObjectIdentifier("1.3.6.1.4.1.311.21.4")
# RFC 5280, section 5.2: "If a CRL contains a critical extension that the application cannot process", it is not used.
_PROCESSED = {
    ExtensionOID.CRL_NUMBER, ExtensionOID.DELTA_CRL_INDICATOR, ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    ExtensionOID.FRESHEST_CRL, ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
}  # fmt: skip


class Crl:
    """CRL without unknown critical extensions, whose signature `check_issuer` verifies.

    Attributes:
        der: Its bytes.
        this_update: Its date of issue.
        next_update: The latest date of the next one.
        number: Its number, or None.
        base_number: The number of the CRL that it is a delta to, or None.
        scope: Its issuingDistributionPoint, or None.
        has_delta: Whether it has a delta.
        delta_urls: The URLs of that delta.
    """

    def __init__(self, der: bytes) -> None:
        """Parses it.

        Raises:
            NoAnswerError: It is malformed, does not say until when it counts, or has an unknown critical extension.
        """
        self.der = der
        try:
            self._parsed = x509.load_der_x509_crl(der)
            self._extensions = {extension.oid: extension for extension in self._parsed.extensions}
            next_update, self.this_update = self._parsed.next_update_utc, self._parsed.last_update_utc
            self._next_publish = self._read_next_publish()
        except UNREADABLE as error:
            raise UnknownStatusError(f"it is no readable CRL: {short_reason(error)}") from None
        if next_update is None:
            raise UnknownStatusError("it has no nextUpdate")
        self.next_update = next_update
        for extension in self._extensions.values():
            if extension.critical and extension.oid not in _PROCESSED:
                raise UnknownStatusError(f"it has the critical extension {extension.oid.dotted_string}")
        number = self._value(ExtensionOID.CRL_NUMBER)
        base = self._value(ExtensionOID.DELTA_CRL_INDICATOR)
        scope = self._value(ExtensionOID.ISSUING_DISTRIBUTION_POINT)
        freshest = self._value(ExtensionOID.FRESHEST_CRL)
        self.number = number.crl_number if isinstance(number, x509.CRLNumber) else None
        self.base_number = base.crl_number if isinstance(base, x509.DeltaCRLIndicator) else None
        self.scope = scope if isinstance(scope, x509.IssuingDistributionPoint) else None
        if any(value is not None and value.bit_length() > _LONGEST_NUMBER for value in (self.number, self.base_number)):
            raise UnknownStatusError("its number is longer than 20 bytes")
        points = distribution_points_of(freshest) if isinstance(freshest, x509.FreshestCRL) else ()
        self.delta_urls = tuple(url for point in points for url in point.urls)
        self.has_delta = freshest is not None

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling, by its bytes."""
        return Crl, (self.der,)

    def _check_entries(self) -> None:
        """Refuses a CRL with an unknown critical entry extension (RFC 5280, section 5.3).

        All entries are parsed only where the bytes of something critical occur among them, which is rare.
        """
        (_, _, content), *_ = elements(memoryview(self.der))
        signed, *rest = elements(content)
        parts = list(elements(signed[2]))
        listed = max(index for index, (tag, _, _) in enumerate(parts) if tag == SEQUENCE)
        behind = sum(len(whole) for _, whole, _ in (*parts[listed + 1 :], *rest))
        if self.der.find(_CRITICAL, 0, len(self.der) - behind) >= 0:
            for entry in self._parsed:
                read_entry(entry)

    def _value(self, oid: ObjectIdentifier) -> x509.ExtensionType | None:
        return self._extensions[oid].value if oid in self._extensions else None

    def _read_next_publish(self) -> datetime | None:
        extension = self._extensions.get(_NEXT_PUBLISH)
        if extension is None or not isinstance(extension.value, x509.UnrecognizedExtension):
            return None
        (tag, _, content), *_ = elements(extension.value.value)
        form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
        return datetime.strptime(content.decode("ascii"), form).replace(tzinfo=UTC)

    def is_current(self, now: datetime) -> bool:
        """Returns whether no newer CRL is expected yet, by NextPublish if present, else by nextUpdate."""
        until = min(self.next_update, self._next_publish or self.next_update)
        return self.this_update - CLOCK_SKEW <= now <= until

    def check_dates(self, now: datetime) -> None:
        """Refuses a CRL that is not of today.

        Raises:
            NoAnswerError: It is of the future, or the next one should be there.
        """
        if self.this_update > now + CLOCK_SKEW:
            raise UnknownStatusError(f"it is of the future, {format_rfc3339(self.this_update)}: check the clock")
        if now > self.next_update:
            raise UnknownStatusError(f"it expired at {format_rfc3339(self.next_update)}")

    @property
    def issuer(self) -> str:
        """The name of the issuer that it claims, for people."""
        try:
            return self._parsed.issuer.rfc4514_string()
        except UNREADABLE:
            return "(a name that cannot be read)"

    def has_issuer(self, issuer: x509.Certificate) -> bool:
        """Returns whether it names an issuer; `check_issuer` verifies the claim."""
        try:
            return self._parsed.issuer == issuer.subject
        except UNREADABLE:
            return False

    def check_issuer(self, issuer: x509.Certificate) -> None:
        """Refuses a CRL that an issuer did not sign, or must not sign.

        Raises:
            NoAnswerError: The name, the signature or the key usage does not match.
        """
        name = subject_of(issuer)
        try:
            if not self.has_issuer(issuer):
                raise UnknownStatusError(f"it is not by the issuer {name!r}")
            placed = requirements.chain_member(issuer, "issuer", 0)
            if placed.key_usage is not None and not placed.key_usage.value.crl_sign:
                raise UnknownStatusError(f"the issuer {name!r} must not sign CRLs (keyUsage has no cRLSign)")
            verify_x509_signature(self.der, issuer.public_key())
            self._check_entries()
        except (*UNREADABLE, CertificateError) as error:
            raise UnknownStatusError(f"by {name!r}: {short_reason(error)}") from None

    def entries(self, serial_number: int) -> list[x509.RevokedCertificate]:
        """Returns the entries of a serial number; more than one only where the CA made a mistake.

        A serial number has one form in DER, and a date follows it: without these bytes, there is no entry.
        """
        number = integer(serial_number)
        places = [
            place for tag in (_UTC_TIME, _GENERALIZED_TIME) for place in _occurrences(self.der, number + bytes((tag,)))
        ]
        if not places:
            return []
        entry = self._parsed.get_revoked_certificate_by_serial_number(serial_number)
        if entry is None:
            return []
        return (
            [entry] if len(places) == 1 else [other for other in self._parsed if other.serial_number == serial_number]
        )


def _occurrences(der: bytes, encoded: bytes) -> list[int]:
    places = []
    place = der.find(encoded)
    while place >= 0:
        places.append(place)
        place = der.find(encoded, place + 1)
    return places


class Entry(NamedTuple):
    """One entry of a CRL (RFC 5280, section 5.3).

    Attributes:
        date: The date of the revocation.
        reason: The reason.
        invalidity_date: The date since which the key is not trusted, or None.
    """

    date: datetime
    reason: ReasonFlags
    invalidity_date: datetime | None

    @property
    def text(self) -> str:
        """The date and the reason, for people."""
        return f"on {format_rfc3339(self.date)}, {self.reason.value}"

    def spares(self, signing_times: SigningTimes) -> bool:
        """Returns whether the signature was made before the key was invalid.

        Specification, "Revocation Checking with CRL": the invalidity date is compared with the timestamping date.
        """
        made = signing_times.authentic_signing_time or signing_times.stamped_before
        return made is not None and self.invalidity_date is not None and made < self.invalidity_date


def read_entry(entry: x509.RevokedCertificate) -> Entry:
    """Returns the content of an entry.

    Raises:
        NoAnswerError: It cannot be read, or has an unknown critical extension.
    """
    reason, invalidity_date = ReasonFlags.unspecified, None
    try:
        extensions = list(entry.extensions)
    except UNREADABLE as error:
        raise UnknownStatusError(f"an entry cannot be read: {short_reason(error)}") from None
    for extension in extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason
        elif isinstance(extension.value, x509.InvalidityDate):
            invalidity_date = extension.value.invalidity_date_utc
        elif extension.critical:
            raise UnknownStatusError(f"an entry has the critical extension {extension.oid.dotted_string}")
    return Entry(entry.revocation_date_utc, reason, invalidity_date)
