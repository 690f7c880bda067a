"""OCSP first, CRLs as the fallback."""

from typing import Any

import pytest

from tests.support.checking import check
from tests.support.crls import NOW
from tests.support.ocsp_answers import GOOD, REVOKED, UNKNOWN, Single, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path
from tests.unit.revocation.checker.world import SECOND, World


@pytest.mark.requirement("trust:ocsp-before-crl")
def test_ocsp_is_preferred_over_crls(world: World) -> None:
    """Specification, "Certificate Revocation Evaluation": no CRL is fetched if OCSP has a status."""
    world.crl(world.leaf_entry())
    assert world.statuses() == ["good", "good"]
    world.respond(REVOKED)
    world.crl()
    assert world.statuses() == ["revoked", "good"]
    assert crl_path(0) not in world.responder.asked


@pytest.mark.requirement("trust:ocsp-before-crl")
@pytest.mark.parametrize(("entries", "status"), [(False, "good"), (True, "revoked")])
@pytest.mark.parametrize("fault", ["unknown", "expired", "forged", "another's", "down", "missing", "rubbish"])
def test_crl_is_the_fallback_where_ocsp_fails(world: World, fault: str, entries: bool, status: str) -> None:
    """Specification, "Certificate Revocation Evaluation": fallback to CRLs, for any reason."""
    world.crl(*([world.leaf_entry()] if entries else []))
    faults: dict[str, Any] = {
        "unknown": lambda: world.respond(UNKNOWN),
        "expired": lambda: world.respond(Single(next_update=NOW - SECOND)),
        "forged": lambda: world.respond(GOOD, corrupted=True),
        "another's": lambda: world.respond(Single(serial=1)),
        "down": lambda: world.responder.fail(ocsp_path(0), 503),
        "missing": lambda: world.responder.fail(ocsp_path(0), 404),
        "rubbish": lambda: world.responder.put(ocsp_path(0), b"<html></html>", "text/html"),
    }
    faults[fault]()
    leaf, ca = check(world.chain)
    assert [leaf.status, ca.status] == [status, "good"]
    assert [line.split(" ")[0] for line in leaf.log] == ["OCSP", "CRL"]


def test_failure_of_both_is_unknown_with_both_reasons(world: World) -> None:
    """The status is unknown, and its text has the reason of each."""
    world.responder.fail(ocsp_path(0), 503)
    world.crl(corrupted=True)
    leaf, _ = check(world.chain)
    assert leaf.status == "unknown"
    assert "status 503" in leaf.text
    assert "the signature does not hold" in leaf.text


@pytest.mark.requirement("trust:ocsp-locations", "trust:ocsp-unknown")
def test_first_responding_responder_decides(responder: Responder) -> None:
    """The first responder with a response decides, even with `unknown`."""
    urls = [responder.url(path) for path in ("/one", "/two", "/three")]
    world = World(responder, ocsp_at={0: urls, 1: []}, crl_at={1: []})
    responder.fail("/one", 503)
    responder.ocsp("/two", responding(world.chain))
    responder.ocsp("/three", responding(world.chain, 0, REVOKED))
    assert world.leaf_status() == "good"
    responder.ocsp("/two", responding(world.chain, 0, REVOKED))
    assert world.leaf_status() == "revoked"
    assert "/three" not in responder.asked
    responder.ocsp("/two", responding(world.chain, 0, UNKNOWN))
    assert world.leaf_status() == "good"  # by the CRL
    assert [responder.asked["/three"], responder.asked[crl_path(0)]] == [0, 1]
    responder.fail("/two", 503)
    assert world.leaf_status() == "revoked"


@pytest.mark.requirement("trust:ocsp-before-crl")
@pytest.mark.parametrize("kind", ["ocsp", "crl"])
def test_only_endpoint_present_is_used(responder: Responder, kind: str) -> None:
    """Specification, "Certificate Revocation Evaluation": the one that is present is used."""
    world = World(responder, **{"ocsp" if kind == "crl" else "crl": False})
    assert world.statuses() == ["good", "good"]
    world.respond(REVOKED)
    world.crl(world.leaf_entry())
    assert world.statuses() == ["revoked", "good"]
    world.responder.fail(ocsp_path(1) if kind == "ocsp" else crl_path(1))
    assert world.statuses() == ["revoked", "unknown"]
