"""Cases of revocation: every way in which answers, CRLs, chains and servers can be made to differ from good ones."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations, count
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ReasonFlags

from tests.servers.registry.http_server import Reply
from tests.support import asn1
from tests.support.ca import Changes, key_usage, name
from tests.support.crls import NOW, REVOKED_AT, Entry, issued_for, make_crl, revoked
from tests.support.ocsp_answers import (
    GOOD,
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    REVOKED,
    SIG_REQUIRED,
    TRY_LATER,
    UNAUTHORIZED,
    UNKNOWN,
    Single,
    make_answer,
    make_delegate,
    make_refusal,
    responding,
    the_leaf,
)
from tests.support.responders import Responder
from tests.support.revocable import Point, crl_path, ocsp_path, revocable_chain

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEY_COMPROMISE, HOLD, REMOVED = ReasonFlags.key_compromise, ReasonFlags.certificate_hold, ReasonFlags.remove_from_crl
REASONS: Final = sorted(set(ReasonFlags) - {REMOVED}, key=str)
ALL_REASONS: Final = frozenset(REASONS) - {ReasonFlags.unspecified}
HASHES: Final = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
STATUSES: Final[Mapping[str, Single]] = {"good": GOOD, "revoked": REVOKED, "unknown": UNKNOWN}

_numbers = count()


class Scene:
    """A chain below an address of its own on the server that all share; a case puts there what it is about."""

    def __init__(self, responder: Responder, **knobs: Any) -> None:
        """Makes the chain, of which the leaf alone names anything unless something else is said."""
        self.on = responder
        self.path = f"/{next(_numbers)}"
        usual: dict[str, Any] = {"ocsp_at": {1: []}, "crl_at": {1: []}}
        given = {**usual, **{key: value(self) if callable(value) else value for key, value in knobs.items()}}
        self.chain = revocable_chain(responder.url(self.path), **given)

    def url(self, path: str) -> str:
        """The address of a path."""
        return self.on.url(self.path + path)

    def answer(self, singles: Any = GOOD, place: int = 0, **knobs: Any) -> None:
        """What a responder says."""
        self.on.ocsp(self.path + ocsp_path(place), responding(self.chain, place, singles, **knobs))

    def crl(self, *entries: Entry, place: int = 0, path: str = "", **knobs: Any) -> None:
        """What a CRL lists."""
        self.on.put(self.path + (path or crl_path(place)), make_crl(self.chain, place + 1, entries, **knobs))

    def leaf(self, reason: ReasonFlags | None = None, **members: Any) -> Entry:
        """The leaf's entry."""
        return Entry(self.chain.certificates[0].serial_number, reason=reason, **members)


Put = Callable[[Scene], None]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: What it is about.
        put: Puts it on the server.
        chain: What `revocable_chain` takes; what is a function is called with the scene.
        signed: The authentic signing time.
        expected: What is right to say of the leaf, where there is anything to say about it.
    """

    name: str
    put: Put
    chain: Mapping[str, Any]
    signed: datetime | None = None
    expected: str = ""


CASES: Final[dict[str, Case]] = {}
BY_OCSP: Final[Mapping[str, Any]] = {"crl": False, "crl_at": {}}
BY_CRL: Final[Mapping[str, Any]] = {"ocsp": False, "ocsp_at": {}}


def case(name: str, put: Put, chain: Mapping[str, Any], expected: str = "", signed: datetime | None = None) -> None:
    """Adds a case."""
    assert name not in CASES
    CASES[name] = Case(name, put, chain, signed, expected)


def ocsp_case(name: str, singles: Any = GOOD, expected: str = "", **knobs: Any) -> None:
    """Adds a case of an answer by OCSP alone; knobs that are functions are called with the chain."""
    chain = {**BY_OCSP, "ocsp_at": {1: []}, **knobs.pop("chain", {})}
    signed = knobs.pop("signed", None)

    def put(scene: Scene) -> None:
        made = {key: value(scene.chain) if callable(value) else value for key, value in knobs.items()}
        scene.answer(singles(scene.chain) if callable(singles) else singles, **made)

    case(f"ocsp: {name}", put, chain, expected, signed)


def crl_case(name: str, *entries: Any, expected: str = "", **knobs: Any) -> None:
    """Adds a case of a CRL alone; entries are the leaf's reason, or take the scene, as knobs do."""
    chain = {**BY_CRL, "crl_at": {1: []}, **knobs.pop("chain", {})}
    signed = knobs.pop("signed", None)

    def put(scene: Scene) -> None:
        made = {key: value(scene) if callable(value) else value for key, value in knobs.items()}
        scene.crl(*(each(scene) if callable(each) else scene.leaf(each) for each in entries), **made)

    case(f"crl: {name}", put, chain, expected, signed)


