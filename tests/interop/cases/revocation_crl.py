"""Revocation cases of CRLs."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.interop.cases.revocation_base import (
    ALL_REASONS,
    DAY,
    HASHES,
    HOLD,
    HOUR,
    KEY_COMPROMISE,
    REASONS,
    REMOVED,
    crl_case,
)
from tests.support import asn1
from tests.support.ca import Changes, key_usage, name
from tests.support.crls import NOW, REVOKED_AT, Entry, issued_for
from tests.support.revocable import crl_path

for _kind in ("EC-256", "EC-384", "EC-521", "RSA-2048", "RSA-3072"):
    for _word, _entries in (("good", ()), ("revoked", (None,))):
        crl_case(f"{_word} by {_kind}", *_entries, expected=_word, chain={"ca_kind": _kind})
for _hash in HASHES:
    for _kind, _pss in (("EC-256", False), ("RSA-2048", False), ("RSA-2048", True)):
        crl_case(
            f"{_kind} {'PSS ' * _pss}with {_hash.name}",
            expected="good",
            hash_algorithm=_hash,
            pss=_pss,
            chain={"ca_kind": _kind},
        )
for _reason in REASONS:
    crl_case(f"revoked for {_reason.value}", _reason, expected="revoked")
    if _reason is not HOLD:
        crl_case(f"expired, revoked for {_reason.value}", _reason, expected="revoked", next_update=NOW - HOUR)
for _word, _entries in (("good", ()), ("revoked", (None,))):
    crl_case(f"{_word}, forged", *_entries, expected="unknown", corrupted=True)
    crl_case(f"{_word}, with SHA-1", *_entries, expected="unknown", hash_algorithm=hashes.SHA1())
    crl_case(f"{_word}, of the first version", *_entries, expected=_word, version=1)
    crl_case(f"{_word}, of the third version", *_entries, expected="unknown", version=3)
    crl_case(f"{_word}, endless", *_entries, expected="unknown", next_update=None)
    crl_case(f"{_word}, signed by the root", *_entries, expected="unknown", signed_by=lambda on: on.chain.keys[2])
    crl_case(f"{_word}, signed by the leaf", *_entries, expected="unknown", signed_by=lambda on: on.chain.keys[0])
    crl_case(f"{_word}, in another's name", *_entries, expected="unknown", issuer=name("Other CA"))
    crl_case(f"{_word}, of another key", *_entries, expected=_word, authority=b"k" * 20)
    crl_case(f"{_word}, of no key", *_entries, expected=_word, without_authority=True)
    crl_case(f"{_word}, without a number", *_entries, expected=_word, number=None)
    crl_case(f"{_word}, an extension", *_entries, expected=_word, extensions=[asn1.unknown_extension(critical=False)])
    crl_case(f"{_word}, a critical extension", *_entries, expected="unknown", extensions=[asn1.unknown_extension()])
    crl_case(
        f"{_word}, a critical number", *_entries, expected=_word, number=None, extensions=[(x509.CRLNumber(1), True)]
    )
    crl_case(f"{_word}, a delta", *_entries, expected="unknown", number=6, base=5)
    crl_case(
        f"{_word}, a delta that is not critical", *_entries, expected="unknown", number=6, base=5, base_critical=False
    )
    crl_case(
        f"{_word}, the issuer must not sign",
        *_entries,
        expected="unknown",
        chain={"cas": {1: Changes(put=((key_usage("key_cert_sign"), True),))}},
    )
    _arguments: Any
    for _scope, _arguments in {
        "users": {"only_user": True}, "CAs": {"only_ca": True}, "attributes": {"only_attribute": True},
        "others": {"indirect": True}, "some reasons": {"only_reasons": [KEY_COMPROMISE]},
        "all reasons": {"only_reasons": ALL_REASONS},
    }.items():  # fmt: skip
        _fits = _scope in {"users", "all reasons"} or (_scope == "some reasons" and _word == "revoked")
        crl_case(
            f"{_word}, for {_scope}",
            *_entries,
            expected=_word if _fits else "unknown",
            distribution_point=issued_for(**_arguments),
        )
    crl_case(
        f"{_word}, for its point",
        *_entries,
        expected=_word,
        distribution_point=lambda on: issued_for(on.url(crl_path(0))),
    )
    crl_case(
        f"{_word}, for another point",
        *_entries,
        expected="unknown",
        distribution_point=issued_for("http://other.invalid"),
    )
    crl_case(
        f"{_word}, for its point, not critical",
        *_entries,
        expected=_word,
        distribution_point=lambda on: issued_for(on.url(crl_path(0)), critical=False),
    )
    crl_case(
        f"{_word}, for users and some reasons",
        *_entries,
        expected="unknown" if _word == "good" else _word,
        distribution_point=issued_for(only_user=True, only_reasons=[HOLD]),
    )
    for _form in (asn1.utc_time, asn1.generalized_time):
        crl_case(
            f"{_word}, a newer one later, {_form.__name__}", *_entries, expected=_word, next_publish=_form(NOW + DAY)
        )
        crl_case(
            f"{_word}, a newer one now, {_form.__name__}", *_entries, expected=_word, next_publish=_form(NOW - HOUR)
        )
crl_case("good, expired", expected="unknown", next_update=NOW - HOUR)
crl_case("on hold, expired", HOLD, expected="unknown", next_update=NOW - HOUR)
crl_case("good, of the future", expected="unknown", this_update=NOW + HOUR)
crl_case("released", REMOVED, expected="unknown")
crl_case("others are revoked", lambda _: Entry(1), lambda _: Entry(2, reason=HOLD), expected="good")
crl_case("a neighbour is revoked", lambda on: Entry(on.chain.certificates[0].serial_number + 1), expected="good")
crl_case("listed twice", HOLD, KEY_COMPROMISE, expected="revoked")
crl_case("a late date", lambda on: on.leaf(revoked_at=NOW.replace(year=2051)), expected="revoked")
crl_case(
    "an entry with an extension",
    lambda on: on.leaf(extensions=(asn1.unknown_extension(critical=False),)),
    expected="revoked",
)
crl_case(
    "an entry with a critical extension", lambda on: on.leaf(extensions=(asn1.unknown_extension(),)), expected="unknown"
)
crl_case(
    "another's entry with a critical extension",
    lambda _: Entry(1, extensions=(asn1.unknown_extension(),)),
    expected="unknown",
)
crl_case("an entry of another issuer", lambda on: on.leaf(issuer=name("Other CA")), expected="unknown")
crl_case("a signing time without an invalidity date", None, expected="revoked", signed=REVOKED_AT - DAY)
crl_case("an invalidity date without a signing time", lambda on: on.leaf(invalidity_date=NOW), expected="revoked")
crl_case(
    "an invalidity date of one of two entries",
    lambda on: on.leaf(invalidity_date=NOW),
    KEY_COMPROMISE,
    expected="revoked",
    signed=REVOKED_AT,
)
