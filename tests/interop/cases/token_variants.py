"""Ways in which a token can differ from a good one, by name."""

import itertools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.interop.cases.token_chains import MOMENT, NOT_AFTER, NOT_BEFORE, SECOND, UNKNOWN_OID
from tests.support.asn1 import HASHES, NULL, PSS, explicit, integer, octet_string, oid, utc_time
from tests.support.ca import Changes, make_chain, new_key
from tests.support.der import sequence, tlv
from tests.support.token_changes import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    Accuracy,
    EssCertificate,
    TokenChanges,
    TokenExtension,
)

SHA_2 = ("sha256", "sha384", "sha512")
_V3, _V4 = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"


def changes(**given: Any) -> TokenChanges:
    """Changes with the moment for the time, if no other is given."""
    return TokenChanges(**{"gen_time": MOMENT, **given})


def _time(text: str) -> TokenChanges:
    return changes(gen_time=text.encode())


def _identifier(dotted: str, parameters: bytes = NULL) -> bytes:
    return sequence(oid(dotted), parameters)


def _ess(*arguments: Any, **given: Any) -> TokenChanges:
    return changes(ess_v2=(EssCertificate(*arguments, **given),))


def _attribute(kind: str, value: bytes, **given: Any) -> TokenChanges:
    """Changes with an attribute that has another value than the usual one."""
    return changes(without=given.pop("without", ()), more_attributes=((kind, value),), **given)


