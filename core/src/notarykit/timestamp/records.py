"""What a timestamp token consists of, after it was taken apart."""

from datetime import datetime
from typing import Any, NamedTuple

from notarykit.keys.x509_signature import Algorithm


class SignedToken(NamedTuple):
    """A token that has been taken apart as far as its signature needs it; anybody can have written it.

    Attributes:
        content: The bytes that hold the TSTInfo.
        certificates: The certificates that came along, in DER.
        signers: Those of them whom the signer information names.
        hash_name: The hash of the content that is signed, such as `SHA-256`.
        algorithm: The signature's algorithm.
        signed_attributes: The bytes that are signed.
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
    """The signed attributes that count.

    Attributes:
        content_type: What is signed, in dotted digits.
        message_digest: The content's digest.
        certificate_hash: A hash, and the signer's certificate's digest by it (signing-certificate-v2).
        older_certificate_hash: The SHA-1 that the older attribute, signing-certificate, has of it, or None.
        certificate_names: That certificate's issuer in DER and its serial number, as each attribute has them.
        signing_time: When it was signed, if that is said.
    """

    content_type: str
    message_digest: bytes
    certificate_hash: tuple[str, bytes]
    older_certificate_hash: bytes | None
    certificate_names: tuple[tuple[bytes, int], ...]
    signing_time: datetime | None


class TimestampInfo(NamedTuple):
    """What a token says (RFC 3161, section 2.4.2, TSTInfo).

    Attributes:
        policy: The authority's policy, in dotted digits.
        hash_name: The hash of what was stamped.
        imprint: The digest of what was stamped.
        serial_number: The token's number.
        earliest: The lower limit of the time.
        time: The time.
        latest: The upper limit.
        nonce: What the request had, or None.
        authority: The authority's name as it gives it itself, or None; `asn1.is_by` compares it.
    """

    policy: str
    hash_name: str
    imprint: bytes
    serial_number: int
    earliest: datetime
    time: datetime
    latest: datetime
    nonce: int | None
    authority: Any