def delta_case(
    name: str, in_base: Any = (), in_delta: Any = (), *, expected: str = "", delta: Any = None, **base: Any
) -> None:
    """Adds a case of a base that names a delta."""

    def put(scene: Scene) -> None:
        entries = [
            [scene.leaf(*each) if isinstance(each, tuple) else each for each in one] for one in (in_base, in_delta)
        ]
        scene.crl(*entries[0], **{"number": 5, "freshest": [scene.url("/delta")], **base})
        if delta is not False:
            scene.crl(*entries[1], path="/delta", **{"number": 6, "base": 5, **(delta or {})})

    case(f"delta: {name}", put, {**BY_CRL, "crl_at": {1: []}}, expected)


# OCSP alone.

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

# CRLs alone.

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

# Deltas.

_LATER: Final = {"revoked_at": NOW}
delta_case("neither lists", expected="good")
delta_case("the delta lists", in_delta=[()], expected="revoked")
delta_case("the base lists", in_base=[()], expected="revoked")
delta_case("the delta holds", in_delta=[(HOLD,)], expected="revoked")
delta_case("the base holds", in_base=[(HOLD,)], expected="revoked")
delta_case("the delta revokes what is on hold", in_base=[(HOLD,)], in_delta=[(KEY_COMPROMISE,)], expected="revoked")
delta_case("the delta holds what is revoked", in_base=[(KEY_COMPROMISE,)], in_delta=[(HOLD,)], expected="revoked")
delta_case("the delta releases what was never on hold", in_delta=[(REMOVED,)], expected="good")
delta_case("the delta releases what is revoked", in_base=[()], in_delta=[(REMOVED,)], expected="revoked")
delta_case("the delta releases with the same date", in_base=[(HOLD,)], in_delta=[(REMOVED,)], expected="good")
delta_case("it is missing", delta=False, expected="unknown")
for _word, _delta, _status in (
    ("to an older base", {"base": 4}, "unknown"),
    ("to a newer base", {"base": 6, "number": 7}, "unknown"),
    ("with the base's number", {"number": 5}, "unknown"),
    ("with an older number", {"number": 4}, "unknown"),
    ("to no base", {"base": None}, "unknown"),
    ("not critical", {"base_critical": False}, "good"),
    ("expired", {"next_update": NOW - HOUR}, "unknown"),
    ("endless", {"next_update": None}, "unknown"),
    ("of the future", {"this_update": NOW + HOUR}, "unknown"),
    ("forged", {"corrupted": True}, "unknown"),
    ("in another's name", {"issuer": name("Other CA")}, "unknown"),
    ("with SHA-1", {"hash_algorithm": hashes.SHA1()}, "unknown"),
    ("for users alone", {"distribution_point": issued_for(only_user=True)}, "unknown"),
    ("with a critical extension", {"extensions": [asn1.unknown_extension()]}, "unknown"),
):
    delta_case(_word, delta=_delta, expected=_status)
delta_case(
    "both for users",
    delta={"distribution_point": issued_for(only_user=True)},
    distribution_point=issued_for(only_user=True),
    expected="good",
)
delta_case("the base is expired", next_update=NOW - HOUR, expected="unknown")


def _released(on: Scene) -> None:
    on.crl(on.leaf(HOLD), number=5, freshest=[on.url("/delta")])
    on.crl(on.leaf(REMOVED, revoked_at=NOW), path="/delta", number=6, base=5)


