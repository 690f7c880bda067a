"""What is found out about certificates.

Trust store and trust policy specification, "Certificate Revocation Evaluation".
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from notarykit.keys.certificate import subject_of

if TYPE_CHECKING:
    from notarykit.keys.chain import Chain


class Status(StrEnum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_REVOCABLE = "not revocable"
    """It names neither OCSP nor CRL, or is a root."""


class Finding(NamedTuple):
    """What one source says of one certificate.

    Attributes:
        status: What it says.
        text: The same for people, with the reason or the dates.
    """

    status: Status
    text: str


class CertificateStatus(NamedTuple):
    """What is known of one certificate, and how.

    Attributes:
        certificate: The certificate.
        status: What is known.
        text: Where it comes from: what the decisive source said, or why none decided.
        asked: Each source that was asked, and what it answered, in order.
    """

    certificate: x509.Certificate
    status: Status
    text: str
    asked: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"certificate {subject_of(self.certificate)!r}: {self.status} ({self.text})"


class Evidence(NamedTuple):
    """What a server said of a certificate and was used, for whoever has no network.

    Attributes:
        kind: `ocsp` or `crl`.
        url: Where it was asked for; a delta CRL has that of its base.
        der: Its bytes.
        until: Until when it counts.
    """

    kind: str
    url: str
    der: bytes
    until: datetime


class SigningTimes(NamedTuple):
    """When the signature was made, as far as somebody vouches for it; a later invalidity of the key is no concern.

    Attributes:
        authentic_signing_time: The signing authority's time (scheme `notary.x509.signingAuthority`), or None.
        stamped_before: The upper limit of a verified timestamp, or None; the specification has it count for CRLs.
    """

    authentic_signing_time: datetime | None = None
    stamped_before: datetime | None = None


NO_MOMENTS = SigningTimes()


class RevocationCheck(Protocol):
    """Checks chains: `notarykit.Revocation`, or an object of your own."""

    def check(self, chain: "Chain", now: datetime, moments: SigningTimes = ...) -> tuple[CertificateStatus, ...]:
        """What is known of each certificate; raises `RevocationError` for one that is revoked or unknown."""


class NoAnswerError(Exception):
    """A source does not say what is asked of it; the text says why."""


class NotForAllError(NoAnswerError):
    """There is none for this caller, who has no more time or asks about something else; others may have one."""


# What the library raises for what it cannot read.
UNREADABLE = (
    ValueError, TypeError, IndexError, OverflowError, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType, UnsupportedAlgorithm,
)  # fmt: skip


def first_line(error: Exception) -> str:
    """The first line of an error's text, cut short: it may quote what somebody else wrote."""
    text = str(error).partition("\n")[0][:200]
    # A parser's own words are for whoever wrote it.
    return "it is not of that form" if "ParseError" in text else text
