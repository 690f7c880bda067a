"""OCSP (RFC 6960): what is asked, and what an answer says about the one certificate that was asked about.

Trust store and trust policy specification, "Revocation Checking with OCSP". Nothing here asks a network.
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
from notarykit.revocation.limits import CLOCKS_DIFFER
from notarykit.revocation.result import UNREADABLE, Finding, NoAnswerError, SigningTimes, Status, first_line

LARGEST_ANSWER = 20480
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_HASHES = {"sha1", "sha256", "sha384", "sha512"}
_STATUSES = {
    ocsp.OCSPCertStatus.GOOD: Status.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Status.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Status.UNKNOWN,
}
_BASIC_TYPE = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic
_KNOWN_EXTENSIONS = (x509.OCSPNonce,)


class Answer(NamedTuple):
    """An answer whose signature holds, by somebody who may give it. Whether it is of today, `judge` decides.

    Attributes:
        status: What it says.
        this_update: When that was known.
        next_update: Until when it counts.
        revoked: When the certificate was revoked, and why, for people; or an empty string.
        invalidity_date: Since when the key is not to be trusted, or None.
        delegate: The certificate of the responder whom the issuer has answer in its place, or None.
    """

    status: Status
    this_update: datetime
    next_update: datetime
    revoked: str
    invalidity_date: datetime | None
    delegate: x509.Certificate | None

    @property
    def until(self) -> datetime:
        """Until when it counts, its signer's certificate included."""
        return self.next_update if self.delegate is None else min(self.next_update, self.delegate.not_valid_after_utc)


def make_request(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes = b"") -> bytes:
    """A question about one certificate.

    The certificate's identifier is made with SHA-1, which many responders know alone; nothing rests on its strength,
    since the answer's identifier is compared as a whole.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def read_answer(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes = b"") -> Answer:
    """What a response says about a certificate.

    Args:
        der: The response.
        certificate: The certificate that it must be about.
        issuer: Its issuer.
        nonce: The nonce that it must have, if one was sent.

    Raises:
        NoAnswerError: It is malformed, an error, about other certificates, or not by the issuer or whom it delegates.
    """
    try:
        return _read(der, certificate, issuer, nonce)
    except (*UNREADABLE, CertificateError) as error:
        raise NoAnswerError(f"the answer is not accepted: {first_line(error)}") from None


def mentions(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a response claims to be about a certificate; whether that is so, `read_answer` finds out."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        return any(_is_about(each, certificate, issuer) for each in response.responses)
    except UNREADABLE:
        return False


def _read(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> Answer:
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise NoAnswerError(f"the responder answers {response.response_status.name.lower().replace('_', ' ')}")
    # Before anything of it is looked at: the signature over the bytes.
    delegate = _check_signature(response, _basic(der), issuer)
    if nonce and not any(
        isinstance(each.value, x509.OCSPNonce) and each.value.nonce == nonce for each in response.extensions
    ):
        raise NoAnswerError("the answer does not repeat the nonce")
    for extension in response.extensions:
        if extension.critical and not isinstance(extension.value, _KNOWN_EXTENSIONS):
            raise NoAnswerError(f"the answer has the critical extension {extension.oid.dotted_string}")
    singles = list(response.responses)
    if not singles:
        raise NoAnswerError("the answer is about no certificate at all: it has no single response")
    about = [index for index, each in enumerate(singles) if _is_about(each, certificate, issuer)]
    # The library gives the extensions of a single response only where there is no other.
    alone = [response] if len(singles) == 1 else [ocsp.load_der_ocsp_response(_with_one(der, each)) for each in about]
    answers = [_answer(singles[index], found, delegate) for index, found in zip(about, alone, strict=False)]
    if len({answer.status for answer in answers}) != 1:
        raise NoAnswerError(
            "the answer is about another certificate" if not answers else "the answer contradicts itself"
        )
    # The earlier the key was invalid, the less it helps that something was signed before.
    strictest = min(answers, key=lambda answer: answer.invalidity_date or _ALWAYS)
    return strictest._replace(next_update=min(answer.next_update for answer in answers))


def _basic(der: bytes) -> bytes:
    """The BasicOCSPResponse in a response that a library has read (RFC 6960, section 4.2.1)."""
    (_, _, content), *_ = elements(der)
    _, (_, _, explicit), *_ = elements(content)
    (_, _, typed), *_ = elements(explicit)
    _, (_, _, basic), *_ = elements(typed)
    return basic


def _with_one(der: bytes, index: int) -> bytes:
    """A response with one of its single responses; its signature, which does not hold any more, is not used."""
    signed, *rest = elements(next(elements(_basic(der)))[2])
    parts = list(elements(signed[2]))
    place = next(number for number, (tag, _, _) in enumerate(parts) if tag == SEQUENCE)
    chosen = element(SEQUENCE, list(elements(parts[place][2]))[index][1])
    wholes = [chosen if number == place else whole for number, (_, whole, _) in enumerate(parts)]
    data = element(SEQUENCE, b"".join(wholes))
    return _response(element(SEQUENCE, data + b"".join(whole for _, whole, _ in rest)))


def _response(basic: bytes) -> bytes:
    """A successful response around a BasicOCSPResponse."""
    typed = element(SEQUENCE, _BASIC_TYPE + element(0x04, basic))
    return element(SEQUENCE, b"\x0a\x01\x00" + element(0xA0, typed))


def _answer(single: ocsp.OCSPSingleResponse, alone: ocsp.OCSPResponse, delegate: x509.Certificate | None) -> Answer:
    invalidity_date = None
    for extension in alone.single_extensions:
        if isinstance(extension.value, x509.InvalidityDate):
            invalidity_date = extension.value.invalidity_date_utc
        elif extension.critical:
            raise NoAnswerError(f"the answer has the critical extension {extension.oid.dotted_string}")
    if single.next_update_utc is None:
        raise NoAnswerError("the answer does not say until when it counts")
    revoked = ""
    if single.revocation_time_utc is not None:
        revoked = _revoked(single.revocation_time_utc, single.revocation_reason)
    return Answer(
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
    """RFC 6960, section 4.1.1: the issuer's name, its key, and the serial number."""
    if single.hash_algorithm.name not in _HASHES:
        return False
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, single.hash_algorithm)
    wanted = ocsp.load_der_ocsp_request(builder.build().public_bytes(Encoding.DER))
    return (single.issuer_name_hash, single.issuer_key_hash, single.serial_number) == (
        wanted.issuer_name_hash,
        wanted.issuer_key_hash,
        wanted.serial_number,
    )


