"""Revocation of delegated OCSP responders."""

from datetime import timedelta
from typing import Any

import pytest

from notarykit.revocation.result import SigningTimes
from tests.support.checking import check, sources
from tests.support.crls import NOW, Entry, issued_for
from tests.support.ocsp_answers import GOOD, REVOKED, make_delegate
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path
from tests.unit.revocation.checker.world import SECOND, SOME_REASONS, World


@pytest.mark.requirement("trust:ocsp-nocheck")
@pytest.mark.parametrize("nocheck", [True, False])
@pytest.mark.parametrize(("listed", "answers"), [(False, True), (True, False)])
def test_delegate_without_nocheck_is_checked_by_crl(world: World, nocheck: bool, listed: bool, answers: bool) -> None:
    """Specification, "Revocation Checking with OCSP": without nocheck, the delegate's CRLs are fetched."""
    delegate = make_delegate(world.chain, nocheck=nocheck, crl_urls=[world.responder.url("/delegates")])
    world.crl(*([Entry(delegate.certificate.serial_number)] if listed else []), path="/delegates")
    world.crl(world.leaf_entry())
    world.respond(GOOD, delegate=delegate)
    assert world.leaf_status() == ("good" if answers or nocheck else "revoked")
    assert world.responder.asked["/delegates"] == (0 if nocheck else 1)


@pytest.mark.requirement("trust:ocsp-nocheck")
@pytest.mark.parametrize("fault", ["down", "forged", "expired", "scope"])
def test_response_of_an_uncheckable_delegate_is_unknown(responder: Responder, fault: str) -> None:
    """A response counts only if its delegate's status is known."""
    world = World(responder, crl=False, ocsp_at={1: []})
    delegate = make_delegate(world.chain, nocheck=False, crl_urls=[responder.url("/delegates")])
    for single in (GOOD, REVOKED):
        world.respond(single, delegate=delegate)
        if fault == "down":
            responder.fail("/delegates")
        else:
            faults: dict[str, Any] = {
                "forged": {"corrupted": True},
                "expired": {"next_update": NOW - SECOND},
                "scope": {"distribution_point": issued_for(only_reasons=SOME_REASONS)},
            }
            world.crl(path="/delegates", **faults[fault])
        leaf, _ = check(world.chain)
        assert leaf.status == "unknown"
        assert "is revoked, or its status is unknown" in leaf.text


def test_delegate_without_endpoints_is_valid(responder: Responder) -> None:
    """Specification, "Certificate Revocation Evaluation": without any information, it is considered valid."""
    world = World(responder, crl=False, ocsp_at={1: []})
    world.respond(GOOD, delegate=make_delegate(world.chain, nocheck=False))
    assert world.leaf_status() == "good"


@pytest.mark.requirement("trust:ocsp-nocheck")
def test_delegate_with_ocsp_alone_is_unknown(responder: Responder) -> None:
    """Specification, "Revocation Checking with OCSP": a delegate is checked by CRLs, not by its own response."""
    world = World(responder, crl=False, ocsp_at={1: []})
    delegate = make_delegate(world.chain, nocheck=False, ocsp_urls=[responder.url(ocsp_path(0))])
    world.respond(GOOD, delegate=delegate)
    assert world.leaf_status() == "unknown"


def test_signing_time_does_not_count_for_the_delegate(world: World) -> None:
    """A delegate with a compromised key can sign false responses about the past as well."""
    delegate = make_delegate(world.chain, nocheck=False, crl_urls=[world.responder.url("/delegates")])
    world.crl(Entry(delegate.certificate.serial_number, invalidity_date=NOW), path="/delegates")
    world.responder.fail(crl_path(0))
    world.respond(GOOD, delegate=delegate)
    assert world.leaf_status(signing_times=SigningTimes(NOW - timedelta(days=5))) == "unknown"


def test_delegate_of_a_cached_response_is_checked_again(world: World) -> None:
    """A cached response counts only while its delegate is not revoked."""
    delegate = make_delegate(world.chain, nocheck=False, crl_urls=[world.responder.url("/delegates")])
    soon = NOW + timedelta(hours=1)
    world.crl(path="/delegates", next_update=soon)
    world.respond(GOOD, delegate=delegate)
    asking = sources()
    assert world.leaf_status(asking=asking) == "good"
    world.crl(Entry(delegate.certificate.serial_number), path="/delegates")
    world.crl(world.leaf_entry())
    assert world.leaf_status(asking=asking, now=soon + SECOND) == "revoked"