case("delta: the delta releases", _released, {**BY_CRL, "crl_at": {1: []}}, "good")


def _elsewhere(on: Scene) -> None:
    on.crl(number=5, freshest=["ldap://delta.invalid", on.url("/no"), on.url("/delta")])
    on.crl(on.leaf(), path="/delta", number=6, base=5)


case("delta: at the third place", _elsewhere, {**BY_CRL, "crl_at": {1: []}}, "revoked")
case(
    "delta: the certificate alone names it",
    lambda on: on.crl(),
    {**BY_CRL, "crl_at": {1: []}, "freshest_at": {0: ["http://127.0.0.1:1/"]}},
    "unknown",
)


def _with_delta(on: Scene) -> None:
    on.crl(number=5, freshest=[on.url("/delta")])
    on.crl(path="/delta", number=6, base=5)


case(
    "delta: both name it",
    _with_delta,
    {**BY_CRL, "crl_at": {1: []}, "freshest_at": {0: ["http://127.0.0.1:1/"]}},
    "good",
)


# Where certificates lead.


def _points(*points: Callable[[Scene], Point]) -> Mapping[str, Any]:
    return {**BY_CRL, "crl_at": lambda on: {0: [each(on) for each in points], 1: []}}


def _at(*paths: str, **members: Any) -> Callable[[Scene], Point]:
    return lambda on: Point(tuple(path if "://" in path else on.url(path) for path in paths), **members)


def _lists(**of: bool | None) -> Put:
    def put(on: Scene) -> None:
        for path, lists in of.items():
            if lists is not None:
                on.crl(*([on.leaf()] if lists else []), path=f"/{path}")

    return put


for _one in (False, True, None):
    for _two in (False, True, None):
        _words = {False: "good", True: "revoked", None: "missing"}
        _either = "revoked" if _one or _two else "unknown" if _one is None and _two is None else "good"
        case(
            f"points: two, {_words[_one]} and {_words[_two]}",
            _lists(one=_one, two=_two),
            _points(_at("/one"), _at("/two")),
            _either,
        )
        _first = _words[_two if _one is None else _one].replace("missing", "unknown")
        case(
            f"points: two addresses, {_words[_one]} and {_words[_two]}",
            _lists(one=_one, two=_two),
            _points(_at("/one", "/two")),
            _first,
        )
        _some = frozenset([KEY_COMPROMISE])
        _parts = "revoked" if _one or _two else "good" if (_one, _two) == (False, False) else "unknown"
        case(
            f"points: for some reasons each, {_words[_one]} and {_words[_two]}",
            _lists(one=_one, two=_two),
            _points(_at("/one", reasons=_some), _at("/two", reasons=ALL_REASONS - _some)),
            _parts,
        )
case("points: for some reasons alone", _lists(one=False), _points(_at("/one", reasons=frozenset([HOLD]))), "unknown")
case("points: of another issuer", _lists(one=False), _points(_at("/one", crl_issuer=name("CRLs"))), "unknown")
case("points: LDAP alone", _lists(), _points(_at("ldap://crl.invalid/crl")), "unknown")
case("points: LDAP and HTTP", _lists(one=False), _points(_at("ldap://crl.invalid/crl", "/one")), "good")
case("points: HTTPS alone", _lists(), _points(_at("https://127.0.0.1:1/crl")), "unknown")
case(
    "points: no name",
    _lists(),
    {
        **BY_CRL,
        "crl": False,
        "crl_at": {},
        "leaf": Changes(
            put=(
                (
                    x509.CRLDistributionPoints(
                        [x509.DistributionPoint([x509.DirectoryName(name("CRL"))], None, None, None)]
                    ),
                    False,
                ),
            )
        ),
    },
    "unknown",
)
case("nothing is named", _lists(), {"ocsp": False, "crl": False, "ocsp_at": {}, "crl_at": {}}, "not revocable")
case(
    "nothing is named, for timestamps",
    _lists(),
    {"ocsp": False, "crl": False, "ocsp_at": {}, "crl_at": {}, "spec": "RSA-2048", "purpose": "timestamping"},
    "not revocable",
)

