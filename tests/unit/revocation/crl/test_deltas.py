"""Delta CRLs with their bases."""

from collections.abc import Sequence
from typing import Any

import pytest

from notarykit.revocation.bundle import Bundle, pair
from notarykit.revocation.crl import Crl
from notarykit.revocation.result import SigningTimes, Status, UnknownStatusError
from tests.support.crls import (
    NOW,
    REVOKED_AT,
    Entry,
    issued_for,
)
from tests.unit.revocation.crl.readings import (
    DAY,
    SECOND,
    judge_leaf,
    leaf_entry,
    read_crl,
)
from tests.unit.revocation.setting import HOLD, KEY_COMPROMISE, REMOVED, URL

DELTA_URL = "http://crl.example/delta"


def _base_crl(entries: Sequence[Entry] = (), **knobs: Any) -> Crl:
    return read_crl(entries, **{"number": 5, "freshest": [DELTA_URL], **knobs})


def _delta_crl(entries: Sequence[Entry] = (), **knobs: Any) -> Crl:
    return read_crl(entries, **{"number": 6, "base": 5, **knobs})


@pytest.mark.requirement("trust:base-and-delta", "trust:delta-steps")
@pytest.mark.parametrize(
    ("in_base", "in_delta", "status"),
    [
        ([], [], "good"),
        ([], [leaf_entry()], "revoked"),
        ([], [leaf_entry(HOLD)], "revoked"),
        ([], [leaf_entry(REMOVED)], "good"),
        ([leaf_entry()], [], "revoked"),
        ([leaf_entry()], [leaf_entry(REMOVED)], "revoked"),
        ([leaf_entry(KEY_COMPROMISE)], [leaf_entry(HOLD)], "revoked"),
        ([leaf_entry(HOLD)], [], "revoked"),
        ([leaf_entry(HOLD)], [leaf_entry(HOLD)], "revoked"),
        ([leaf_entry(HOLD)], [leaf_entry(KEY_COMPROMISE)], "revoked"),
        ([leaf_entry(HOLD)], [leaf_entry(REMOVED, revoked_at=REVOKED_AT + SECOND)], "good"),
        ([leaf_entry(HOLD)], [leaf_entry(REMOVED)], "good"),
        ([Entry(1, reason=HOLD)], [Entry(1, reason=REMOVED), leaf_entry()], "revoked"),
    ],
)
def test_base_and_delta_are_combined(in_base: Sequence[Entry], in_delta: Sequence[Entry], status: str) -> None:
    """RFC 5280, section 6.3.3, steps i to l: a delta can release a hold, and no lasting revocation."""
    assert str(judge_leaf(_base_crl(in_base), _delta_crl(in_delta)).status) == status


def test_bundle_ends_with_the_earlier_next_update() -> None:
    """The earlier nextUpdate of base and delta ends the bundle."""
    early = NOW + DAY
    for base, delta in ((_base_crl(), _delta_crl(next_update=early)), (_base_crl(next_update=early), _delta_crl())):
        assert judge_leaf(base, delta).text == f"until {early:%Y-%m-%dT%H:%M:%SZ}"
        with pytest.raises(UnknownStatusError, match="it expired at"):
            judge_leaf(base, delta, now=early + SECOND)
        assert [Bundle(base, delta).is_current(now) for now in (early, early + SECOND)] == [True, False]


@pytest.mark.requirement("trust:delta-steps")
def test_delta_of_the_future_is_refused() -> None:
    """A delta of the future is refused like a base of the future."""
    with pytest.raises(UnknownStatusError, match="it is of the future"):
        judge_leaf(_base_crl(), _delta_crl(this_update=NOW + DAY))


@pytest.mark.requirement("trust:delta-unavailable")
def test_missing_delta_is_refused() -> None:
    """Specification, "Revocation Checking with Delta CRLs": revocation unavailable."""
    for entries in ([], [leaf_entry(HOLD)]):
        with pytest.raises(UnknownStatusError, match="its delta CRL is missing"):
            judge_leaf(_base_crl(entries))


def test_delta_in_place_of_a_base_is_refused() -> None:
    """A delta lists changes only, and is refused where a complete CRL is needed."""
    with pytest.raises(UnknownStatusError, match="it is a delta CRL, not a complete one"):
        judge_leaf(_delta_crl())


@pytest.mark.requirement("trust:delta-base-number", "trust:delta-unavailable")
@pytest.mark.parametrize(
    ("base", "delta", "text"),
    [
        ({}, {"base": 4}, "the delta CRL is for base number 4, not 5"),
        ({}, {"base": 6, "number": 7}, "the delta CRL is for base number 6"),
        ({}, {"number": 5}, "not above the base's 5"),
        ({}, {"number": 4}, "not above the base's 5"),
        ({}, {"number": None}, "has no number"),
        ({"number": None}, {}, "has no number"),
        ({}, {"base": None}, "has no number"),
        ({}, {"distribution_point": issued_for(URL)}, "scope is not that of its base"),
        ({"distribution_point": issued_for(URL)}, {}, "scope is not that of its base"),
        (
            {"distribution_point": issued_for(URL)},
            {"distribution_point": issued_for(URL, only_user=True)},
            "scope is not that of its base",
        ),
    ],
)
def test_delta_that_does_not_fit_its_base_is_refused(base: Any, delta: Any, text: str) -> None:
    """Specification, "Revocation Checking with Delta CRLs"; RFC 5280, section 5.2.4: numbers and scopes match."""
    with pytest.raises(UnknownStatusError, match=text):
        pair(_base_crl(**base), _delta_crl(**delta))


def test_delta_of_the_same_scope_is_accepted() -> None:
    """RFC 5280, section 5.2.4: the delta's scope is its base's."""
    point = issued_for(URL, only_user=True)
    assert judge_leaf(_base_crl(distribution_point=point), _delta_crl([leaf_entry()], distribution_point=point)).text


@pytest.mark.requirement("trust:delta-steps")
def test_invalidity_date_counts_in_base_anddelta_crl() -> None:
    """A signature made before the invalidity date in either CRL is good."""
    late = leaf_entry(invalidity_date=NOW)
    early = SigningTimes(None, REVOKED_AT)
    assert judge_leaf(_base_crl(), _delta_crl([late]), signing_times=early).status is Status.GOOD
    assert judge_leaf(_base_crl([late]), _delta_crl(), signing_times=early).status is Status.GOOD
    assert judge_leaf(_base_crl([late]), _delta_crl([leaf_entry()]), signing_times=early).status is Status.REVOKED


@pytest.mark.requirement("trust:freshest-crl")
def test_delta_urls_are_those_of_freshest_crl() -> None:
    """The delta URLs are all addresses in the base's freshestCRL, none without it."""
    assert _base_crl(freshest=["http://a", "http://b"]).delta_urls == ("http://a", "http://b")
    assert [_base_crl().has_delta, read_crl().has_delta, read_crl().delta_urls] == [True, False, ()]
