"""Several distribution points, and deltas."""

from typing import Any

import pytest

from tests.support.ca import Changes, make_chain, name
from tests.support.checking import check, words
from tests.support.crls import NOW, issued_for, make_crl
from tests.support.responders import Responder
from tests.support.revocable import Point, freshest_crl
from tests.unit.revocation.checker.world import OTHER_REASONS, SOME_REASONS, World, world_of_points
from tests.unit.revocation.setting import HOLD, KEY_COMPROMISE, REMOVED


@pytest.mark.requirement("trust:crl-locations")
def test_addresses_of_one_point_are_alternatives(responder: Responder) -> None:
    """RFC 5280, section 4.2.1.13: the first address with the CRL is enough."""
    world = world_of_points(responder, [Point((responder.url("/down"), "ldap://crl.example", responder.url("/crl/0")))])
    assert world.leaf_status() == "good"
    world.crl(world.leaf_entry())
    assert world.leaf_status() == "revoked"
    responder.put("/down", make_crl(world.chain, 1, []))
    responder.forget()
    assert world.leaf_status() == "good"
    assert responder.asked == {"/down": 1}


@pytest.mark.requirement("trust:crl-locations")
def test_every_distribution_point_is_fetched(responder: Responder) -> None:
    """A certificate listed in the CRL of any point is revoked, even if other points fail."""
    world = world_of_points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/one")
    world.crl(path="/two")
    assert world.leaf_status() == "good"
    assert responder.asked == {"/one": 1, "/two": 1}
    for lists, other in (("/one", "/two"), ("/two", "/one")):
        world.crl(path=other)
        world.crl(world.leaf_entry(), path=lists)
        assert world.leaf_status() == "revoked"
        responder.fail(other)
        assert world.leaf_status() == "revoked"


def test_failing_point_beside_one_for_all_reasons_is_good(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: one point that covers all reasons is enough."""
    world = world_of_points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/two")
    assert world.leaf_status() == "good"


def test_points_together_must_cover_all_reasons(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: good only where all reasons are covered together."""
    world = world_of_points(
        responder,
        [Point((responder.url("/one"),), SOME_REASONS), Point((responder.url("/two"),), OTHER_REASONS)],
    )
    world.crl(path="/one")
    assert world.leaf_status() == "unknown"
    world.crl(path="/two")
    assert world.leaf_status() == "good"
    world.crl(world.leaf_entry(KEY_COMPROMISE), path="/one")
    assert world.leaf_status() == "revoked"
    responder.fail("/two")
    assert world.leaf_status() == "revoked"


def test_crls_together_must_cover_all_reasons(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: the CRL's onlySomeReasons limits the point's reasons."""
    world = world_of_points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/one", distribution_point=issued_for(only_reasons=SOME_REASONS))
    world.crl(path="/two", distribution_point=issued_for(only_reasons=SOME_REASONS))
    assert world.leaf_status() == "unknown"
    world.crl(path="/two", distribution_point=issued_for(only_reasons=OTHER_REASONS))
    assert world.leaf_status() == "good"


def test_crl_of_another_point_is_refused(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: the CRL of one point is not accepted for another."""
    world = world_of_points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/one", distribution_point=issued_for(responder.url("/one")))
    world.crl(path="/two", distribution_point=issued_for(responder.url("/two")))
    assert world.leaf_status() == "good"
    alone = world_of_points(responder, [Point((responder.url("/one"),))])
    alone.crl(path="/one", distribution_point=issued_for(responder.url("/two")))
    assert alone.leaf_status() == "unknown"


@pytest.mark.requirement("trust:base-and-delta")
def test_indirect_crl_is_unknown_and_not_fetched(responder: Responder) -> None:
    """Specification, "CRLs": indirect CRLs are not supported, and not taken for the issuer's."""
    world = world_of_points(responder, [Point((responder.url("/one"),), None, name("CRLs"))])
    world.crl(path="/one")
    leaf, _ = check(world.chain)
    assert leaf.status == "unknown"
    assert "is not supported" in leaf.text
    assert responder.seen == []


# Deltas.


@pytest.mark.requirement("trust:base-and-delta")
def test_base_and_delta_are_combined(responder: Responder) -> None:
    """The delta is newer than its base, and a lasting revocation lasts."""
    world = world_of_points(responder, [Point((responder.url("/crl/0"),))])
    freshest: dict[str, Any] = {"number": 5, "freshest": [responder.url("/delta")]}
    cases = [
        ([], [], "good"),
        ([], [world.leaf_entry()], "revoked"),
        ([world.leaf_entry(HOLD)], [], "revoked"),
        ([world.leaf_entry(HOLD)], [world.leaf_entry(REMOVED, revoked_at=NOW)], "good"),
        ([world.leaf_entry()], [world.leaf_entry(REMOVED, revoked_at=NOW)], "revoked"),
    ]
    for base, delta, status in cases:
        world.crl(*base, **freshest)
        world.crl(*delta, path="/delta", number=6, base=5)
        assert world.leaf_status() == status
    responder.fail("/delta")
    assert world.leaf_status() == "unknown"


def test_delta_named_by_the_certificate_is_required(responder: Responder) -> None:
    """RFC 5280, section 4.2.1.15: the delta is fetched from where the CRL names it."""
    world = World(responder, ocsp=False, crl_at={1: []}, freshest_at={0: [responder.url("/delta")]})
    world.crl(path="/delta", number=6, base=5)
    assert world.leaf_status() == "unknown"
    world.crl(number=5, freshest=[responder.url("/delta")])
    assert world.leaf_status() == "good"
    assert words(make_chain(leaf=Changes(put=(freshest_crl(responder.url("/delta")),)))) == ["not revocable"] * 2