# Responders at several places.


def _responders(*paths: str) -> Mapping[str, Any]:
    return {**BY_OCSP, "ocsp_at": lambda on: {0: [path if "://" in path else on.url(path) for path in paths], 1: []}}


def _say(**of: str) -> Put:
    def put(on: Scene) -> None:
        for path, says in of.items():
            if says in STATUSES:
                on.on.ocsp(f"{on.path}/{path}", responding(on.chain, 0, STATUSES[says]))

    return put


for _one_says in (*STATUSES, "missing"):
    for _two_says in (*STATUSES, "missing"):
        _says = (_two_says if _one_says == "missing" else _one_says).replace("missing", "unknown")
        case(
            f"responders: {_one_says} and {_two_says}",
            _say(one=_one_says, two=_two_says),
            _responders("/one", "/two"),
            _says,
        )
case("responders: HTTPS and HTTP", _say(one="good"), _responders("https://127.0.0.1:1/", "/one"), "good")
case("responders: HTTPS alone", _say(), _responders("https://127.0.0.1:1/"), "unknown")

# Both.

_BOTH: Final[Mapping[str, Any]] = {"ocsp_at": {1: []}, "crl_at": {1: []}}
for _says in (*STATUSES, "missing", "forged", "expired", "refused"):
    for _lists_it in (False, True, None):

        def _both(on: Scene, says: str = _says, lists: bool | None = _lists_it) -> None:
            if says in STATUSES:
                on.answer(STATUSES[says])
            elif says == "forged":
                on.answer(corrupted=True)
            elif says == "expired":
                on.answer(Single(next_update=NOW - HOUR))
            elif says == "refused":
                on.on.ocsp(on.path + ocsp_path(0), lambda *_: make_refusal(TRY_LATER))
            if lists is not None:
                on.crl(*([on.leaf()] if lists else []))

        _listed_word = {False: "good", True: "revoked", None: "unknown"}[_lists_it]
        case(
            f"both: {_says}, and the CRL {_listed_word}",
            _both,
            _BOTH,
            _says if _says in {"good", "revoked"} else _listed_word,
        )

# What servers do.


def _answer_of(on: Scene) -> bytes:
    return make_answer(on.chain)


def _crl_of(on: Scene) -> bytes:
    return make_crl(on.chain)


def _faulty(fault: Callable[[Scene, str], object], by: str) -> Put:
    return lambda on: (fault(on, on.path + (ocsp_path(0) if by == "ocsp" else crl_path(0))), None)[1]


for _by, _chain_of, _content in (
    ("ocsp", {**BY_OCSP, "ocsp_at": {1: []}}, _answer_of),
    ("crl", {**BY_CRL, "crl_at": {1: []}}, _crl_of),
):
    for _fault_name, _fault, _status in (
        ("hangs", lambda on, path: on.on.hang(path), "unknown"),
        ("hangs after the head", lambda on, path: on.on.hang(path, Reply(200, (("Content-Length", "5"),))), "unknown"),
        ("status 404", lambda on, path: on.on.fail(path, 404), "unknown"),
        ("status 503", lambda on, path: on.on.fail(path, 503), "unknown"),
        ("a page", lambda on, path: on.on.put(path, b"<html></html>", "text/html"), "unknown"),
        ("nothing", lambda on, path: on.on.put(path, b""), "unknown"),
        (
            "status 404 with the content",
            lambda on, path, content=_content: on.on.put(path, content(on), status=404),
            "unknown",
        ),
        ("another media type", lambda on, path, content=_content: on.on.put(path, content(on), "text/html"), "good"),
        ("no media type", lambda on, path, content=_content: on.on.put(path, content(on), None), "good"),
        ("half of it", lambda on, path, content=_content: on.on.cut(path, content(on), 99), "unknown"),
        ("more behind it", lambda on, path, content=_content: on.on.put(path, content(on) + b"\0"), "unknown"),
        (
            "a redirect",
            lambda on, path, content=_content: (
                on.on.put(on.path + "/there", content(on)),
                on.on.redirect(path, on.path + "/there"),
            ),
            "good",
        ),
        ("a circle", lambda on, path: on.on.redirect_in_a_circle(path, 2), "unknown"),
        (
            "PEM",
            lambda on, path, content=_content: on.on.put(
                path, b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(content(on)) + b"-----END X509 CRL-----\n"
            ),
            "unknown",
        ),
    ):
        case(f"server, {_by}: {_fault_name}", _faulty(_fault, _by), _chain_of, _status)