def _check_signature(response: ocsp.OCSPResponse, basic: bytes, issuer: x509.Certificate) -> x509.Certificate | None:
    """Whether the issuer or somebody whom it delegates signed it; the latter's certificate, or None."""
    named = [each for each in (issuer, *response.certificates) if _is_responder(response, each)]
    if not named:
        raise NoAnswerError("the answer is neither signed by the issuer nor by one whose certificate comes with it")
    certificate = _signer(basic, named)
    if certificate == issuer:
        return None
    _check_delegate(certificate, issuer)
    return certificate


def _signer(basic: bytes, named: Sequence[x509.Certificate]) -> x509.Certificate:
    """Whose key signed, out of at least one that is named so: a name may be that of several keys."""
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
    """RFC 6960, section 4.2.2.2: issued by the CA itself, for signing OCSP answers."""
    name = subject_of(certificate)
    if problem := why_not_issued(certificate, issuer):
        raise NoAnswerError(f"the responder's certificate {name!r} is not by the issuer: {problem}")
    placed = requirements.place(certificate, "responder's certificate", 0)
    requirements.apply((requirements.hash_is_allowed, requirements.ca_key_is_strong), placed)
    usage = placed.extended_key_usage
    if usage is None or ExtendedKeyUsageOID.OCSP_SIGNING not in usage.value:
        raise NoAnswerError(f"the responder's certificate {name!r} is not for signing OCSP answers (OCSPSigning)")
    usages = placed.key_usage.value if placed.key_usage else None
    if usages and not (usages.digital_signature or usages.content_commitment):  # RFC 5280, section 4.2.1.12
        raise NoAnswerError(f"the responder's certificate {name!r}: keyUsage has no digitalSignature")


def is_current(answer: Answer, now: datetime) -> bool:
    """Whether an answer is of today."""
    try:
        _check_dates(answer, now)
    except NoAnswerError:
        return False
    return True


def _check_dates(answer: Answer, now: datetime) -> None:
    if answer.this_update > now + CLOCKS_DIFFER:
        raise NoAnswerError(f"the answer is of the future, {format_rfc3339(answer.this_update)}: check the clock")
    if now > answer.next_update:
        raise NoAnswerError(f"the answer counted until {format_rfc3339(answer.next_update)}")
    delegate = answer.delegate
    if delegate is not None and not delegate.not_valid_before_utc <= now <= delegate.not_valid_after_utc:
        raise NoAnswerError(f"the responder's certificate {subject_of(delegate)!r} is not valid now")


def judge(answer: Answer, now: datetime, moments: SigningTimes) -> Finding:
    """What an answer says today about a signature of a certain time.

    Raises:
        NoAnswerError: The answer is not of today.
    """
    _check_dates(answer, now)
    until = f"until {format_rfc3339(answer.next_update)}"
    if answer.status is not Status.REVOKED:
        return Finding(answer.status, until)
    signed_at, invalid_from = moments.authentic_signing_time, answer.invalidity_date
    if signed_at is not None and invalid_from is not None and signed_at < invalid_from:
        return Finding(
            Status.GOOD,
            f"revoked {answer.revoked}, but signed before the key was invalid, {format_rfc3339(invalid_from)}",
        )
    return Finding(Status.REVOKED, answer.revoked)
