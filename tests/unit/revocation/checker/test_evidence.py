"""Local evidence before the network, evidence that is observed, and responses that are cached."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from notarykit.keys.chain import check_chain
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.result import Evidence
from tests.support import asn1
from tests.support.ca import make_chain
from tests.support.checking import check, sources
from tests.support.crls import NEXT_UPDATE, NOW, THIS_UPDATE
from tests.support.ocsp_answers import GOOD, REVOKED, UNKNOWN, Single, make_answer
from tests.support.responders import Responder
from tests.support.revocable import Point, crl_path, ocsp_path
from tests.unit.revocation.checker.world import SECOND, World, world_of_points
from tests.unit.revocation.setting import HOLD


def test_local_evidence_comes_first(world: World) -> None:
    """No request is made for a certificate whose status is known from files."""
    world.respond(REVOKED)
    good = LocalEvidence(responses=[("a", make_answer(world.chain)), ("b", make_answer(world.chain, 1))])
    assert world.statuses(evidence=good) == ["good", "good"]
    bad = LocalEvidence(responses=[("a", make_answer(world.chain, 0, REVOKED)), ("b", make_answer(world.chain, 1))])
    world.respond(GOOD)
    assert world.statuses(evidence=bad) == ["revoked", "good"]
    assert world.responder.seen == []


@pytest.mark.parametrize("single", [UNKNOWN, Single(next_update=NOW - SECOND), Single(serial=1)])
def test_unusable_file_leaves_the_status_to_the_network(world: World, single: Single) -> None:
    """An unusable file is logged, and the responder is contacted."""
    evidence = LocalEvidence(responses=[("answer.der", make_answer(world.chain, 0, single))])
    for response, status in ((GOOD, "good"), (REVOKED, "revoked")):
        world.respond(response)
        leaf, _ = check(world.chain, evidence=evidence)
        assert leaf.status == status
        is_about_it = single.serial is None
        assert leaf.log[-1].startswith("OCSP ")
        assert [line.startswith("answer.der: ") for line in leaf.log[:-1]] == [True] * is_about_it


def test_offline_checker_uses_files_alone(world: World) -> None:
    """Without a fetcher, a certificate without evidence is unknown unless it is not revocable."""
    evidence = LocalEvidence(responses=[("a", make_answer(world.chain))])
    chain = check_chain(world.chain.ders)
    assert [status.status for status in RevocationChecker(None, evidence).statuses(chain, NOW)] == ["good", "unknown"]
    assert [status.status for status in RevocationChecker(None).statuses(chain, NOW)] == ["unknown"] * 2
    plain = check_chain(make_chain().ders)
    assert [status.status for status in RevocationChecker(None).statuses(plain, NOW)] == ["not revocable"] * 2
    assert world.responder.seen == []


def test_used_evidence_is_observed(world: World) -> None:
    """Each response and CRL in use is observed with its URL, its begin and its end, and no other."""
    seen: list[Evidence] = []
    delta_ends, answer_ends = NOW + timedelta(days=2), NOW + timedelta(days=3)
    delta_begins, answer_begins = NOW - timedelta(minutes=2), NOW - timedelta(minutes=3)
    world.respond(replace(UNKNOWN, this_update=answer_begins, next_update=answer_ends))
    world.crl(number=5, freshest=[world.responder.url("/delta")])
    world.crl(path="/delta", number=6, base=5, this_update=delta_begins, next_update=delta_ends)
    world.responder.fail(ocsp_path(1))
    world.crl(place=1, corrupted=True)
    assert world.statuses(observe=seen.append) == ["good", "unknown"]
    url = world.responder.url(crl_path(0))
    assert [(evidence.kind, evidence.url, evidence.since, evidence.until) for evidence in seen] == [
        ("ocsp", world.responder.url(ocsp_path(0)), answer_begins, answer_ends),
        ("crl", url, THIS_UPDATE, NEXT_UPDATE),
        ("crl", url, delta_begins, delta_ends),
    ]
    numbers = [
        x509.load_der_x509_crl(evidence.der).extensions.get_extension_for_class(x509.CRLNumber) for evidence in seen[1:]
    ]
    assert [number.value.crl_number for number in numbers] == [5, 6]


@pytest.mark.parametrize("broken", ["next publish", "name", "entry"])
def test_malformed_content_makes_the_status_unknown(responder: Responder, broken: str) -> None:
    """Signed but malformed content makes the status unknown, and raises nothing else."""
    x400 = bytes.fromhex("3008a006a004a302a300")
    world = world_of_points(responder, [Point((responder.url("/crl/0"),))])
    wrong: dict[str, Any] = {
        "next publish": {"next_publish": b"\x17"},
        "name": {"extensions": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.28"), x400), True)]},
        "entry": {},
    }
    entries = []
    if broken == "entry":
        issuer = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.29"), bytes.fromhex("3002a300"))
        entries = [world.leaf_entry(extensions=((issuer, True),))]
    world.crl(*entries, **wrong[broken])
    assert world.leaf_status() in ("unknown", "good") if broken == "next publish" else world.leaf_status() == "unknown"


def test_responses_are_cached_across_checks(world: World) -> None:
    """A second check makes no request, and its log says so."""
    asking = sources()
    assert world.statuses(asking=asking) == ["good", "good"]
    leaf, _ = check(world.chain, asking=asking)
    assert "good (cached), " in leaf.log[0]
    assert world.responder.asked == {ocsp_path(0): 1, ocsp_path(1): 1}


def test_timestamping_chain_is_checked(responder: Responder) -> None:
    """A timestamping chain is checked as a code signing chain is."""
    world = World(responder, purpose="timestamping")
    assert world.statuses(purpose="timestamping") == ["good", "good"]
    world.respond(REVOKED)
    assert world.statuses(purpose="timestamping") == ["revoked", "good"]


@pytest.mark.requirement("trust:newer-crl")
def test_newer_crl_is_fetched_after_next_publish(responder: Responder) -> None:
    """Specification, "Revocation Checking with CRL": a hold released since is seen in the newer CRL."""
    world, asking = world_of_points(responder, [Point((responder.url("/crl/0"),))]), sources()
    world.crl(world.leaf_entry(HOLD), next_publish=asn1.generalized_time(NOW + SECOND))
    assert world.leaf_status(asking=asking) == "revoked"
    world.crl(number=2)
    assert world.leaf_status(asking=asking) == "revoked"
    assert world.leaf_status(asking=asking, now=NOW + 2 * SECOND) == "good"