def _post_alone(on: Scene, path: str) -> None:
    def reply(seen: Any, to: Any) -> None:
        to.reply(Reply(200, (), _answer_of(on)) if seen.method == "POST" else Reply(405))

    on.on.answering(path, reply)


case("server, ocsp: POST alone", _faulty(_post_alone, "ocsp"), {**BY_OCSP, "ocsp_at": {1: []}}, "good")

# Chains.

for _length in (1, 2, 4, 6):
    for _bad in (None, *range(_length - 1)):
        for _how in ("ocsp", "crl"):

            def _long(on: Scene, length: int = _length, bad: int | None = _bad, how: str = _how) -> None:
                for place in range(length - 1):
                    if how == "ocsp":
                        on.answer(REVOKED if place == bad else GOOD, place)
                    else:
                        on.crl(*([revoked(on.chain, place)] if place == bad else []), place=place)

            case(
                f"chain of {_length} by {_how}, revoked {_bad}",
                _long,
                {**(BY_OCSP if _how == "ocsp" else BY_CRL), "crl_at": {}, "ocsp_at": {}, "length": _length},
            )
for _purpose, _spec in (
    ("timestamping", "RSA-2048"),
    ("timestamping", "EC-256"),
    ("code signing", "RSA-3072"),
    ("code signing", "EC-521"),
):
    for _word, _single in STATUSES.items():
        ocsp_case(f"{_word} for {_purpose} with {_spec}", _single, _word, chain={"purpose": _purpose, "spec": _spec})
    crl_case(
        f"revoked for {_purpose} with {_spec}", None, expected="revoked", chain={"purpose": _purpose, "spec": _spec}
    )

# Pairs of what changes nothing.

_OF_ANSWERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "by key": {"by_key": True},
    "a nonce": {"nonce": b"n" * 16},
    "a delegate": {"delegate": make_delegate},
    "made long ago": {"produced_at": NOW - 300 * DAY},
    "an extension": {"extensions": [asn1.unknown_extension(critical=False)]},
    "SHA-512": {"hash_algorithm": hashes.SHA512()},
    "an RSA issuer": {"chain": {"ca_kind": "RSA-2048"}},
}
_OF_CRLS: Final[Mapping[str, Mapping[str, Any]]] = {
    "no key": {"without_authority": True},
    "a large number": {"number": 2**150},
    "a newer one later": {"next_publish": asn1.generalized_time(NOW + DAY)},
    "an extension": {"extensions": [asn1.unknown_extension(critical=False)]},
    "for users": {"distribution_point": issued_for(only_user=True)},
    "a late end": {"next_update": NOW.replace(year=2060)},
    "SHA-512": {"hash_algorithm": hashes.SHA512()},
    "an RSA issuer": {"chain": {"ca_kind": "RSA-2048"}},
}
for (_one_name, _one_of), (_two_name, _two_of) in combinations(_OF_ANSWERS.items(), 2):
    for _word, _single in STATUSES.items():
        ocsp_case(f"{_word}, {_one_name}, {_two_name}", _single, _word, **_one_of, **_two_of)
for (_one_name, _one_of), (_two_name, _two_of) in combinations(_OF_CRLS.items(), 2):
    for _word, _entries in (("good", ()), ("revoked", (None,))):
        crl_case(f"{_word}, {_one_name}, {_two_name}", *_entries, expected=_word, **_one_of, **_two_of)
