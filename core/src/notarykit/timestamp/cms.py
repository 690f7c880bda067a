"""Timestamp tokens as CMS (RFC 5652; RFC 3161, section 2.4.2): the signed data and its signed attributes.

CMS may come in BER, but for what is signed: that is DER, and hashed as it came.
"""

import re
from collections.abc import Container
from datetime import UTC, datetime

from cryptography.hazmat import asn1
from cryptography.hazmat.asn1 import TLV
from cryptography.x509 import ObjectIdentifier

from notarykit.errors import TimestampError
from notarykit.keys.der import SET, check_der, element
from notarykit.keys.x509_signature import algorithm_of, hash_of
from notarykit.timestamp import syntax
from notarykit.timestamp.ber import decode_ber
from notarykit.timestamp.records import Attributes, SignedToken
from notarykit.timestamp.syntax import elements_of, malformed, set_of, whole

LARGEST = 128 * 1024
TST_INFO = "1.2.840.113549.1.9.16.1.4"
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_MAX_CERTIFICATES = 32
_V1, _V3 = 1, 3
_SEQUENCE, _DIRECTORY_NAME = b"\x30", b"\xa4"
_UTC_TIME, _GENERALIZED_TIME = b"\x17", b"\x18"
_SIGNING_TIME = re.compile(rb"((?:[0-9]{2})?)[0-9]{12}Z")  # RFC 5652, section 11.3
_ATTRIBUTES = {
    "1.2.840.113549.1.9.3": "content-type",
    "1.2.840.113549.1.9.4": "message-digest",
    "1.2.840.113549.1.9.5": "signing-time",
    "1.2.840.113549.1.9.16.2.12": "signing-certificate",
    "1.2.840.113549.1.9.16.2.47": "signing-certificate-v2",
}


def read_token(token: bytes) -> SignedToken:
    """Decodes a token, in BER.

    Raises:
        TimestampError: It is not the CMS of RFC 3161, section 2.4.2.
    """
    if len(token) > LARGEST:
        raise TimestampError(f"token has {len(token)} bytes, more than the {LARGEST} that are read")
    with malformed("token"):
        return _read_token(token)


def _read_token(ber: bytes) -> SignedToken:
    outer = decode_ber(syntax.ContentInfo, ber)
    if outer.content_type.dotted_string != _SIGNED_DATA:
        raise TimestampError("token is not signed data")
    signed = outer.content.parse(syntax.SignedData)
    content = signed.encap_content_info
    if signed.version != _V3 or content.content_type.dotted_string != TST_INFO:
        raise TimestampError("token is not signed data of version 3 around a TSTInfo")
    signers = set_of(signed.signer_infos)
    if len(signers) != 1:
        raise TimestampError(f"token has {len(signers)} signatures, not the one of the timestamp authority")
    signer = signers[0].parse(syntax.SignerInfo)
    if signer.version != _V1 or signer.sid.tag_bytes != _SEQUENCE:
        raise TimestampError("token does not name its signer by issuer and serial number")
    if signer.signed_attrs is None:
        raise TimestampError("token has no signed attributes")
    for attribute in signer.unsigned_attrs or ():
        set_of(attribute.values)  # nothing of it counts, but it is well-formed
    hash_name = hash_of(whole(signer.digest_algorithm))
    # RFC 5652, section 5.1: validation may fail where the set does not have it, and honest tokens do.
    listed = [item.parse(syntax.AlgorithmIdentifier).algorithm for item in set_of(signed.digest_algorithms)]
    if signer.digest_algorithm.parse(syntax.AlgorithmIdentifier).algorithm not in listed:
        raise TimestampError("token does not list the hash that its signature uses")
    attributes = b"".join(map(whole, signer.signed_attrs))
    if attributes not in ber:  # RFC 5652, section 5.4: what is signed is DER, as it came
        raise ValueError("the signed attributes are not in DER")
    identifier = signer.sid.parse(syntax.IssuerAndSerialNumber)
    names = (whole(identifier.issuer), identifier.serial_number)
    certificates = _read_certificates(signed.certificates or [], ber)
    return SignedToken(
        content.content,
        tuple(certificates),
        tuple(der for der, named in certificates.items() if named == names),
        hash_name,
        algorithm_of(whole(signer.signature_algorithm), hash_name),
        element(SET, attributes),  # the SET OF is signed, not the [0] that stands in its place
        signer.signature,
    )


