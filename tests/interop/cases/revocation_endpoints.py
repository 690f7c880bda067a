"""Revocation cases of distribution points and responders."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography import x509

from tests.interop.cases.revocation_base import (
    ALL_REASONS,
    BY_CRL,
    BY_OCSP,
    HOLD,
    HOUR,
    KEY_COMPROMISE,
    STATUSES,
    Put,
    Scene,
    case,
)
from tests.support.ca import Changes, name
from tests.support.crls import NOW
from tests.support.ocsp_answers import (
    TRY_LATER,
    Single,
    make_refusal,
    responding,
)
from tests.support.revocable import Point, ocsp_path

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
