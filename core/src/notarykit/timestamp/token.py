"""Verification of timestamp tokens: the signature over the bytes first, then the content, then the signer's chain.

RFC 3161 and RFC 5816; trust store and trust policy specification, "Validate Authentic Timestamp". Revocation of
the signer's certificates is the caller's, since it needs the network.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import CertificateError, TimestampError
from notarykit.keys import x509_signature
from notarykit.keys.certificate import issuer_of, load_certificate, subject_of
from notarykit.keys.chain import Chain, chains_to, check_chain, check_partial_chain
from notarykit.keys.spec import digest
from notarykit.timestamp import authority_name, cms, tsp
from notarykit.timestamp.records import Attributes, SignedToken, TimestampInfo


class Timestamp(NamedTuple):
    """Verified timestamp: proof by a trusted authority that a message existed at a time.

    Attributes:
        time: The time, in UTC.
        earliest: The lower limit of the time, by its accuracy.
        latest: The upper limit.
        policy: The authority's policy, in dotted digits.
        serial_number: The token's number.
        hash_name: The hash of the imprint, such as `SHA-256`.
        nonce: The nonce of the request, or None.
        chain: The authority's chain, whose certificates were all valid at the time.
    """

    time: datetime
    earliest: datetime
    latest: datetime
    policy: str
    serial_number: int
    hash_name: str
    nonce: int | None
    chain: Chain


def check_covers(timestamp: Timestamp | TimestampInfo, chain: Chain) -> None:
    """Refuses a timestamp unless all of its range is inside the validity of every certificate of the signer's chain.

    Raises:
        TimestampError: A certificate was not valid yet, or no longer.
    """
    for limit in (timestamp.earliest, timestamp.latest):
        if problem := chain.outside_validity(limit):
            is_young = timestamp.latest >= chain.leaf.not_valid_before_utc > limit
            raise TimestampError(
                f"at {format_rfc3339(limit)}, a limit of the timestamp, {problem}",
                advice="the certificate is younger than the timestamp is exact: wait a few seconds" if is_young else "",
            )


def unverified_claims(token: bytes, message: bytes) -> tuple[TimestampInfo, tuple[bytes, ...]]:
    """Returns the unverified content of a token and its certificates, for display.

    Raises:
        TimestampError: It is malformed, or not about the message.
    """
    signed_data = cms.read_token(token)
    info = tsp.read_info(signed_data.content)
    _check_imprint(info, message)
    return info, signed_data.certificates


def verify_token(token: bytes, message: bytes, roots: Iterable[bytes]) -> Timestamp:
    """Verifies a token over a message.

    Args:
        token: The token, in BER.
        message: The stamped message: the primitive signature of an envelope.
        roots: The trusted root certificates, in DER.

    Raises:
        TimestampError: The token is malformed, its signature does not hold, it is about something else, or its signer
            is not trusted or was not at that time.
        CertificateError: The signer's chain breaks a rule.
    """
    signed_data, signer, attributes, info = _read(token, message)
    chain = _trusted_chain(signer, signed_data.certificates, roots, info.time)
    if attributes.signing_time is not None and (problem := chain.outside_validity(attributes.signing_time)):
        raise TimestampError(f"at the token's signing-time, {problem}")
    return Timestamp(
        info.time, info.earliest, info.latest, info.policy, info.serial_number, info.hash_name, info.nonce, chain
    )


def check_token(token: bytes, message: bytes) -> TimestampInfo:
    """Checks a token over a message as far as nobody has to be trusted: its signature, its content, its certificates.

    Args:
        token: The token, in BER.
        message: The stamped message.

    Raises:
        TimestampError: The token is malformed, its signature does not hold, or it is about something else.
        CertificateError: One of its signer's certificates breaks a rule.
    """
    signed_data, signer, _, info = _read(token, message)
    check_partial_chain(signer, signed_data.certificates, "timestamping")
    return info


def _read(token: bytes, message: bytes) -> tuple[SignedToken, bytes, Attributes, TimestampInfo]:
    """Reads a token, its signer's certificate, and what the signer signed; everything but the chain is checked."""
    signed_data = cms.read_token(token)
    signer = _signer(signed_data)
    _check_signature(signed_data, signer)
    attributes = cms.read_attributes(signed_data.signed_attributes)
    _check_attributes(attributes, signed_data, signer)
    info = tsp.read_info(signed_data.content)
    _check_imprint(info, message)
    if not authority_name.is_by(info, signer):
        raise TimestampError("token names an authority that its signer's certificate does not name")
    return signed_data, signer, attributes, info


def _check_imprint(info: TimestampInfo, message: bytes) -> None:
    if info.imprint != digest(info.hash_name, message):
        raise TimestampError("token is for another signature")


def _signer(token: SignedToken) -> bytes:
    if len(token.signers) != 1:
        problem = "does not come with its signer's certificate"
        if token.signers:
            problem = "comes with several certificates that have its signer's issuer and serial number"
        raise TimestampError(f"token {problem}")
    return token.signers[0]


def _check_signature(token: SignedToken, signer: bytes) -> None:
    certificate = load_certificate(signer, "timestamp authority's certificate")
    try:
        key = certificate.public_key()
    except Exception:  # noqa: BLE001 - cryptography raises several kinds for keys that it does not know or cannot read
        raise TimestampError(f"the key of {subject_of(certificate)!r} cannot be read") from None
    try:
        x509_signature.verify_message(key, token.algorithm, token.signature, token.signed_attributes)
    except ValueError as error:
        raise TimestampError(f"token by {subject_of(certificate)!r}: {error}") from None


def _check_attributes(attributes: Attributes, token: SignedToken, signer: bytes) -> None:
    """RFC 5652, section 5.4, and RFC 5035, section 3, as RFC 5816 asks for it."""
    if attributes.content_type != cms.TST_INFO:
        raise TimestampError("signed attribute content-type is not that of a TSTInfo")
    if attributes.message_digest != digest(token.hash_name, token.content):
        raise TimestampError("signed attribute message-digest is not the content's")
    hash_name, named = attributes.certificate_hash
    older = attributes.older_certificate_hash
    issuer = cms.issuer_and_serial(signer)
    if (
        named != digest(hash_name, signer)
        or (older is not None and older != hashlib.sha1(signer, usedforsecurity=False).digest())
        or any(name != issuer for name in attributes.certificate_names)
    ):
        raise TimestampError("signed attribute signing-certificate is not about the signer's certificate")


def _trusted_chain(signer: bytes, certificates: Iterable[bytes], roots: Iterable[bytes], time: datetime) -> Chain:
    """Returns a chain from the signer to a trusted root that keeps all requirements and was valid at a time."""
    first: TimestampError | CertificateError | None = None
    for ders in chains_to(signer, certificates, roots):
        try:
            chain = check_chain(ders, "timestamping")
            if (problem := chain.outside_validity(time)) is None:
                return chain
            raise TimestampError(f"at the time of the timestamp, {problem}")
        except (CertificateError, TimestampError) as error:
            first = first or error
    if first is not None:
        raise first
    certificate = load_certificate(signer)
    name, issuer = subject_of(certificate), issuer_of(certificate)
    raise TimestampError(
        f"the timestamp authority's certificate {name!r}, issued by {issuer!r}, does not lead to a trusted root",
        advice="to trust it, give its root: to sign --timestamp-root-cert, to verify a tsa trust store of the policy",
    )
