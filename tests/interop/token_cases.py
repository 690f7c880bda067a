"""Tokens for two judges: every way in which one can differ from a good one, by name; the times in them are fixed."""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.support.asn1 import HASHES, NULL, PSS, explicit, integer, octet_string, oid, utc_time
from tests.support.ca import Changes, TestChain, key_usage, make_chain, name, new_key
from tests.support.der import sequence, tlv
from tests.support.sha1 import sha1_signed
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
from tests.support.tokens import make_info, make_token

MESSAGE = b"what is stamped"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
NOT_BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2049, 12, 31, tzinfo=UTC)
BASELINE = "0.4.0.2023.1.1"
SECOND = timedelta(seconds=1)

_OTHER = "1.3.6.1.4.1.99999.7"
_HASHES = ("sha256", "sha384", "sha512")
_USUAL_SPECS = ("RSA-2048", "EC-256")
_PAIRS = 60
_ODD_KEYS = ("RSA-1024", "RSA-2560", "EC-224", "EC-256K")
_SPECS = ("RSA-2048", "RSA-3072", "RSA-4096", "EC-256", "EC-384", "EC-521")


_V3, _V4 = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"


class Case(NamedTuple):
    """One token.

    Attributes:
        label: What is special about it.
        chain: The authority's chain, by its name.
        changes: How the token differs.
        root: The chain whose root is trusted, where it is not the authority's own.
        mutated: The byte that is changed, and what it is combined with; where it is, is found by `mutate`.
    """

    label: str
    chain: str
    changes: TokenChanges
    root: str = ""
    mutated: tuple[str, int] | None = None

    def token(self) -> bytes:
        """The token."""
        token = make_token(MESSAGE, chain(self.chain), self.changes)
        return mutate(token, *self.mutated) if self.mutated else token

    @property
    def trusted(self) -> bytes:
        """The root that is trusted."""
        return chain(self.root or self.chain).ders[-1]


def changes(**given: Any) -> TokenChanges:
    """Changes with the moment for the time, if no other is given."""
    return TokenChanges(**{"gen_time": MOMENT, **given})


# Chains


def _put(*extensions: tuple[x509.ExtensionType, bool]) -> Changes:
    return Changes(put=extensions)


def _usages(*usages: ObjectIdentifier, critical: bool = True) -> Changes:
    return _put((x509.ExtendedKeyUsage(usages), critical))


_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
_ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
_CODE = ExtendedKeyUsageOID.CODE_SIGNING
_IDENTIFIED = (x509.SubjectKeyIdentifier(b"of the authority's own making"), False)
_NAMED = x509.SubjectAlternativeName([x509.DNSName("tsa.example.com"), x509.DirectoryName(name("The TSA"))]), False