def _read_certificates(choices: list[TLV], ber: bytes) -> dict[bytes, tuple[bytes, int]]:
    """Returns the X.509 certificates, each with its issuer in DER and its serial number."""
    if len(choices) > _MAX_CERTIFICATES:
        raise TimestampError(f"token has {len(choices)} certificates, more than {_MAX_CERTIFICATES}")
    certificates = {}
    for choice in choices:
        if choice.tag_bytes != _SEQUENCE:  # RFC 5652, section 10.2.2: obsolete formats, and those of other versions
            raise TimestampError("token has a certificate that is of no X.509 kind")
        der = whole(choice)
        if der not in ber:  # RFC 5280, section 4.1: certificates are DER, and are not mended
            raise ValueError("a certificate is not in DER")
        certificates[der] = issuer_and_serial(der)
    return certificates


def issuer_and_serial(certificate: bytes) -> tuple[bytes, int]:
    """Returns a certificate's issuer, in DER, and its serial number."""
    signed = asn1.decode_der(syntax.Certificate, certificate).tbs_certificate
    return whole(signed.issuer), signed.serial_number


def read_attributes(signed_attributes: bytes) -> Attributes:
    """Decodes the signed attributes that count.

    Args:
        signed_attributes: The bytes that are signed: a SET OF in DER.

    Raises:
        TimestampError: An attribute is absent, occurs twice, or is not as its specification says.
    """
    with malformed("signed attribute"):
        return _read_attributes(signed_attributes)


def _read_attributes(der: bytes) -> Attributes:
    check_der(der)  # "The DER encoding of the SET OF" (RFC 5652, section 5.4)
    values: dict[str, TLV] = {}
    for attribute in (member.parse(syntax.Attribute) for member in elements_of(der, SET)):
        name = _ATTRIBUTES.get(attribute.type.dotted_string)
        if name is None:
            continue
        members = set_of(attribute.values)
        if name in values or len(members) != 1:
            raise TimestampError(f"signed attribute {name} does not have exactly one value")
        values[name] = members[0]
    for name in ("content-type", "message-digest", "signing-certificate-v2"):
        if name not in values:
            raise _absent(name, values)
    (identified, *_) = values["signing-certificate-v2"].parse(syntax.SigningCertificateV2).certs
    issuers, older = [identified.issuer_serial], None
    if "signing-certificate" in values:
        (first, *_) = values["signing-certificate"].parse(syntax.SigningCertificate).certs
        issuers, older = [*issuers, first.issuer_serial], first.cert_hash
    algorithm = identified.hash_algorithm  # DEFAULT {algorithm id-sha256} (RFC 5035, section 4)
    return Attributes(
        values["content-type"].parse(ObjectIdentifier).dotted_string,
        values["message-digest"].parse(bytes),
        ("SHA-256" if algorithm is None else hash_of(asn1.encode_der(algorithm)), identified.cert_hash),
        older,
        tuple(_read_issuer_serial(issuer) for issuer in issuers if issuer is not None),
        _read_signing_time(values["signing-time"]) if "signing-time" in values else None,
    )


def _absent(name: str, values: Container[str]) -> TimestampError:
    problem = f"signed attribute {name} is absent"
    if "signing-certificate" not in values:
        return TimestampError(problem)
    return TimestampError(
        f"{problem}: the authority names its certificate by SHA-1 alone (signing-certificate)",
        advice="the authority has to use SHA-256 for it (openssl ts: ess_cert_id_alg = sha256), or take another one",
    )


def _read_signing_time(value: TLV) -> datetime:
    text = bytes(value.data)
    match = _SIGNING_TIME.fullmatch(text)
    if match is None or value.tag_bytes != (_GENERALIZED_TIME if match[1] else _UTC_TIME):
        raise TimestampError("signed attribute signing-time is not of the form 260102150405Z or 20260102150405Z")
    century = b"" if match[1] else b"19" if text >= b"50" else b"20"  # RFC 5280, section 4.1.2.5.1
    return datetime.strptime((century + text).decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _read_issuer_serial(issuer: syntax.IssuerSerial) -> tuple[bytes, int]:
    names = issuer.issuer
    if len(names) != 1 or names[0].tag_bytes != _DIRECTORY_NAME:
        raise TimestampError("signing-certificate names an issuer that is not one directory name")
    return bytes(names[0].data), issuer.serial_number
