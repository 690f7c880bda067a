"""Chains of timestamp authorities, by name: the usual one, and ones that differ in a single way."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.support.asn1 import NULL
from tests.support.ca import Changes, TestChain, key_usage, make_chain, name, new_key
from tests.support.sha1 import sha1_signed

MOMENT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
NOT_BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2049, 12, 31, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UNKNOWN_OID = "1.3.6.1.4.1.99999.7"


def _put(*extensions: tuple[x509.ExtensionType, bool]) -> Changes:
    return Changes(put=extensions)


def _usages(*usages: ObjectIdentifier, critical: bool = True) -> Changes:
    return _put((x509.ExtendedKeyUsage(usages), critical))


_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
_ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
_CODE = ExtendedKeyUsageOID.CODE_SIGNING
_IDENTIFIED = (x509.SubjectKeyIdentifier(b"of the authority's own making"), False)
_NAMED = x509.SubjectAlternativeName([x509.DNSName("tsa.example.com"), x509.DirectoryName(name("The TSA"))]), False

LEAVES: Mapping[str, Changes] = {
    "leaf with a key identifier": _put(_IDENTIFIED),
    "leaf with other names": _put(_NAMED),
    "leaf without extended key usage": Changes(without=(x509.ExtendedKeyUsage,)),
    "leaf with extended key usage not critical": _usages(_STAMPING, critical=False),
    "leaf for code too": _usages(_STAMPING, _CODE),
    "leaf for anything": _usages(_ANY),
    "leaf for stamping and anything": _usages(_STAMPING, _ANY),
    "leaf for stamping and something unknown": _usages(_STAMPING, ObjectIdentifier(UNKNOWN_OID)),
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
    "leaf with a critical extension": _put((x509.UnrecognizedExtension(ObjectIdentifier(UNKNOWN_OID), NULL), True)),
    "leaf signed with SHA-384": Changes(hash_algorithm=hashes.SHA384()),
    "leaf signed by another key": Changes(signed_by=new_key("EC-256")),
    "leaf issued by another name": Changes(issuer=name("Somebody Else")),
    "leaf that expired before": Changes(not_after=MOMENT - SECOND),
    "leaf that expires then": Changes(not_after=MOMENT),
    "leaf that is valid later": Changes(not_before=MOMENT + SECOND),
    "leaf that is valid from then on": Changes(not_before=MOMENT),
}
CAS: Mapping[str, Changes] = {
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
    "CA with a critical extension": _put((x509.UnrecognizedExtension(ObjectIdentifier(UNKNOWN_OID), NULL), True)),
    "CA with a weak key": Changes(kind="RSA-1024"),
    "CA with Ed25519": Changes(kind="Ed25519"),
    "CA that expired before": Changes(not_after=MOMENT - SECOND),
    "CA that expires then": Changes(not_after=MOMENT),
    "CA that is valid later": Changes(not_before=MOMENT + SECOND),
    "CA that is valid from then on": Changes(not_before=MOMENT),
}
ROOTS = (
    "root for no CA below", "root without key usage", "root with key usage not critical", "root for code",
    "root that expired before", "root that expires then", "root that is valid later", "root with Ed25519",
)  # fmt: skip
SIGNED_WITH_SHA1 = ("leaf signed with SHA-1", "CA signed with SHA-1", "root signed with SHA-1")
SHAPES: Mapping[str, Mapping[str, Any]] = {
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
    if rest in LEAVES:
        return _made(kind, leaf=LEAVES[rest])
    if rest in CAS:
        return _made(kind, cas={1: CAS[rest]})
    if rest in ROOTS:
        return _made(kind, cas={2: CAS[rest.replace("root", "CA", 1)]})
    if rest in SIGNED_WITH_SHA1:
        return sha1_signed(_made(kind), SIGNED_WITH_SHA1.index(rest))
    return _made(kind, **SHAPES[rest])


def _made(kind: str, length: int = 3, **given: Any) -> TestChain:
    return make_chain(kind, length, purpose="timestamping", not_before=NOT_BEFORE, not_after=NOT_AFTER, **given)
