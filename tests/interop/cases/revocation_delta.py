"""Revocation cases of delta CRLs."""

from typing import Final

from cryptography.hazmat.primitives import hashes

from tests.interop.cases.revocation_base import BY_CRL, HOLD, HOUR, KEY_COMPROMISE, REMOVED, Scene, case, delta_case
from tests.support import asn1
from tests.support.ca import name
from tests.support.crls import NOW, issued_for

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