_LEAVES: Mapping[str, Changes] = {
    "leaf with a key identifier": _put(_IDENTIFIED),
    "leaf with other names": _put(_NAMED),
    "leaf without extended key usage": Changes(without=(x509.ExtendedKeyUsage,)),
    "leaf with extended key usage not critical": _usages(_STAMPING, critical=False),
    "leaf for code too": _usages(_STAMPING, _CODE),
    "leaf for anything": _usages(_ANY),
    "leaf for stamping and anything": _usages(_STAMPING, _ANY),
    "leaf for stamping and something unknown": _usages(_STAMPING, ObjectIdentifier(_OTHER)),
    "leaf for stamping twice": _usages(_STAMPING, _STAMPING),
    "leaf for code": _usages(_CODE),
    "leaf without key usage": Changes(without=(x509.KeyUsage,)),
    "leaf with key usage not critical": _put((key_usage("digital_signature"), False)),
    "leaf that may not sign": _put((key_usage("content_commitment"), True)),
    "leaf with content commitment": _put((key_usage("digital_signature", "content_commitment"), True)),
    "leaf with key encipherment": _put((key_usage("digital_signature", "key_encipherment"), True)),
    "leaf that signs CRLs": _put((key_usage("digital_signature", "crl_sign"), True)),
    "leaf that says that it is no CA": _put((x509.BasicConstraints(ca=False, path_length=None), True)),
    "leaf that is a CA": _put((x509.BasicConstraints(ca=True, path_length=None), True)),
    "leaf with a critical extension": _put((x509.UnrecognizedExtension(ObjectIdentifier(_OTHER), NULL), True)),
    "leaf signed with SHA-384": Changes(hash_algorithm=hashes.SHA384()),
    "leaf signed by another key": Changes(signed_by=new_key("EC-256")),
    "leaf issued by another name": Changes(issuer=name("Somebody Else")),
    "leaf that expired before": Changes(not_after=MOMENT - SECOND),
    "leaf that expires then": Changes(not_after=MOMENT),
    "leaf that is valid later": Changes(not_before=MOMENT + SECOND),
    "leaf that is valid from then on": Changes(not_before=MOMENT),
}
_CAS: Mapping[str, Changes] = {
    "CA with key usage not critical": _put((key_usage("key_cert_sign", "crl_sign"), False)),
    "CA without key usage": Changes(without=(x509.KeyUsage,)),
    "CA that may not sign": _put((key_usage("crl_sign"), True)),
    "CA without basic constraints": Changes(without=(x509.BasicConstraints,)),
    "CA with basic constraints not critical": _put((x509.BasicConstraints(ca=True, path_length=None), False)),
    "CA that is none": _put((x509.BasicConstraints(ca=False, path_length=None), True)),
    "CA for no CA below": _put((x509.BasicConstraints(ca=True, path_length=0), True)),
    "CA for stamping": _usages(_STAMPING, critical=False),
    "CA for anything": _usages(_ANY, critical=False),
    "CA for code": _usages(_CODE, critical=False),
    "CA with a critical extension": _put((x509.UnrecognizedExtension(ObjectIdentifier(_OTHER), NULL), True)),
    "CA with a weak key": Changes(kind="RSA-1024"),
    "CA with Ed25519": Changes(kind="Ed25519"),
    "CA that expired before": Changes(not_after=MOMENT - SECOND),
    "CA that expires then": Changes(not_after=MOMENT),
    "CA that is valid later": Changes(not_before=MOMENT + SECOND),
    "CA that is valid from then on": Changes(not_before=MOMENT),
}
_ROOTS = (
    "root for no CA below", "root without key usage", "root with key usage not critical", "root for code",
    "root that expired before", "root that expires then", "root that is valid later", "root with Ed25519",
)  # fmt: skip
_SIGNED_WITH_SHA1 = ("leaf signed with SHA-1", "CA signed with SHA-1", "root signed with SHA-1")
_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "another": {},
    "alone": {"length": 1},
    "of two": {"length": 2},
    "of six": {"length": 6},
    "CAs with RSA": {"ca_kind": "RSA-2048"},
    "CAs with PSS": {"ca_kind": "RSA-2048", "leaf": Changes(pss=True), "cas": {1: Changes(pss=True)}},
}


@cache
def chain(which: str) -> TestChain:
    """A chain by its name, made once."""
    kind, _, rest = which.partition(": ")
    if rest in _LEAVES:
        return _made(kind, leaf=_LEAVES[rest])
    if rest in _CAS:
        return _made(kind, cas={1: _CAS[rest]})
    if rest in _ROOTS:
        return _made(kind, cas={2: _CAS[rest.replace("root", "CA", 1)]})
    if rest in _SIGNED_WITH_SHA1:
        return sha1_signed(_made(kind), _SIGNED_WITH_SHA1.index(rest))
    return _made(kind, **_SHAPES[rest])


def _made(kind: str, length: int = 3, **given: Any) -> TestChain:
    return make_chain(kind, length, purpose="timestamping", not_before=NOT_BEFORE, not_after=NOT_AFTER, **given)


# Changes


def _time(text: str) -> TokenChanges:
    return changes(gen_time=text.encode())


def _identifier(dotted: str, parameters: bytes = NULL) -> bytes:
    return sequence(oid(dotted), parameters)


def _ess(*arguments: Any, **given: Any) -> TokenChanges:
    return changes(ess_v2=(EssCertificate(*arguments, **given),))


