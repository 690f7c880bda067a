"""OCSP (RFC 6960): requests, and the verification of responses about one certificate.

Trust store and trust policy specification, "Revocation Checking with OCSP". Nothing here uses a network.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import CertificateError
from notarykit.keys import requirements
from notarykit.keys.certificate import subject_of, why_not_issued
from notarykit.keys.der import SEQUENCE, element, elements
from notarykit.keys.x509_signature import verify_x509_signature
from notarykit.revocation.limits import CLOCK_SKEW
from notarykit.revocation.result import (
    UNREADABLE,
    SigningTimes,
    SourceResult,
    Status,
    UnknownStatusError,
    is_accepted,
    short_reason,
)

MAX_RESPONSE_SIZE = 20480
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_HASHES = {"sha1", "sha256", "sha384", "sha512"}
_STATUSES = {
    ocsp.OCSPCertStatus.GOOD: Status.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Status.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Status.UNKNOWN,
}
_BASIC_TYPE = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
_KNOWN_EXTENSIONS = (x509.OCSPNonce,)


class OcspResult(NamedTuple):
    """Content of a verified OCSP response; `judge` decides whether it is valid now.

    Attributes:
        status: The certificate's status.
        this_update: The time at which the status was known.
        next_update: The end of its validity.
        revoked: The date and reason of the revocation, for people; or an empty string.
        invalidity_date: The date since which the key is not trusted, or None.
        delegate: The certificate of the responder that the issuer has delegated to, or None.
    """

    status: Status
    this_update: datetime
    next_update: datetime
    revoked: str
    invalidity_date: datetime | None
    delegate: x509.Certificate | None

    @property
    def until(self) -> datetime:
        """The end of its validity and of its signer's certificate."""
        return self.next_update if self.delegate is None else min(self.next_update, self.delegate.not_valid_after_utc)


def build_request(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes = b"") -> bytes:
    """Returns an OCSP request about one certificate, in DER.

    The certificate's identifier is made with SHA-1, the only hash that many responders know; its strength does not
    matter, since the response's identifier is compared as a whole.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def verify_response(
    der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes = b""
) -> OcspResult:
    """Returns the content of a response about a certificate, verified under the issuer's or its delegate's key.

    Args:
        der: The response.
        certificate: The certificate.
        issuer: Its issuer.
        nonce: The nonce of the request, which the response must repeat; empty for none.

    Raises:
        NoAnswerError: It is malformed, an error, about other certificates, or not signed by the issuer or a delegate.
    """
    try:
        return _read(der, certificate, issuer, nonce)
    except (*UNREADABLE, CertificateError) as error:
        raise UnknownStatusError(f"the response is not accepted: {short_reason(error)}") from None


def is_about(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Returns whether a response names a certificate; `verify_response` verifies it."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        return any(_is_about(single, certificate, issuer) for single in response.responses)
    except UNREADABLE:
        return False


def _read(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> OcspResult:
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise UnknownStatusError(f"the responder answers {response.response_status.name.lower().replace('_', ' ')}")
    # The signature over the bytes comes before everything else.
    delegate = _check_signature(response, _basic(der), issuer)
    if nonce and not any(
        isinstance(extension.value, x509.OCSPNonce) and extension.value.nonce == nonce
        for extension in response.extensions
    ):
        raise UnknownStatusError("the response does not repeat the nonce")
    for extension in response.extensions:
        if extension.critical and not isinstance(extension.value, _KNOWN_EXTENSIONS):
            raise UnknownStatusError(f"the response has the critical extension {extension.oid.dotted_string}")
    singles = list(response.responses)
    if not singles:
        raise UnknownStatusError("the response is about no certificate at all: it has no single response")
    about = [index for index, single in enumerate(singles) if _is_about(single, certificate, issuer)]
    # The library gives the extensions of a single response only where there is no other.
    alone = [response] if len(singles) == 1 else [ocsp.load_der_ocsp_response(_with_one(der, index)) for index in about]
    results = [_read_single(singles[index], basic, delegate) for index, basic in zip(about, alone, strict=False)]
    if len({result.status for result in results}) != 1:
        raise UnknownStatusError(
            "the response is about another certificate" if not results else "the response contradicts itself"
        )
    # The earlier the key was invalid, the less it helps that something was signed before.
    strictest = min(results, key=lambda result: result.invalidity_date or _ALWAYS)
    return strictest._replace(next_update=min(result.next_update for result in results))


def _basic(der: bytes) -> bytes:
    """Returns the BasicOCSPResponse in a response that the library has parsed (RFC 6960, section 4.2.1)."""
    (_, _, content), *_ = elements(der)
    _, (_, _, explicit), *_ = elements(content)
    (_, _, typed), *_ = elements(explicit)
    _, (_, _, basic), *_ = elements(typed)
    return basic


def _with_one(der: bytes, index: int) -> bytes:
    """Returns a response with one of its single responses; its signature, now broken, is not used."""
    signed, *rest = elements(next(elements(_basic(der)))[2])
    parts = list(elements(signed[2]))
    place = next(number for number, (tag, _, _) in enumerate(parts) if tag == SEQUENCE)
    chosen = element(SEQUENCE, list(elements(parts[place][2]))[index][1])
    wholes = [chosen if number == place else whole for number, (_, whole, _) in enumerate(parts)]
    data = element(SEQUENCE, b"".join(wholes))
    return _response(element(SEQUENCE, data + b"".join(whole for _, whole, _ in rest)))


def _response(basic: bytes) -> bytes:
    """Returns a successful response around a BasicOCSPResponse."""
    typed = element(SEQUENCE, _BASIC_TYPE + element(0x04, basic))
    return element(SEQUENCE, b"\x0a\x01\x00" + element(0xA0, typed))


def _read_single(
    single: ocsp.OCSPSingleResponse, alone: ocsp.OCSPResponse, delegate: x509.Certificate | None
) -> OcspResult:
    invalidity_date = None
    for extension in alone.single_extensions:
        if isinstance(extension.value, x509.InvalidityDate):
            invalidity_date = extension.value.invalidity_date_utc
        elif extension.critical:
            raise UnknownStatusError(f"the response has the critical extension {extension.oid.dotted_string}")
    if single.next_update_utc is None:
        raise UnknownStatusError("the response has no nextUpdate")
    revoked = ""
    if single.revocation_time_utc is not None:
        revoked = _revoked(single.revocation_time_utc, single.revocation_reason)
    return OcspResult(
        _STATUSES[single.certificate_status],
        single.this_update_utc,
        single.next_update_utc,
        revoked,
        invalidity_date,
        delegate,
    )


def _revoked(date: datetime, reason: x509.ReasonFlags | None) -> str:
    return f"on {format_rfc3339(date)}" + (f", {reason.value}" if reason else "")


def _is_about(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Compares the issuer's name, its key, and the serial number (RFC 6960, section 4.1.1)."""
    if single.hash_algorithm.name not in _HASHES:
        return False
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, single.hash_algorithm)
    cert_id = ocsp.load_der_ocsp_request(builder.build().public_bytes(Encoding.DER))
    return (single.issuer_name_hash, single.issuer_key_hash, single.serial_number) == (
        cert_id.issuer_name_hash,
        cert_id.issuer_key_hash,
        cert_id.serial_number,
    )


