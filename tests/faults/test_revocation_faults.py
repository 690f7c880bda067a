"""Faulty revocation servers and clocks: refused with advice if enforced, reported if logged."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.revocation_scene import HOUR, MINUTE, SECONDS, RevocationScene, leading_to
from tests.servers.registry.http_server import Reply
from tests.support.checking import close_clients, sources
from tests.support.crls import NOW
from tests.support.ocsp_answers import Single
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """No fault keeps anybody waiting, and nothing stays open."""
    begun = time.monotonic()
    yield
    close_clients()
    assert time.monotonic() - begun < 3.0


@pytest.fixture(params=["ocsp", "crl"])
def scene(request: pytest.FixtureRequest, responder: Responder) -> RevocationScene:
    """By OCSP and by CRL."""
    return RevocationScene(responder, request.param)


def test_verification_without_a_fault_succeeds(scene: RevocationScene) -> None:
    """Verification succeeds without any fault."""
    scene.put(scene.good())
    scene.passes()


# Servers.


@pytest.mark.parametrize("by", ["ocsp", "crl"])
def test_refused_connection_is_unknown(responder: Responder, by: str) -> None:
    """A refused connection makes the status unknown."""
    scene = RevocationScene(responder, by)
    scene.sign_with(revocable_chain(responder.refusing_url(), **leading_to(by)))
    scene.check_refused("is unknown: ")


@pytest.mark.parametrize("how", ["before the head", "after the head", "byte by byte"])
def test_slow_server_times_out(scene: RevocationScene, how: str) -> None:
    """A slow server is given up at its time limit."""
    if how == "byte by byte":
        scene.on.drip(scene.path, scene.good(), 0.01)
    else:
        head = Reply(200, (("Content-Length", "5000"),))
        scene.on.hang(scene.path, None if how == "before the head" else head)
    asking = sources(ocsp_seconds=SECONDS, crl_seconds=SECONDS)
    timeout = re.compile("timed out|no response within the time limit")  # the read's or the download's
    scene.check_refused(timeout, asking=asking)


def test_deadline_covers_all_certificates(responder: Responder) -> None:
    """One deadline covers all certificates."""
    scene = RevocationScene(responder, "ocsp")
    scene.sign_with(revocable_chain(responder.url(), length=8))
    for place in range(7):
        responder.hang(ocsp_path(place))
        responder.hang(crl_path(place))
    asking = sources(ocsp_seconds=60, crl_seconds=60)
    scene.check_refused(re.compile("no answer (in time|within)"), asking=asking, seconds=SECONDS)


@pytest.mark.parametrize("status", [204, 301, 403, 404, 429, 500, 503])
def test_http_error_is_unknown(scene: RevocationScene, status: int) -> None:
    """An error page is no response."""
    scene.on.fail(scene.path, status)
    scene.check_refused(f"it answers with status {status}")


def test_media_type_of_signed_content_is_ignored(scene: RevocationScene) -> None:
    """Signed content counts under any media type, and a captive portal's page does not."""
    scene.put(scene.good(), "text/html")
    scene.passes()
    scene.put(
        b"<html>Please log in</html>", "application/ocsp-response" if scene.by == "ocsp" else "application/pkix-crl"
    )
    scene.check_refused("is unknown: ")


@pytest.mark.parametrize("has_length", [False, True])
def test_endless_body_is_cut_off(scene: RevocationScene, has_length: bool) -> None:
    """Reading stops at the size limit."""
    scene.on.pour(scene.path, told=has_length, start=scene.good()[:50])
    asking = sources(ocsp_seconds=30, crl_seconds=30)
    before = time.process_time()
    scene.check_refused("limit of", asking=asking)  # longer or larger than what is read
    assert time.process_time() - before < 2.0


def test_redirect_loop_is_refused(scene: RevocationScene) -> None:
    """A redirect loop ends."""
    scene.on.redirect_in_a_circle(scene.path, 3)
    scene.check_refused("redirects")
    assert sum(scene.on.asked.values()) < 30


@pytest.mark.parametrize("reset", [False, True])
def test_truncated_body_is_unknown(scene: RevocationScene, reset: bool) -> None:
    """A truncated body is no response."""
    scene.on.cut(scene.path, scene.good(), 60, reset=reset)
    scene.check_refused("is unknown: ")


# Clocks.


def test_slow_clock_is_reported(scene: RevocationScene) -> None:
    """A new response is of the future then, and the advice is to check the clock."""
    dates: dict[str, Any] = {"this_update": NOW}
    scene.put(scene.good(**(dates if scene.by == "crl" else {"singles": Single(**dates)})))
    scene.check_refused("of the future", advice="check the clock", now=NOW - HOUR)
    scene.passes(now=NOW - MINUTE)


def test_fast_clock_expires_short_responses(scene: RevocationScene) -> None:
    """A response for half an hour has expired then; one for a week has not."""
    scene.put(scene.good())
    scene.passes(now=NOW + HOUR)
    short: dict[str, Any] = {"next_update": NOW + 30 * MINUTE}
    scene.put(scene.good(**(short if scene.by == "crl" else {"singles": Single(**short)})))
    scene.check_refused("expired at", now=NOW + HOUR)
    scene.passes(now=NOW + 30 * MINUTE)
