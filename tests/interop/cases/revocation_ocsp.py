"""Revocation cases of OCSP responses."""

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.interop.cases.revocation_base import (
    BY_OCSP,
    DAY,
    HASHES,
    HOLD,
    HOUR,
    REASONS,
    REMOVED,
    STATUSES,
    Scene,
    case,
    crl_case,
    ocsp_case,
)
from tests.support import asn1
from tests.support.ca import name
from tests.support.crls import NOW, REVOKED_AT, Entry
from tests.support.ocsp_answers import (
    GOOD,
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    REVOKED,
    SIG_REQUIRED,
    TRY_LATER,
    UNAUTHORIZED,
    Single,
    make_delegate,
    make_refusal,
    the_leaf,
)
from tests.support.revocable import ocsp_path

for _word, _single in STATUSES.items():
    for _kind in ("EC-256", "EC-384", "EC-521", "RSA-2048", "RSA-3072"):
        ocsp_case(f"{_word} by {_kind}", _single, _word, chain={"ca_kind": _kind})
    for _hash in HASHES:
        for _kind in ("EC-256", "RSA-2048"):
            ocsp_case(f"{_word} with {_hash.name} by {_kind}", _single, hash_algorithm=_hash, chain={"ca_kind": _kind})
        ocsp_case(
            f"{_word} with PSS and {_hash.name}", _single, hash_algorithm=_hash, pss=True, chain={"ca_kind": "RSA-2048"}
        )
    ocsp_case(f"{_word} by key", _single, _word, by_key=True)
    ocsp_case(f"{_word} by a delegate", _single, _word, delegate=make_delegate)
    ocsp_case(f"{_word} by a delegate by key", _single, _word, delegate=make_delegate, by_key=True)
    ocsp_case(f"{_word} by an RSA delegate", _single, _word, delegate=lambda on: make_delegate(on, kind="RSA-2048"))
    ocsp_case(f"{_word} forged", _single, "unknown", corrupted=True)
    ocsp_case(f"{_word} forged by key", _single, "unknown", corrupted=True, by_key=True)
    ocsp_case(f"{_word} of a delegate forged", _single, "unknown", corrupted=True, delegate=make_delegate)
    ocsp_case(f"{_word} expired", replace(_single, next_update=NOW - HOUR), "unknown")
    ocsp_case(f"{_word} endless", replace(_single, next_update=None), "unknown")
    ocsp_case(f"{_word} of the future", replace(_single, this_update=NOW + HOUR), "unknown")
    ocsp_case(f"{_word} with SHA-1", _single, "unknown", hash_algorithm=hashes.SHA1())
    ocsp_case(f"{_word} for another serial number", replace(_single, serial=7), "unknown")
    ocsp_case(f"{_word} for another issuer's name", replace(_single, name_hash=b"n" * 20), "unknown")
    ocsp_case(f"{_word} for another issuer's key", replace(_single, key_hash=b"k" * 20), "unknown")
    ocsp_case(f"{_word} among others", [Single(serial=1), _single, Single("revoked", serial=2)], _word)
    ocsp_case(f"{_word} signed by the root", _single, "unknown", signed_by=lambda on: on.keys[2])
    ocsp_case(f"{_word} signed by the leaf", _single, "unknown", signed_by=lambda on: on.keys[0])
    ocsp_case(f"{_word} by the leaf as a delegate", _single, "unknown", delegate=the_leaf)
    ocsp_case(
        f"{_word} by a delegate for code", _single, "unknown", delegate=lambda on: make_delegate(on, ocsp_signing=False)
    )
    ocsp_case(
        f"{_word} by an expired delegate", _single, "unknown", delegate=lambda on: make_delegate(on, expired=True)
    )
    ocsp_case(
        f"{_word} by a delegate of the future",
        _single,
        "unknown",
        delegate=lambda on: make_delegate(on, not_before=NOW + DAY),
    )
    ocsp_case(f"{_word} by a delegate of the root", _single, "unknown", delegate=lambda on: make_delegate(on, 2))
    ocsp_case(
        f"{_word} by a delegate that the root signed",
        _single,
        "unknown",
        delegate=lambda on: make_delegate(on, signed_by=on.keys[2]),
    )
    ocsp_case(
        f"{_word} by a delegate that stays away", _single, "unknown", delegate=make_delegate, include=lambda _: []
    )
    ocsp_case(
        f"{_word} in another's name",
        _single,
        "unknown",
        named=lambda on: on.certificates[2],
        include=lambda on: [on.certificates[2]],
    )
    ocsp_case(f"{_word} with the issuer's certificate", _single, _word, include=lambda on: [on.certificates[1]])
    ocsp_case(f"{_word} with all certificates of the chain", _single, _word, include=lambda on: on.certificates)

