"""Results of revocation checks.

Trust store and trust policy specification, "Certificate Revocation Evaluation".
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.keys.certificate import load_certificate, subject_of

if TYPE_CHECKING:
    from notarykit.keys.chain import Chain


class Status(StrEnum):
    """Revocation status of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_REVOCABLE = "not revocable"
    """The certificate names neither OCSP nor a CRL, or is a root."""


class SourceResult(NamedTuple):
    """Status of one certificate according to one source.

    Attributes:
        status: The status.
        text: The reason and the dates, for people.
    """

    status: Status
    text: str


class CertificateStatus(NamedTuple):
    """Status of one certificate, with its evidence.

    Attributes:
        certificate: The certificate.
        status: The status.
        text: The decisive source's reason, or why no source was decisive.
        log: One line for each source that was consulted, in order, with its result.
    """

    certificate: x509.Certificate
    status: Status
    text: str
    log: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling, by the certificate in DER."""
        return _with_certificate, (self.certificate.public_bytes(Encoding.DER), *self[1:])

    def __str__(self) -> str:
        return f"certificate {subject_of(self.certificate)!r}: {self.status} ({self.text})"


def _with_certificate(der: bytes, *others: Any) -> CertificateStatus:
    return CertificateStatus(load_certificate(der), *others)


class Evidence(NamedTuple):
    """OCSP response or CRL that a check has used, for verifications without a network.

    Attributes:
        kind: `ocsp` or `crl`.
        url: The URL that it came from; for a delta CRL, that of its base.
        der: The response or CRL, in DER.
        since: The begin of its validity (`thisUpdate`): what it says was known to be right then.
        until: The end of its validity.
    """

    kind: str
    url: str
    der: bytes
    since: datetime
    until: datetime


class SigningTimes(NamedTuple):
    """Trusted times of the signature; a key that became invalid later does not invalidate it.

    Attributes:
        authentic_signing_time: The signing authority's time (scheme `notary.x509.signingAuthority`), or None.
        stamped_before: The upper limit of a verified timestamp, or None; the specification applies it to CRLs.
    """

    authentic_signing_time: datetime | None = None
    stamped_before: datetime | None = None


NO_SIGNING_TIMES = SigningTimes()


class RevocationCheck(Protocol):
    """Checks the revocation of chains: `notarykit.RevocationChecker`, or an implementation of your own.

    Verifications call it from several threads, for chains that lead to a trusted root alone.
    """

    def check(self, chain: "Chain", now: datetime, signing_times: SigningTimes = ...) -> tuple[CertificateStatus, ...]:
        """Returns the status of each certificate but the root, leaf first.

        Args:
            chain: The signer's chain, or the timestamp authority's.
            now: The time of the verification, in UTC.
            signing_times: Trusted times of the signature.

        Raises:
            RevocationError: A certificate is revoked, or its status is unknown.
        """


class UnknownStatusError(Exception):
    """A source gives no usable status; the text has the reason."""


class CallerSpecificError(UnknownStatusError):
    """Failure specific to this caller (its deadline, its certificate's scope), which must not be cached for others."""


def is_accepted(check: Callable[[], object]) -> bool:
    """Returns False if a check raises `UnknownStatusError`."""
    try:
        check()
    except UnknownStatusError:
        return False
    return True


# The exceptions of `cryptography` for content that it cannot parse.
UNREADABLE = (
    ValueError, TypeError, IndexError, OverflowError, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType, UnsupportedAlgorithm,
)  # fmt: skip


def short_reason(error: Exception) -> str:
    """Returns the first line of an error's text, at most 200 characters: it may quote the content."""
    text = str(error).partition("\n")[0][:200]
    return "it is not of that form" if "ParseError" in text else text  # a parser's own words help no user