def _check_signature(response: ocsp.OCSPResponse, basic: bytes, issuer: x509.Certificate) -> x509.Certificate | None:
    """Verifies the signature under the issuer's or a delegate's key; returns the delegate, or None."""
    named = [certificate for certificate in (issuer, *response.certificates) if _is_responder(response, certificate)]
    if not named:
        raise UnknownStatusError("the response is signed neither by the issuer nor by a certificate that comes with it")
    certificate = _signer(basic, named)
    if certificate == issuer:
        return None
    _check_delegate(certificate, issuer)
    return certificate


def _signer(basic: bytes, named: Sequence[x509.Certificate]) -> x509.Certificate:
    """Returns the certificate whose key signed, among those with the responder's name."""
    *others, last = named
    for certificate in others:
        with suppress(ValueError):
            verify_x509_signature(basic, certificate.public_key())
            return certificate
    verify_x509_signature(basic, last.public_key())
    return last


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_key_hash is not None:
        # RFC 6960, section 4.2.1: the SHA-1 of the key, which is what this extension usually holds too.
        identifier = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
        return response.responder_key_hash == identifier.digest
    return response.responder_name == certificate.subject


def _check_delegate(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Checks that the CA itself issued the certificate, for OCSP signing (RFC 6960, section 4.2.2.2)."""
    name = subject_of(certificate)
    if problem := why_not_issued(certificate, issuer):
        raise UnknownStatusError(f"the responder's certificate {name!r} is not by the issuer: {problem}")
    placed = requirements.chain_member(certificate, "responder's certificate", 0)
    requirements.enforce((requirements.hash_is_allowed, requirements.ca_key_is_strong), placed)
    usage = placed.extended_key_usage
    if usage is None or ExtendedKeyUsageOID.OCSP_SIGNING not in usage.value:
        raise UnknownStatusError(f"the responder's certificate {name!r} is not for OCSP signing (OCSPSigning)")
    usages = placed.key_usage.value if placed.key_usage else None
    if usages and not (usages.digital_signature or usages.content_commitment):  # RFC 5280, section 4.2.1.12
        raise UnknownStatusError(f"the responder's certificate {name!r}: keyUsage has no digitalSignature")


def is_current(result: OcspResult, now: datetime) -> bool:
    """Returns whether a response is valid now."""
    return is_accepted(lambda: _check_dates(result, now))


def _check_dates(result: OcspResult, now: datetime) -> None:
    if result.this_update > now + CLOCK_SKEW:
        raise UnknownStatusError(
            f"the response is of the future, {format_rfc3339(result.this_update)}: check the clock"
        )
    if now > result.next_update:
        raise UnknownStatusError(f"the response expired at {format_rfc3339(result.next_update)}")
    delegate = result.delegate
    if delegate is not None and not delegate.not_valid_before_utc <= now <= delegate.not_valid_after_utc:
        raise UnknownStatusError(f"the responder's certificate {subject_of(delegate)!r} is not valid now")


def judge(result: OcspResult, now: datetime, signing_times: SigningTimes) -> SourceResult:
    """Returns the status by a verified response.

    Raises:
        UnknownStatusError: The response is not valid now.
    """
    _check_dates(result, now)
    until = f"until {format_rfc3339(result.next_update)}"
    if result.status is not Status.REVOKED:
        return SourceResult(result.status, until)
    signed_at, invalid_from = signing_times.authentic_signing_time, result.invalidity_date
    if signed_at is not None and invalid_from is not None and signed_at < invalid_from:
        return SourceResult(
            Status.GOOD,
            f"revoked {result.revoked}, but signed before the key was invalid, {format_rfc3339(invalid_from)}",
        )
    return SourceResult(Status.REVOKED, result.revoked)