for _id_hash in (hashes.SHA1(), *HASHES):
    ocsp_case(f"good, named with {_id_hash.name}", GOOD, "good")
for _reason in (*REASONS, REMOVED):
    ocsp_case(f"revoked for {_reason.value}", replace(REVOKED, reason=_reason), "revoked")
for _word, _when, _status in (("before", -HOUR, "good"), ("at", 0 * HOUR, "revoked"), ("after", HOUR, "revoked")):
    _dated = replace(REVOKED, invalidity_date=REVOKED_AT)
    ocsp_case(f"signed {_word} the invalidity date", _dated, _status, signed=REVOKED_AT + _when)
    ocsp_case(
        f"signed {_word} a critical invalidity date",
        replace(REVOKED, extensions=((x509.InvalidityDate(REVOKED_AT), True),)),
        _status,
        signed=REVOKED_AT + _when,
    )
    crl_case(
        f"signed {_word} the invalidity date",
        lambda on: on.leaf(invalidity_date=REVOKED_AT),
        expected=_status,
        signed=REVOKED_AT + _when,
    )
    crl_case(
        f"on hold, signed {_word} the invalidity date",
        lambda on: on.leaf(HOLD, invalidity_date=REVOKED_AT),
        expected=_status,
        signed=REVOKED_AT + _when,
    )
ocsp_case("an invalidity date without a signing time", replace(REVOKED, invalidity_date=NOW), "revoked")
ocsp_case("a signing time without an invalidity date", REVOKED, "revoked", signed=REVOKED_AT - DAY)
ocsp_case("a nonce", nonce=b"n" * 16, expected="good")
ocsp_case("an extension", extensions=[asn1.unknown_extension(critical=False)], expected="good")
ocsp_case("a critical extension", extensions=[asn1.unknown_extension()], expected="unknown")
ocsp_case("an extension of the single answer", Single(extensions=(asn1.unknown_extension(critical=False),)), "good")
ocsp_case("a critical extension of the single answer", Single(extensions=(asn1.unknown_extension(),)), "unknown")
ocsp_case("another kind of answer", response_type="1.3.6.1.5.5.7.48.1.99", expected="unknown")
ocsp_case("no answer", [], "unknown")
ocsp_case("produced long ago", produced_at=NOW - 300 * DAY, expected="good")
ocsp_case("named with two hashes", [GOOD, Single(id_hash=hashes.SHA256())], "good")
ocsp_case(
    "a delegate beside another",
    delegate=make_delegate,
    include=lambda on: [make_delegate(on, subject=name("Another")).certificate],
    expected="unknown",
)


def _second(on: Scene) -> None:
    delegate = make_delegate(on.chain)
    on.answer(delegate=delegate, include=[on.chain.certificates[1], delegate.certificate])


case(
    "ocsp: a delegate whose certificate comes second",
    _second,
    {**BY_OCSP, "ocsp_at": {1: []}},
    "good",
)
ocsp_case(
    "a delegate in the issuer's name", delegate=lambda on: make_delegate(on, subject=on.subjects[1]), expected="good"
)
for _nocheck in (False, True):
    ocsp_case(
        f"a delegate that names nothing, nocheck {_nocheck}",
        delegate=lambda on, nocheck=_nocheck: make_delegate(on, nocheck=nocheck),
        expected="good",
    )
    for _listed in (False, True):

        def _delegated(on: Scene, nocheck: bool = _nocheck, listed: bool = _listed) -> None:
            delegate = make_delegate(on.chain, nocheck=nocheck, crl_urls=[on.url("/delegates")])
            on.crl(*([Entry(delegate.certificate.serial_number)] if listed else []), path="/delegates")
            on.answer(delegate=delegate)

        case(
            f"ocsp: a delegate, nocheck {_nocheck}, listed {_listed}",
            _delegated,
            {**BY_OCSP, "ocsp_at": {1: []}},
            "unknown" if _listed and not _nocheck else "good",
        )
ocsp_case(
    "a delegate whose CRL is missing",
    delegate=lambda on: make_delegate(on, nocheck=False, crl_urls=["http://127.0.0.1:1/"]),
    expected="unknown",
)
for _status_number in (MALFORMED_REQUEST, INTERNAL_ERROR, TRY_LATER, SIG_REQUIRED, UNAUTHORIZED):

    def _refusing(on: Scene, number: int = _status_number) -> None:
        on.on.ocsp(on.path + ocsp_path(0), lambda *_: make_refusal(number))

    case(
        f"ocsp: refused with {_status_number}",
        _refusing,
        {**BY_OCSP, "ocsp_at": {1: []}},
        "unknown",
    )