def _attribute(kind: str, value: bytes, **given: Any) -> TokenChanges:
    """Changes with an attribute that has another value than the usual one."""
    return changes(without=given.pop("without", ()), more_attributes=((kind, value),), **given)


_GOOD: Mapping[str, TokenChanges] = {
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
    "one more attribute": changes(more_attributes=((_OTHER, integer(1)),)),
    "unsigned attribute": changes(unsigned_attributes=((_OTHER, integer(1)),)),
    "certificates as given": changes(certificates_as_given=True),
    "certificates without root": changes(certificates="without root"),
    "indefinite lengths": changes(indefinite=True),
    "content in parts": changes(content_in_parts=True),
    "indefinite lengths and content in parts": changes(indefinite=True, content_in_parts=True),
}
_HASHED: Mapping[str, TokenChanges] = {
    **{f"imprint {hashed}": changes(imprint_hash=hashed) for hashed in ("sha1", *_HASHES)},
    **{f"digest {hashed}": changes(digest_algorithm=hashed) for hashed in ("sha1", *_HASHES)},
    **{f"certificate hash {hashed}": _ess(hashed) for hashed in ("sha1", *_HASHES)},
    **{
        f"digest {digest}, signature {signature}": changes(digest_algorithm=digest, signature_hash=signature)
        for digest, signature in itertools.permutations(("sha1", *_HASHES), 2)
    },
}
_BAD: Mapping[str, TokenChanges] = {
    "another imprint": changes(imprint=b"\1" * 32),
    "imprint too short": changes(imprint=b"\1" * 31),
    "imprint empty": changes(imprint=b""),
    "imprint of an unknown hash": changes(imprint_algorithm=_identifier(_OTHER)),
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
    "two extensions": changes(extensions=(TokenExtension(critical=False), TokenExtension(oid=_OTHER, critical=False))),
    "content that is empty": changes(info=b"\x30\x00"),
    "content that is nothing": changes(info=b""),
    "another outer type": changes(outer_type=DATA),
    "another content type": changes(content_type=DATA),
    "detached": changes(detached=True),
    "another listed hash": changes(listed_algorithms=("sha512",)),
    "more listed hashes": changes(listed_algorithms=_HASHES),
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
    "unknown attribute twice": changes(more_attributes=((_OTHER, integer(1)),), twice=(_OTHER,)),
    "unknown attribute with two values": changes(more_attributes=((_OTHER, integer(1)),), two_values=(_OTHER,)),
    "signature algorithm unknown": changes(signature_algorithm=_identifier(_OTHER)),
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
_TIMES = {
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
_ACCURACIES: Mapping[str, Accuracy | bytes | None] = {
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
_SIGNATURES: Mapping[str, TokenChanges] = {
    **{f"rsaEncryption {hashed}": changes(signature="rsaEncryption", digest_algorithm=hashed) for hashed in _HASHES},
    "rsaEncryption sha1": changes(signature="rsaEncryption", digest_algorithm="sha1"),
    **{f"PSS {hashed}": changes(signature="pss", digest_algorithm=hashed) for hashed in _HASHES},
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
_ECDSA: Mapping[str, TokenChanges] = {
    "ECDSA with NULL": changes(signature_algorithm=_identifier("1.2.840.10045.4.3.2")),
    "ECDSA said to be RSA": changes(signature_algorithm=_identifier("1.2.840.113549.1.1.11")),
    "ECDSA without a hash": changes(signature_algorithm=_identifier("1.2.840.10045.2.1", b"")),
}


def singles() -> dict[str, Case]:
    """Each case of one difference, by its name."""
    parts = (_alone(), _by_hash(), _by_accuracy(), _by_chain(), _by_set(), _by_name(), _bytes(), _content_bytes())
    return {f"{case.chain.partition(':')[0]}: {case.label}": case for case in itertools.chain(*parts)}


def _alone() -> Iterator[Case]:
    for spec in _USUAL_SPECS:
        for label, each in (*_GOOD.items(), *_BAD.items(), *_HASHED.items()):
            yield Case(label, spec, each)
        yield Case("root of another", spec, changes(), root=f"{spec}: another")
    for label, each in (*_TIMES.items(), *_ECDSA.items()):
        yield Case(label, "EC-256", each)
    for label, each in _SIGNATURES.items():
        yield Case(label, "RSA-2048", each)


def _by_hash() -> Iterator[Case]:
    for spec, hashed in itertools.product(_SPECS, _HASHES):
        each = changes(imprint_hash=hashed, digest_algorithm=hashed, ess_v2=(EssCertificate(hashed),))
        yield Case(f"{hashed} everywhere", spec, each)
    for kind in _ODD_KEYS:
        yield Case("a key that is not for signatures", kind, changes())


def _by_accuracy() -> Iterator[Case]:
    policies = {"": "1.2.3", ", baseline policy": BASELINE, ", below the baseline policy": f"{BASELINE}.1"}
    for (named, policy), (label, accuracy) in itertools.product(policies.items(), _ACCURACIES.items()):
        yield Case(f"accuracy {label}{named}", "EC-256", changes(accuracy=accuracy, policy=policy))


def _by_chain() -> Iterator[Case]:
    for spec, rest in itertools.product(_USUAL_SPECS, (*_LEAVES, *_CAS, *_ROOTS, *_SIGNED_WITH_SHA1, *_SHAPES)):
        yield Case(f"chain {rest}", f"{spec}: {rest}", changes())


def _by_set() -> Iterator[Case]:
    own, other = chain("EC-256"), chain("EC-256: another")
    strangers = tuple(make_chain(length=1).ders[0] for _ in range(30))
    sets = {
        "backwards": changes(certificates=own.ders[::-1], certificates_as_given=True),
        "without the CA": changes(certificates=(own.ders[0], own.ders[2])),
        "without the leaf": changes(certificates=own.ders[1:]),
        "of another": changes(certificates=other.ders),
        "with another's": changes(extra_certificates=other.ders),
        "leaf twice": changes(extra_certificates=own.ders[:1]),
        "CA twice": changes(extra_certificates=own.ders[1:2]),
        "with another's root in place of its own": changes(certificates=(*own.ders[:2], other.ders[2])),
        "32 in all": changes(extra_certificates=strangers[:29]),
        "33 in all": changes(extra_certificates=strangers),
    }
    for label, each in sets.items():
        yield Case(f"certificates {label}", "EC-256", each)
    signers = {
        "who is the CA": changes(signer_id_of=own.ders[1]),
        "who is not there": changes(signer_id_of=other.ders[0]),
        "who is another": changes(signer_id_of=other.ders[0], extra_certificates=other.ders),
        "whose key is the CA's": changes(signer_id_of=own.ders[1], ess_v2=(EssCertificate(place=1),), key=own.keys[1]),
        "who is not alone": changes(second_signer=other),
    }
    for label, each in signers.items():
        yield Case(f"signer {label}", "EC-256", each)
    not_alone = signers["who is not alone"]
    yield Case("signer who is not alone, and the other is trusted", "EC-256", not_alone, "EC-256: another")


def _by_name() -> Iterator[Case]:
    names = {
        "of the leaf as a host": tlv(0x82, b"tsa.example.com"),
        "of the leaf as another directory name": explicit(4, name("The TSA").public_bytes()),
        "of another host": tlv(0x82, b"tsa.example.org"),
        "of the leaf in other letters": explicit(4, name("WABBIT-networks.io").public_bytes()),
    }
    for label, each in names.items():
        yield Case(f"name {label}", "EC-256: leaf with other names", changes(tsa=each))


def pairs() -> dict[str, tuple[Case, Case, Case]]:
    """Tokens with two differences that have nothing to do with each other, which the seed chooses; and each alone."""
    chosen = random.Random(3161)
    found: dict[str, tuple[Case, Case, Case]] = {}
    while len(found) < _PAIRS:
        spec = chosen.choice(_USUAL_SPECS)
        first, first_changes = chosen.choice(list(_GOOD.items()))
        second, second_changes = chosen.choice([*_GOOD.items(), *_BAD.items(), *_HASHED.items()])
        one, other = _differing(first_changes), _differing(second_changes)
        if one.keys() & other.keys():
            continue
        both = Case(f"{first}, and {second}", spec, changes(**one, **other))
        found[f"{spec}: {both.label}"] = (both, Case(first, spec, first_changes), Case(second, spec, second_changes))
    return found


def _differing(given: TokenChanges) -> dict[str, Any]:
    usual = changes()
    return {field: value for field, value in vars(given).items() if value != getattr(usual, field)}


# Single bytes


_CONSTRUCTED = 0x20
_CERTIFICATES = "0.1.0.3"
# The name of the signer's issuer in a token, and the authority's in a content.
_WHOLE = ("0.1.0.4.0.1.0", "0.8.0")


class Element(NamedTuple):
    """One element of some DER.

    Attributes:
        path: Where it is: the numbers of the elements that lead to it.
        start: Where its tag is.
        content: Where its content begins.
        end: Where its content ends.
    """

    path: str
    start: int
    content: int
    end: int


def elements(der: bytes, start: int = 0, end: int | None = None, path: str = "") -> Iterator[Element]:
    """The elements of some DER, each before those inside it; certificates and names are not taken apart."""
    position, number = start, 0
    end = len(der) if end is None else end
    while position < end:
        size, content = der[position + 1], position + 2
        if size & 0x80:
            content += size & 0x7F
            size = int.from_bytes(der[position + 2 : content], "big")
        here = f"{path}.{number}".lstrip(".")
        yield Element(here, position, content, content + size)
        if der[position] & _CONSTRUCTED and here not in _WHOLE and path != _CERTIFICATES:
            yield from elements(der, content, content + size, here)
        position, number = content + size, number + 1


def mutate(der: bytes, place: str, mask: int) -> bytes:
    """The same with one byte changed.

    Args:
        der: The DER.
        place: Which byte: an element's path, and whether it is its tag, of its length, in which third of its
            content, or its last.
        mask: What the byte is combined with.
    """
    path, _, what = place.partition(" ")
    found = next(each for each in elements(der) if each.path == path)
    if what.endswith("/3"):
        where = found.content + (found.end - found.content) * int(what[0]) // 3
    else:
        where = {"tag": found.start, "length": found.content - 1, "last": found.end - 1}[what]
    return der[:where] + bytes([der[where] ^ mask]) + der[where + 1 :]


_FULL = changes(
    nonce=77, tsa="right", ordering=True, extensions=(TokenExtension(critical=False),), signing_time=MOMENT,
    ess_v1=(EssCertificate(),), unsigned_attributes=((_OTHER, integer(1)),), accuracy=Accuracy(1, 2, 3),
    certificates_as_given=True,
)  # fmt: skip


def _places(der: bytes) -> Iterator[tuple[str, int]]:
    """Places in some DER, each with a bit that is flipped there."""
    for each in elements(der):
        whats = ["tag", "length"]
        if each.path in _WHOLE or each.path.startswith(f"{_CERTIFICATES}."):
            whats.append("last")
        elif each.content < each.end and not der[each.start] & _CONSTRUCTED:
            whats += [f"{third}/3" for third in range(3)]
        for what in whats:
            place = f"{each.path} {what}"
            # By the place alone, so that another token has the same bits flipped.
            yield place, 1 << random.Random(place).randrange(3 if what == "length" else 8)


def _bytes() -> Iterator[Case]:
    for spec in _USUAL_SPECS:
        for place, mask in _places(make_token(MESSAGE, chain(spec), _FULL)):
            yield Case(f"byte {place} ^ {mask:#04x}", spec, _FULL, mutated=(place, mask))


def _content_bytes() -> Iterator[Case]:
    """A byte of the content is changed before it is signed."""
    content = make_info(MESSAGE, chain("EC-256"), _FULL)
    for place, mask in _places(content):
        yield Case(f"content {place} ^ {mask:#04x}", "EC-256", replace(_FULL, info=mutate(content, place, mask)))
