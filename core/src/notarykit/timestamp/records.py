"""Decoded parts of timestamp tokens."""

from datetime import datetime
from typing import NamedTuple

from notarykit.keys.x509_signature import Algorithm


class SignedToken(NamedTuple):
    """Unverified token, decoded as far as its signature needs it.

    Attributes:
        content: The TSTInfo, in DER.
        certificates: The certificates of the token, in DER.
        signers: Those of them that the signer information names.
        hash_name: The hash of the content that is signed, such as `SHA-256`.
        algorithm: The signature's algorithm.
        signed_attributes: The signed bytes, a SET OF in DER.
        signature: The signature.
    """

    content: bytes
    certificates: tuple[bytes, ...]
    signers: tuple[bytes, ...]
    hash_name: str
    algorithm: Algorithm
    signed_attributes: bytes
    signature: bytes


class Attributes(NamedTuple):
    """Signed attributes that count.

    Attributes:
        content_type: The type of the signed content, in dotted digits.
        message_digest: The content's digest.
        certificate_hash: A hash, and the signer's certificate's digest by it (signing-certificate-v2).
        older_certificate_hash: The SHA-1 that the older attribute, signing-certificate, has of it, or None.
        certificate_names: That certificate's issuer in DER and its serial number, as each attribute has them.
        signing_time: The signing-time, or None.
    """

    content_type: str
    message_digest: bytes
    certificate_hash: tuple[str, bytes]
    older_certificate_hash: bytes | None
    certificate_names: tuple[tuple[bytes, int], ...]
    signing_time: datetime | None


class TimestampInfo(NamedTuple):
    """Content of a token (RFC 3161, section 2.4.2, TSTInfo).

    Attributes:
        policy: The authority's policy, in dotted digits.
        hash_name: The hash of the imprint, such as `SHA-256`.
        imprint: The digest of the stamped message.
        serial_number: The token's serial number.
        earliest: The lower limit of the time.
        time: The time.
        latest: The upper limit.
        nonce: The nonce of the request, or None.
        authority: The authority's name, a GeneralName in DER, or None; `names.is_by` compares it.
    """

    policy: str
    hash_name: str
    imprint: bytes
    serial_number: int
    earliest: datetime
    time: datetime
    latest: datetime
    nonce: int | None
    authority: bytes | None