GOOD: Mapping[str, TokenChanges] = {
    "usual": changes(),
    "serial number of 20 bytes": changes(serial=2**158),
    "serial number of 30 bytes": changes(serial=2**238),
    "serial number 0": changes(serial=0),
    "serial number negative": changes(serial=-1),
    "another policy": changes(policy="1.2.3"),
    "policy of large numbers": changes(policy="2.999.4294967296"),
    "ordering": changes(ordering=True),
    "nonce": changes(nonce=2**63),
    "nonce negative": changes(nonce=-5),
    "name": changes(tsa="right"),
    "name and ordering and nonce": changes(tsa="right", ordering=True, nonce=1),
    "extension": changes(extensions=(TokenExtension(critical=False),)),
    "signing time": changes(signing_time=MOMENT),
    "signing time of another day": changes(signing_time=MOMENT + timedelta(days=300)),
    "one more attribute": changes(more_attributes=((UNKNOWN_OID, integer(1)),)),
    "unsigned attribute": changes(unsigned_attributes=((UNKNOWN_OID, integer(1)),)),
    "certificates as given": changes(certificates_as_given=True),
    "certificates without root": changes(certificates="without root"),
    "indefinite lengths": changes(indefinite=True),
    "content in parts": changes(content_in_parts=True),
    "indefinite lengths and content in parts": changes(indefinite=True, content_in_parts=True),
}
HASHED: Mapping[str, TokenChanges] = {
    **{f"imprint {hashed}": changes(imprint_hash=hashed) for hashed in ("sha1", *SHA_2)},
    **{f"digest {hashed}": changes(digest_algorithm=hashed) for hashed in ("sha1", *SHA_2)},
    **{f"certificate hash {hashed}": _ess(hashed) for hashed in ("sha1", *SHA_2)},
    **{
        f"digest {digest}, signature {signature}": changes(digest_algorithm=digest, signature_hash=signature)
        for digest, signature in itertools.permutations(("sha1", *SHA_2), 2)
    },
}
BAD: Mapping[str, TokenChanges] = {
    "another imprint": changes(imprint=b"\1" * 32),
    "imprint too short": changes(imprint=b"\1" * 31),
    "imprint empty": changes(imprint=b""),
    "imprint of an unknown hash": changes(imprint_algorithm=_identifier(UNKNOWN_OID)),
    "imprint of MD5": changes(imprint_algorithm=_identifier(HASHES["md5"])),
    "imprint without parameters": changes(imprint_algorithm=_identifier(HASHES["sha256"], b"")),
    "imprint with parameters": changes(imprint_algorithm=_identifier(HASHES["sha256"], integer(1))),
    "version 0": changes(info_version=0),
    "version 2": changes(info_version=2),
    "version 257": changes(info_version=257),
    "another name": changes(tsa="wrong"),
    "name that is no name": changes(tsa=NULL),
    "name as a host": changes(tsa=tlv(0x82, b"tsa.example.com")),
    "critical extension": changes(extensions=(TokenExtension(),)),
    "two extensions": changes(
        extensions=(TokenExtension(critical=False), TokenExtension(oid=UNKNOWN_OID, critical=False))
    ),
    "content that is empty": changes(info=b"\x30\x00"),
    "content that is nothing": changes(info=b""),
    "another outer type": changes(outer_type=DATA),
    "another content type": changes(content_type=DATA),
    "detached": changes(detached=True),
    "another listed hash": changes(listed_algorithms=("sha512",)),
    "more listed hashes": changes(listed_algorithms=SHA_2),
    "no signed attributes": changes(signed_attributes=False),
    "another content type attribute": changes(content_type_attribute=DATA),
    "another message digest": changes(message_digest=b"\1" * 32),
    "message digest empty": changes(message_digest=b""),
    "no signing certificate": changes(ess_v2=None),
    "older signing certificate alone": changes(ess_v2=None, ess_v1=(EssCertificate(),)),
    "both signing certificates": changes(ess_v1=(EssCertificate(),)),
    "older signing certificate of another": changes(ess_v1=(EssCertificate(place=1),)),
    "older signing certificate with another hash": changes(ess_v1=(EssCertificate(digest=b"\1" * 20),)),
    "older signing certificate with another serial": changes(ess_v1=(EssCertificate(issuer_serial="wrong serial"),)),
    "older signing certificate empty": changes(ess_v1=()),
    "signing certificate empty": changes(ess_v2=()),
    "signing certificate of the chain": changes(ess_v2=tuple(EssCertificate(place=place) for place in range(3))),
    "signing certificate of the chain backwards": changes(
        ess_v2=tuple(EssCertificate(place=place) for place in (2, 1, 0))
    ),
    "signing certificate of another": _ess(place=1),
    "signing certificate with another hash": _ess(digest=b"\1" * 32),
    "signing certificate with no hash": _ess(digest=b""),
    "signing certificate with another serial": _ess(issuer_serial="wrong serial"),
    "signing certificate with another issuer": _ess(issuer_serial="wrong issuer"),
    "signing certificate by its hash alone": _ess(issuer_serial=None),
    "signing certificate by another hash alone": _ess(issuer_serial=None, digest=b"\1" * 32),
    "signing certificate with its default written": _ess(written=True),
    "signing time before the chain": changes(signing_time=NOT_BEFORE - SECOND),
    "signing time at the start": changes(signing_time=NOT_BEFORE),
    "signing time at the end": changes(signing_time=NOT_AFTER),
    "signing time after the chain": changes(signing_time=NOT_AFTER + SECOND),
    "signing time as GeneralizedTime": _attribute(SIGNING_TIME, tlv(0x18, b"20260301123015Z")),
    "signing time in another zone": _attribute(SIGNING_TIME, tlv(0x17, b"260301123015+0100")),
    "signing time without a zone": _attribute(SIGNING_TIME, tlv(0x17, b"260301123015")),
    "signing time without seconds": _attribute(SIGNING_TIME, tlv(0x17, b"2603011230Z")),
    "signing time that is none": _attribute(SIGNING_TIME, tlv(0x17, b"soon")),
    "signing time that is a number": _attribute(SIGNING_TIME, integer(1)),
    "signing times that differ": _attribute(SIGNING_TIME, utc_time(MOMENT + SECOND), signing_time=MOMENT),
    "content type attribute that is none": _attribute(CONTENT_TYPE, integer(1), without=(CONTENT_TYPE,)),
    "message digest that is none": _attribute(MESSAGE_DIGEST, integer(1), without=(MESSAGE_DIGEST,)),
    "signing certificate that is none": _attribute(SIGNING_CERTIFICATE_V2, integer(1), ess_v2=None),
    "attributes out of order": changes(reversed_attributes=True),
    "attributes signed out of order": changes(reversed_attributes=True, signed_as_written=True),
    **{f"without {kind}": changes(without=(kind,)) for kind in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2)},
    **{
        f"twice {kind}": changes(twice=(kind,), signing_time=MOMENT)
        for kind in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2, SIGNING_TIME)
    },
    **{
        f"two values {kind}": changes(two_values=(kind,), signing_time=MOMENT)
        for kind in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2, SIGNING_TIME)
    },
    "unknown attribute twice": changes(more_attributes=((UNKNOWN_OID, integer(1)),), twice=(UNKNOWN_OID,)),
    "unknown attribute with two values": changes(
        more_attributes=((UNKNOWN_OID, integer(1)),), two_values=(UNKNOWN_OID,)
    ),
    "signature algorithm unknown": changes(signature_algorithm=_identifier(UNKNOWN_OID)),
    "signature algorithm SHA-1 with RSA": changes(signature_algorithm=_identifier("1.2.840.113549.1.1.5")),
    "signature algorithm of the other kind": changes(signature_algorithm=_identifier("1.2.840.113549.1.1.10")),
    "signature algorithm id-ecPublicKey": changes(signature_algorithm=_identifier("1.2.840.10045.2.1", b"")),
    "signature with a wrong bit": changes(corrupt_signature=True),
    "signature by another key": changes(key=new_key("RSA-2048", 7)),
    "signature by another kind of key": changes(key=new_key("EC-384")),
    "signer by key identifier": changes(signer_id="subject key id"),
    "signer by key identifier in version 1": changes(signer_id="subject key id", signer_info_version=1),
    "signer info of version 0": changes(signer_info_version=0),
    "signer info of version 3": changes(signer_info_version=3),
    **{f"signed data of version {version}": changes(signed_data_version=version) for version in (0, 1, 2, 4, 5)},
    "no signer": changes(no_signer=True),
    "leaf alone": changes(certificates="leaf"),
    "no certificates": changes(certificates=None),
    "an empty set of certificates": changes(certificates=()),
    "trailing byte": changes(trailing=b"\0"),
    "trailing token": changes(trailing=b"\x30\x00"),
    "certificate of no known version": changes(
        extra_certificates=make_chain(length=1, leaf=Changes(swap=((_V3, _V4),))).ders, certificates_as_given=True
    ),
    "certificate that is none": changes(extra_certificates=(b"\x30\x00",), certificates_as_given=True),
    **{
        f"certificate of the format {number}": changes(
            extra_certificates=(tlv(0xA0 | number, integer(1)),), certificates_as_given=True
        )
        for number in (1, 2, 3)
    },
}
TIMES = {
    f"time {text!r}": _time(text)
    for text in (
        "20260301123015Z", "20260301123015.5Z", "20260301123015.123456Z", "20260301123015.1234567Z",
        "20260301123015.123456789Z", "20260301123015.1234567891Z", "20260301123015.50Z", "20260301123015.0Z",
        "20260301123015.Z", "20260301123015,5Z", "20260301123015", "20260301123015+0000", "20260301133015+0100",
        "202603011230Z", "2026030112Z", "20260229123015Z", "20260301246015Z", "20260301123060Z", "20261301123015Z",
        "260301123015Z", "20260301123015z", " 0260301123015Z", "", "soon", "20260301123015ZZ", "99991231235959Z",
        "00010101000000Z", "00000101000000Z", "20250101000000Z", "20241231235959Z", "20491231000000Z",
        "20491231000000.1Z", "20491231000001Z", "\u0662\u0660260301123015Z",
    )
}  # fmt: skip
ACCURACIES: Mapping[str, Accuracy | bytes | None] = {
    "none": None,
    "of nothing": Accuracy(),
    "of zero": Accuracy(0),
    "of zeros": Accuracy(0, 0, 0),
    "one second": Accuracy(1),
    "three parts": Accuracy(1, 500, 100),
    "milliseconds": Accuracy(millis=1),
    "milliseconds at most": Accuracy(millis=999),
    "milliseconds too many": Accuracy(millis=1000),
    "milliseconds none": Accuracy(millis=0),
    "milliseconds negative": Accuracy(millis=-1),
    "microseconds": Accuracy(micros=1),
    "microseconds at most": Accuracy(micros=999),
    "microseconds too many": Accuracy(micros=1000),
    "microseconds none": Accuracy(1, micros=0),
    "seconds and microseconds": Accuracy(2, micros=7),
    "seconds negative": Accuracy(-1),
    "seconds negative and milliseconds": Accuracy(-1, millis=1),
    "a day": Accuracy(86400),
    "a year": Accuracy(366 * 86400),
    "more than a year": Accuracy(366 * 86400 + 1),
    "seconds beyond 32 bits": Accuracy(2**32),
    "seconds beyond 63 bits": Accuracy(2**63),
    "nanoseconds beyond 63 bits": Accuracy(2**34),
    "another type": octet_string(b""),
    "parts out of order": sequence(tlv(0x81, b"\1"), tlv(0x80, b"\1")),
    "a part too many": sequence(tlv(0x80, b"\1"), tlv(0x81, b"\1"), tlv(0x82, b"\1")),
    "a part twice": sequence(integer(1), integer(1)),
    "seconds in two bytes": sequence(tlv(0x02, b"\0\1")),
    "seconds in no byte": sequence(tlv(0x02, b"")),
    "trailing accuracy": sequence(integer(1)) + sequence(integer(1)),
}
_WRONG_SALT = sequence(
    oid(PSS),
    sequence(
        explicit(0, _identifier(HASHES["sha256"])),
        explicit(1, sequence(oid("1.2.840.113549.1.1.8"), _identifier(HASHES["sha256"]))),
        explicit(2, integer(20)),
    ),
)
SIGNATURES: Mapping[str, TokenChanges] = {
    **{f"rsaEncryption {hashed}": changes(signature="rsaEncryption", digest_algorithm=hashed) for hashed in SHA_2},
    "rsaEncryption sha1": changes(signature="rsaEncryption", digest_algorithm="sha1"),
    **{f"PSS {hashed}": changes(signature="pss", digest_algorithm=hashed) for hashed in SHA_2},
    "PSS sha1": changes(signature="pss", digest_algorithm="sha1"),
    "PSS with no salt": changes(signature="pss", salt=0),
    "PSS with a salt of 20": changes(signature="pss", salt=20),
    "PSS with a salt that is told wrong": changes(signature="pss", signature_algorithm=_WRONG_SALT),
    "PSS with default parameters": changes(signature="pss", signature_algorithm=_identifier(PSS, sequence())),
    "PSS without parameters": changes(signature="pss", signature_algorithm=_identifier(PSS, b"")),
    "PSS with NULL": changes(signature="pss", signature_algorithm=_identifier(PSS)),
    "PSS for PKCS#1": changes(signature_algorithm=_identifier(PSS, b"")),
    "PKCS#1 for PSS": changes(signature="pss", signature_algorithm=_identifier("1.2.840.113549.1.1.11")),
    "PKCS#1 without NULL": changes(signature_algorithm=_identifier("1.2.840.113549.1.1.11", b"")),
    "PKCS#1 with parameters": changes(signature_algorithm=_identifier("1.2.840.113549.1.1.11", integer(1))),
    "rsaEncryption without NULL": changes(signature_algorithm=_identifier("1.2.840.113549.1.1.1", b"")),
}
ECDSA: Mapping[str, TokenChanges] = {
    "ECDSA with NULL": changes(signature_algorithm=_identifier("1.2.840.10045.4.3.2")),
    "ECDSA said to be RSA": changes(signature_algorithm=_identifier("1.2.840.113549.1.1.11")),
    "ECDSA without a hash": changes(signature_algorithm=_identifier("1.2.840.10045.2.1", b"")),
}


def differing(given: TokenChanges) -> dict[str, Any]:
    """Returns the fields in which changes differ from the usual ones."""
    usual = changes()
    return {field: value for field, value in vars(given).items() if value != getattr(usual, field)}
