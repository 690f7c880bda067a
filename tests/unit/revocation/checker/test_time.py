"""Signing times and deadlines."""

import threading
import time
from typing import Any

import pytest

from notarykit.revocation.checker import SECONDS
from notarykit.revocation.result import SigningTimes
from tests.support.ca import Changes, make_chain, ocsp_at
from tests.support.checking import check, sources
from tests.support.crls import REVOKED_AT
from tests.support.ocsp_answers import REVOKED, Single, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path
from tests.unit.revocation.checker.world import SECOND, World

# Signing times.


def test_authentic_signing_time_counts_for_ocsp_and_crl(world: World) -> None:
    """A signature made before the invalidity date is good, by OCSP and by CRL."""
    early, late = (SigningTimes(REVOKED_AT + sign * SECOND) for sign in (-1, 1))
    world.respond(Single("revoked", invalidity_date=REVOKED_AT))
    assert [world.leaf_status(signing_times=times) for times in (early, late)] == ["good", "revoked"]
    world.responder.fail(ocsp_path(0))
    world.crl(world.leaf_entry(invalidity_date=REVOKED_AT))
    assert [world.leaf_status(signing_times=times) for times in (early, late)] == ["good", "revoked"]


def test_timestamp_counts_for_crls_alone(world: World) -> None:
    """Specification, "Revocation Checking with CRL" mentions timestamps, that with OCSP does not."""
    early, late = (SigningTimes(None, REVOKED_AT + sign * SECOND) for sign in (-1, 1))
    world.respond(Single("revoked", invalidity_date=REVOKED_AT))
    assert [world.leaf_status(signing_times=times) for times in (early, late)] == ["revoked", "revoked"]
    world.responder.fail(ocsp_path(0))
    world.crl(world.leaf_entry(invalidity_date=REVOKED_AT))
    assert [world.leaf_status(signing_times=times) for times in (early, late)] == ["good", "revoked"]


# Deadlines.


def test_certificates_are_checked_concurrently(responder: Responder) -> None:
    """The responders respond only after all requests have arrived."""
    world, both = World(responder, crl=False, length=4), threading.Barrier(3)

    def together(place: int) -> Any:
        make = responding(world.chain, place)

        def answer(request: bytes, method: str) -> bytes:
            both.wait(10.0)
            return make(request, method)

        return answer

    for place in range(3):
        responder.ocsp(ocsp_path(place), together(place))
    assert world.statuses() == ["good"] * 3
    assert not both.broken


def test_deadline_covers_all_certificates(responder: Responder) -> None:
    """One deadline covers all certificates and all their endpoints."""
    world = World(responder, length=6)
    for place in range(5):
        responder.hang(ocsp_path(place))
        responder.hang(crl_path(place))
    started = time.monotonic()
    statuses = check(world.chain, seconds=0.3, asking=sources(ocsp_seconds=60, crl_seconds=60))
    assert time.monotonic() - started < 1.5
    assert [status.status for status in statuses] == ["unknown"] * 5
    assert all("no answer" in status.text for status in statuses)
    assert SECONDS == 30.0


def test_deadline_ends_a_check_that_hangs_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that hangs outside of any request is unknown at the deadline."""
    revocable = Changes(put=(ocsp_at("http://127.0.0.1:9/"),))
    chain, end = make_chain(leaf=revocable, cas={1: revocable}), threading.Event()

    def hang(_: object) -> None:
        end.wait(20.0)

    monkeypatch.setattr("notarykit.revocation.certificate_check.read_endpoints", hang)
    started = time.monotonic()
    try:
        (status, *_) = check(chain, seconds=0.2)
    finally:
        end.set()
    assert time.monotonic() - started < 10.0
    assert (status.status, status.text) == ("unknown", "no answer within 0.2 seconds in all")


@pytest.mark.parametrize("hanging", [0, 1, 2])
def test_statuses_known_by_the_deadline_count(responder: Responder, hanging: int) -> None:
    """A certificate whose responder hangs takes nothing from the others."""
    world = World(responder, crl=False, length=4)
    for place in range(3):
        world.respond(REVOKED, place)
    responder.hang(ocsp_path(hanging))
    expected = ["unknown" if place == hanging else "revoked" for place in range(3)]
    assert world.statuses(seconds=0.3, asking=sources(ocsp_seconds=60)) == expected


def test_slow_responder_leaves_time_for_the_crl(world: World) -> None:
    """Each request has its own limit below the deadline."""
    world.responder.hang(ocsp_path(0))
    assert world.statuses(asking=sources(ocsp_seconds=0.1)) == ["good", "good"]
