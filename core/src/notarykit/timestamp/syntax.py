"""ASN.1 syntax of timestamps and their tokens (RFC 3161, RFC 5652, RFC 5035), for `cryptography.hazmat.asn1`.

Members with a DEFAULT are declared optional: the library refuses a default that is written out (X.690, 11.5), which
honest authorities do. A SET OF is declared as a list or kept as a TLV, since authorities do not sort certificates.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.hazmat.asn1 import TLV, BitString, Explicit, Implicit, Null
from cryptography.x509 import ObjectIdentifier

from notarykit.errors import TimestampError
from notarykit.keys.der import SEQUENCE, SET, element

_KINDS = {"ExtraData": "it has a member too many", "ShortData": "it ends too early"}


@asn1.sequence
class HashAlgorithm:
    """AlgorithmIdentifier of a hash, with parameters NULL or absent (RFC 5754, section 2)."""

    algorithm: ObjectIdentifier
    parameters: Null | None


@asn1.sequence
class AlgorithmIdentifier:
    """RFC 5280, section 4.1.1.2."""

    algorithm: ObjectIdentifier
    parameters: Null | TLV | None  # `TLV | None` alone is refused


@asn1.sequence
class Extension:
    """RFC 5280, section 4.1."""

    extn_id: ObjectIdentifier
    critical: bool | None
    extn_value: bytes


@asn1.sequence
class TBSCertificate:
    """RFC 5280, section 4.1; names stay as they came, since `cryptography` would encode them anew."""

    version: Annotated[int | None, Explicit(0)]
    serial_number: int
    signature: TLV
    issuer: TLV
    validity: TLV
    subject: TLV
    subject_public_key_info: TLV
    issuer_unique_id: Annotated[BitString | None, Implicit(1)]
    subject_unique_id: Annotated[BitString | None, Implicit(2)]
    extensions: Annotated[list[Extension] | None, Explicit(3)]


@asn1.sequence
class Certificate:
    """RFC 5280, section 4.1."""

    tbs_certificate: TBSCertificate
    signature_algorithm: TLV
    signature: BitString


@asn1.sequence
class MessageImprint:
    """RFC 3161, section 2.4.1."""

    hash_algorithm: HashAlgorithm
    hashed_message: bytes


@asn1.sequence
class TimeStampReq:
    """RFC 3161, section 2.4.1."""

    version: int
    message_imprint: MessageImprint
    req_policy: ObjectIdentifier | None
    nonce: int | None
    cert_req: bool | None


@asn1.sequence
class Accuracy:
    """RFC 3161, section 2.4.2."""

    seconds: int | None
    millis: Annotated[int | None, Implicit(0)]
    micros: Annotated[int | None, Implicit(1)]


@asn1.sequence
class TSTInfo:
    """RFC 3161, section 2.4.2."""

    version: int
    policy: ObjectIdentifier
    message_imprint: MessageImprint
    serial_number: int
    gen_time: TLV  # the library's GeneralizedTime ends at six digits of a fraction
    accuracy: Accuracy | None
    ordering: bool | None
    nonce: int | None
    tsa: Annotated[list[TLV] | None, Implicit(0)]  # EXPLICIT, and one: the same bytes as a list of one
    extensions: Annotated[list[Extension] | None, Implicit(1)]


@asn1.sequence
class PKIStatusInfo:
    """RFC 3161, section 2.4.2."""

    status: int
    status_string: list[TLV] | None  # texts for people, of which some are no UTF-8
    fail_info: BitString | None


@asn1.sequence
class ContentInfo:
    """RFC 5652, section 3."""

    content_type: ObjectIdentifier
    content: Annotated[TLV, Explicit(0)]


@asn1.sequence
class TimeStampResp:
    """RFC 3161, section 2.4.2."""

    status: PKIStatusInfo
    time_stamp_token: ContentInfo | None


@asn1.sequence
class EncapsulatedContentInfo:
    """RFC 5652, section 5.2."""

    content_type: ObjectIdentifier
    content: Annotated[bytes, Explicit(0)]


@asn1.sequence
class IssuerAndSerialNumber:
    """RFC 5652, section 10.2.4."""

    issuer: TLV
    serial_number: int


@asn1.sequence
class Attribute:
    """RFC 5652, section 5.3."""

    type: ObjectIdentifier
    values: TLV


@asn1.sequence
class SignerInfo:
    """RFC 5652, section 5.3."""

    version: int
    sid: TLV
    digest_algorithm: TLV
    signed_attrs: Annotated[list[TLV] | None, Implicit(0)]
    signature_algorithm: TLV
    signature: bytes
    unsigned_attrs: Annotated[list[Attribute] | None, Implicit(1)]


@asn1.sequence
class SignedData:
    """RFC 5652, section 5.1."""

    version: int
    digest_algorithms: TLV
    encap_content_info: EncapsulatedContentInfo
    certificates: Annotated[list[TLV] | None, Implicit(0)]
    crls: Annotated[list[TLV] | None, Implicit(1)]
    signer_infos: TLV


@asn1.sequence
class IssuerSerial:
    """RFC 5035, section 4."""

    issuer: list[TLV]
    serial_number: int


@asn1.sequence
class ESSCertID:
    """RFC 2634, section 5.4.1."""

    cert_hash: bytes
    issuer_serial: IssuerSerial | None


@asn1.sequence
class ESSCertIDv2:
    """RFC 5035, section 4."""

    hash_algorithm: HashAlgorithm | None
    cert_hash: bytes
    issuer_serial: IssuerSerial | None


@asn1.sequence
class SigningCertificate:
    """RFC 2634, section 5.4."""

    certs: list[ESSCertID]
    policies: list[TLV] | None


@asn1.sequence
class SigningCertificateV2:
    """RFC 5035, section 3."""

    certs: list[ESSCertIDv2]
    policies: list[TLV] | None


@asn1.sequence
class AttributeTypeAndValue:
    """RFC 5280, section 4.1.2.4."""

    type: ObjectIdentifier
    value: TLV


@asn1.sequence
class _Elements:
    """A list that is a member, since lists that are none are not decoded."""

    items: list[TLV]


def whole(tlv: TLV) -> bytes:
    """Returns an element's bytes; the library keeps the content alone, and DER has one form of a length."""
    return element(tlv.tag_bytes[0], bytes(tlv.data))


def elements_of(der: bytes, tag: int) -> list[TLV]:
    """Returns the elements of a SEQUENCE OF or SET OF, in any order; raises `ValueError` for another tag."""
    if der[:1] != bytes((tag,)):
        raise ValueError("a sequence or set is expected")
    return asn1.decode_der(_Elements, element(SEQUENCE, bytes((SEQUENCE,)) + der[1:])).items


def set_of(tlv: TLV) -> list[TLV]:
    """Returns the elements of a SET OF."""
    return elements_of(whole(tlv), SET)


@contextmanager
def malformed(name: str) -> Iterator[None]:
    """Turns decoding errors into a `TimestampError` that names the structure."""
    try:
        yield
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        text = str(error)
        reason = text.partition("\n")[0][:200]
        if "ParseError" in text:
            reason = next((words for kind, words in _KINDS.items() if kind in text), "it is not of that form")
        raise TimestampError(f"{name} is malformed: {reason}") from None
