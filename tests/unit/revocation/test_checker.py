"""Chains: what is asked about each certificate, in which order, and what follows from the answers."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags

from notarykit.errors import RevocationError
from notarykit.keys.chain import check_chain
from notarykit.revocation.checker import SECONDS, RevocationChecker
from notarykit.revocation.distribution_points import ALL_REASONS
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.result import Evidence, SigningTimes
from tests.support import asn1
from tests.support.ca import Changes, TestChain, make_chain, name, ocsp_at
from tests.support.checking import check, sources, words
from tests.support.crls import NEXT_UPDATE, NOW, REVOKED_AT, Entry, issued_for, make_crl
from tests.support.ocsp_answers import GOOD, REVOKED, UNKNOWN, Single, make_answer, make_delegate, responding
from tests.support.responders import Responder
from tests.support.revocable import Point, crl_path, freshest_crl, ocsp_path, revocable_chain
from tests.unit.revocation.setting import HOLD, KEY_COMPROMISE, REMOVED

_SECOND = timedelta(seconds=1)
_SOME = frozenset([KEY_COMPROMISE, HOLD])
_REST = ALL_REASONS - _SOME


class _World:
    """A chain and a server where everything is as its certificates say, until a test changes one thing."""

    def __init__(self, responder: Responder, **knobs: Any) -> None:
        self.on = responder
        self.chain = revocable_chain(responder.url(), **knobs)
        for place in range(len(self.chain.ders) - 1):
            self.say(GOOD, place)
            self.crl(place=place)

    def say(self, single: Single, place: int = 0, **knobs: Any) -> None:
        """What the responder for a certificate says."""
        self.on.ocsp(ocsp_path(place), responding(self.chain, place, single, **knobs))

    def crl(self, *entries: Entry, place: int = 0, path: str = "", **knobs: Any) -> str:
        """What the CRL for a certificate lists."""
        return self.on.put(path or crl_path(place), make_crl(self.chain, place + 1, entries, **knobs))

    def leaf(self, reason: ReasonFlags | None = None, **members: Any) -> Entry:
        """The leaf's entry."""
        return Entry(self.chain.certificates[0].serial_number, reason=reason, **members)

    def words(self, **options: Any) -> list[str]:
        """The status of each certificate."""
        return words(self.chain, **options)

    def leafs(self, **options: Any) -> str:
        """The leaf's status."""
        return self.words(**options)[0]


@pytest.fixture
def world(responder: Responder) -> _World:
    """A chain whose certificates name a responder and a CRL each."""
    return _World(responder)


def _points(responder: Responder, points: Sequence[Point]) -> _World:
    """A leaf that names distribution points alone; the others name nothing."""
    return _World(responder, ocsp=False, crl_at={0: points, 1: []})


# What can be looked up.


def test_a_chain_that_names_nothing() -> None:
    """Specification, "Certificate Revocation Evaluation": it is not checked; the root is not even spoken of."""
    statuses = check(make_chain())
    assert [(each.status, each.text) for each in statuses] == [
        ("not revocable", "it names neither an OCSP responder nor a CRL")
    ] * 2
    assert words(make_chain(length=1)) == []


def test_what_the_root_names_is_not_asked(responder: Responder) -> None:
    """Nobody revokes a root."""
    chain = make_chain(cas={2: Changes(put=(ocsp_at(responder.url("/root")),))})
    assert words(chain) == ["not revocable"] * 2
    assert words(make_chain(length=1, leaf=Changes(put=(ocsp_at(responder.url("/root")),)))) == []
    assert responder.seen == []


def test_each_certificate_has_a_status_of_its_own(world: _World) -> None:
    """From the leaf up, with what was asked and what it said."""
    world.say(REVOKED, 1)
    leaf, ca = check(world.chain)
    assert (leaf.certificate, ca.certificate) == world.chain.certificates[:2]
    assert [leaf.status, ca.status] == ["good", "revoked"]
    assert len(leaf.log) == len(ca.log) == 1
    assert leaf.log[0].startswith(f"OCSP {world.on.url(ocsp_path(0))}: good, until ")
    assert ca.log[0].startswith(f"OCSP {world.on.url(ocsp_path(1))}: revoked, on ")
    assert str(ca).startswith("certificate 'CN=Intermediate CA 1,")


def test_what_cannot_be_read_may_be_a_place_to_ask() -> None:
    """A malformed extension makes the status unknown."""
    malformed = x509.UnrecognizedExtension(x509.oid.ExtensionOID.CRL_DISTRIBUTION_POINTS, b"\xff")
    assert words(make_chain(leaf=Changes(put=((malformed, False),)))) == ["unknown", "not revocable"]


@pytest.mark.parametrize(
    "points",
    [[Point()], [Point((), None, name("CRLs"))], [Point(("ldap://crl.example",))]],
)
def test_a_point_that_leads_nowhere(responder: Responder, points: Sequence[Point]) -> None:
    """Specification, "Certificate Revocation Evaluation": it includes CRL information, which cannot be used."""
    names = [] if points[0].urls else [x509.DirectoryName(name("CRL"))]
    extension = x509.CRLDistributionPoints(
        [x509.DistributionPoint(names or [x509.UniformResourceIdentifier(points[0].urls[0])], None, None, None)]
    )
    assert words(make_chain(leaf=Changes(put=((extension, False),)))) == ["unknown", "not revocable"]


# OCSP before CRLs.


def test_ocsp_is_preferred(world: _World) -> None:
    """Specification, "Certificate Revocation Evaluation": CRLs are not asked where OCSP answers."""
    world.crl(world.leaf())
    assert world.words() == ["good", "good"]
    world.say(REVOKED)
    world.crl()
    assert world.words() == ["revoked", "good"]
    assert crl_path(0) not in world.on.asked


@pytest.mark.parametrize(("entries", "status"), [(False, "good"), (True, "revoked")])
@pytest.mark.parametrize("fault", ["unknown", "expired", "forged", "another's", "down", "missing", "rubbish"])
def test_crls_where_ocsp_leads_to_nothing(world: _World, fault: str, entries: bool, status: str) -> None:
    """Specification, "Certificate Revocation Evaluation": fallback to CRLs, for any reason."""
    world.crl(*([world.leaf()] if entries else []))
    faults: dict[str, Any] = {
        "unknown": lambda: world.say(UNKNOWN),
        "expired": lambda: world.say(Single(next_update=NOW - _SECOND)),
        "forged": lambda: world.say(GOOD, corrupted=True),
        "another's": lambda: world.say(Single(serial=1)),
        "down": lambda: world.on.fail(ocsp_path(0), 503),
        "missing": lambda: world.on.fail(ocsp_path(0), 404),
        "rubbish": lambda: world.on.put(ocsp_path(0), b"<html></html>", "text/html"),
    }
    faults[fault]()
    leaf, ca = check(world.chain)
    assert [leaf.status, ca.status] == [status, "good"]
    assert [line.split(" ")[0] for line in leaf.log] == ["OCSP", "CRL"]


def test_neither_leads_to_anything(world: _World) -> None:
    """The status is unknown, and the text says of each why."""
    world.on.fail(ocsp_path(0), 503)
    world.crl(corrupted=True)
    leaf, _ = check(world.chain)
    assert leaf.status == "unknown"
    assert "status 503" in leaf.text
    assert "the signature does not hold" in leaf.text


def test_responders_are_asked_in_order(responder: Responder) -> None:
    """The first that says anything decides; `unknown` is an answer."""
    urls = [responder.url(path) for path in ("/one", "/two", "/three")]
    world = _World(responder, ocsp_at={0: urls, 1: []}, crl_at={1: []})
    responder.fail("/one", 503)
    responder.ocsp("/two", responding(world.chain))
    responder.ocsp("/three", responding(world.chain, 0, REVOKED))
    assert world.leafs() == "good"
    responder.ocsp("/two", responding(world.chain, 0, REVOKED))
    assert world.leafs() == "revoked"
    assert "/three" not in responder.asked
    responder.ocsp("/two", responding(world.chain, 0, UNKNOWN))
    assert world.leafs() == "good"  # by the CRL
    assert [responder.asked["/three"], responder.asked[crl_path(0)]] == [0, 1]
    responder.fail("/two", 503)
    assert world.leafs() == "revoked"


@pytest.mark.parametrize("kind", ["ocsp", "crl"])
def test_one_of_both_alone(responder: Responder, kind: str) -> None:
    """Specification, "Certificate Revocation Evaluation": the one that is present is used."""
    world = _World(responder, **{"ocsp" if kind == "crl" else "crl": False})
    assert world.words() == ["good", "good"]
    world.say(REVOKED)
    world.crl(world.leaf())
    assert world.words() == ["revoked", "good"]
    world.on.fail(ocsp_path(1) if kind == "ocsp" else crl_path(1))
    assert world.words() == ["revoked", "unknown"]


# CRLs at several places.


def test_addresses_of_one_point_are_for_the_same_crl(responder: Responder) -> None:
    """RFC 5280, section 4.2.1.13: the first that has it is enough."""
    world = _points(responder, [Point((responder.url("/down"), "ldap://crl.example", responder.url("/crl/0")))])
    assert world.leafs() == "good"
    world.crl(world.leaf())
    assert world.leafs() == "revoked"
    responder.put("/down", make_crl(world.chain, 1, []))
    responder.forget()
    assert world.leafs() == "good"
    assert responder.asked == {"/down": 1}


def test_all_points_are_asked(responder: Responder) -> None:
    """A certificate that the CRL of one of them lists is revoked, whatever the others say or do not say."""
    world = _points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/one")
    world.crl(path="/two")
    assert world.leafs() == "good"
    assert responder.asked == {"/one": 1, "/two": 1}
    for lists, other in (("/one", "/two"), ("/two", "/one")):
        world.crl(path=other)
        world.crl(world.leaf(), path=lists)
        assert world.leafs() == "revoked"
        responder.fail(other)
        assert world.leafs() == "revoked"


def test_a_point_that_is_down_beside_one_for_all_reasons(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: it is enough that all reasons are covered."""
    world = _points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/two")
    assert world.leafs() == "good"


def test_points_for_some_reasons_each(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: good only where all reasons are covered together."""
    world = _points(
        responder,
        [Point((responder.url("/one"),), _SOME), Point((responder.url("/two"),), _REST)],
    )
    world.crl(path="/one")
    assert world.leafs() == "unknown"
    world.crl(path="/two")
    assert world.leafs() == "good"
    world.crl(world.leaf(KEY_COMPROMISE), path="/one")
    assert world.leafs() == "revoked"
    responder.fail("/two")
    assert world.leafs() == "revoked"


def test_crls_for_some_reasons_each(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: the CRL's own limits count as well as the point's."""
    world = _points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/one", distribution_point=issued_for(only_reasons=_SOME))
    world.crl(path="/two", distribution_point=issued_for(only_reasons=_SOME))
    assert world.leafs() == "unknown"
    world.crl(path="/two", distribution_point=issued_for(only_reasons=_REST))
    assert world.leafs() == "good"


def test_a_crl_of_another_point(responder: Responder) -> None:
    """RFC 5280, section 6.3.3: CRLs cannot be put in each other's places."""
    world = _points(responder, [Point((responder.url("/one"),)), Point((responder.url("/two"),))])
    world.crl(path="/one", distribution_point=issued_for(responder.url("/one")))
    world.crl(path="/two", distribution_point=issued_for(responder.url("/two")))
    assert world.leafs() == "good"
    alone = _points(responder, [Point((responder.url("/one"),))])
    alone.crl(path="/one", distribution_point=issued_for(responder.url("/two")))
    assert alone.leafs() == "unknown"


def test_a_point_of_another_issuer(responder: Responder) -> None:
    """Specification, "CRLs": indirect ones need not be supported, and are not taken for the issuer's."""
    world = _points(responder, [Point((responder.url("/one"),), None, name("CRLs"))])
    world.crl(path="/one")
    leaf, _ = check(world.chain)
    assert leaf.status == "unknown"
    assert "is not supported" in leaf.text
    assert responder.seen == []


# Deltas.


def test_a_base_and_its_delta(responder: Responder) -> None:
    """What the delta says is newer, but a lasting revocation lasts."""
    world = _points(responder, [Point((responder.url("/crl/0"),))])
    freshest: dict[str, Any] = {"number": 5, "freshest": [responder.url("/delta")]}
    cases = [
        ([], [], "good"),
        ([], [world.leaf()], "revoked"),
        ([world.leaf(HOLD)], [], "revoked"),
        ([world.leaf(HOLD)], [world.leaf(REMOVED, revoked_at=NOW)], "good"),
        ([world.leaf()], [world.leaf(REMOVED, revoked_at=NOW)], "revoked"),
    ]
    for base, delta, status in cases:
        world.crl(*base, **freshest)
        world.crl(*delta, path="/delta", number=6, base=5)
        assert world.leafs() == status
    responder.fail("/delta")
    assert world.leafs() == "unknown"


def test_a_delta_that_the_certificate_names(responder: Responder) -> None:
    """RFC 5280, section 4.2.1.15: then there is one; it is taken where the CRL says that it is."""
    world = _World(responder, ocsp=False, crl_at={1: []}, freshest_at={0: [responder.url("/delta")]})
    world.crl(path="/delta", number=6, base=5)
    assert world.leafs() == "unknown"
    world.crl(number=5, freshest=[responder.url("/delta")])
    assert world.leafs() == "good"
    assert words(make_chain(leaf=Changes(put=(freshest_crl(responder.url("/delta")),)))) == ["not revocable"] * 2


# Delegates of OCSP.


@pytest.mark.parametrize("nocheck", [True, False])
@pytest.mark.parametrize(("listed", "answers"), [(False, True), (True, False)])
def test_a_delegate_is_looked_up_unless_it_says_otherwise(
    world: _World, nocheck: bool, listed: bool, answers: bool
) -> None:
    """Specification, "Revocation Checking with OCSP": without nocheck, CRLs are asked about the responder."""
    delegate = make_delegate(world.chain, nocheck=nocheck, crl_urls=[world.on.url("/delegates")])
    world.crl(*([Entry(delegate.certificate.serial_number)] if listed else []), path="/delegates")
    world.crl(world.leaf())
    world.say(GOOD, delegate=delegate)
    assert world.leafs() == ("good" if answers or nocheck else "revoked")
    assert world.on.asked["/delegates"] == (0 if nocheck else 1)


@pytest.mark.parametrize("fault", ["down", "forged", "expired", "scope"])
def test_a_delegate_that_cannot_be_looked_up(responder: Responder, fault: str) -> None:
    """Then its answer does not count, whatever it says."""
    world = _World(responder, crl=False, ocsp_at={1: []})
    delegate = make_delegate(world.chain, nocheck=False, crl_urls=[responder.url("/delegates")])
    for single in (GOOD, REVOKED):
        world.say(single, delegate=delegate)
        if fault == "down":
            responder.fail("/delegates")
        else:
            every: dict[str, Any] = {
                "forged": {"corrupted": True},
                "expired": {"next_update": NOW - _SECOND},
                "scope": {"distribution_point": issued_for(only_reasons=_SOME)},
            }
            world.crl(path="/delegates", **every[fault])
        leaf, _ = check(world.chain)
        assert leaf.status == "unknown"
        assert "is revoked, or its status is unknown" in leaf.text


def test_a_delegate_that_names_nothing(responder: Responder) -> None:
    """Specification, "Certificate Revocation Evaluation": without any information, it is considered valid."""
    world = _World(responder, crl=False, ocsp_at={1: []})
    world.say(GOOD, delegate=make_delegate(world.chain, nocheck=False))
    assert world.leafs() == "good"


def test_a_delegate_that_names_a_responder_alone(responder: Responder) -> None:
    """Specification, "Revocation Checking with OCSP": CRLs must be used for it, so that its own word is none."""
    world = _World(responder, crl=False, ocsp_at={1: []})
    delegate = make_delegate(world.chain, nocheck=False, ocsp_urls=[responder.url(ocsp_path(0))])
    world.say(GOOD, delegate=delegate)
    assert world.leafs() == "unknown"


def test_the_time_of_signing_is_nothing_to_the_delegate(world: _World) -> None:
    """A delegate whose key was lost signs false answers about the past as well."""
    delegate = make_delegate(world.chain, nocheck=False, crl_urls=[world.on.url("/delegates")])
    world.crl(Entry(delegate.certificate.serial_number, invalidity_date=NOW), path="/delegates")
    world.on.fail(crl_path(0))
    world.say(GOOD, delegate=delegate)
    assert world.leafs(signing_times=SigningTimes(NOW - timedelta(days=5))) == "unknown"


def test_a_delegate_is_looked_up_each_time(world: _World) -> None:
    """An answer that is remembered counts only while its signer is not revoked."""
    delegate = make_delegate(world.chain, nocheck=False, crl_urls=[world.on.url("/delegates")])
    soon = NOW + timedelta(hours=1)
    world.crl(path="/delegates", next_update=soon)
    world.say(GOOD, delegate=delegate)
    asking = sources()
    assert world.leafs(asking=asking) == "good"
    world.crl(Entry(delegate.certificate.serial_number), path="/delegates")
    world.crl(world.leaf())
    assert world.leafs(asking=asking, now=soon + _SECOND) == "revoked"


# When it was signed.


def test_the_authentic_signing_time_counts_for_both(world: _World) -> None:
    """What was signed before the key was invalid is good, by OCSP and by CRL."""
    early, late = (SigningTimes(REVOKED_AT + sign * _SECOND) for sign in (-1, 1))
    world.say(Single("revoked", invalidity_date=REVOKED_AT))
    assert [world.leafs(signing_times=each) for each in (early, late)] == ["good", "revoked"]
    world.on.fail(ocsp_path(0))
    world.crl(world.leaf(invalidity_date=REVOKED_AT))
    assert [world.leafs(signing_times=each) for each in (early, late)] == ["good", "revoked"]


def test_a_timestamp_counts_for_crls_alone(world: _World) -> None:
    """Specification, "Revocation Checking with CRL" speaks of it, and that with OCSP does not."""
    early, late = (SigningTimes(None, REVOKED_AT + sign * _SECOND) for sign in (-1, 1))
    world.say(Single("revoked", invalidity_date=REVOKED_AT))
    assert [world.leafs(signing_times=each) for each in (early, late)] == ["revoked", "revoked"]
    world.on.fail(ocsp_path(0))
    world.crl(world.leaf(invalidity_date=REVOKED_AT))
    assert [world.leafs(signing_times=each) for each in (early, late)] == ["good", "revoked"]


# Time.


def test_certificates_are_asked_about_at_the_same_time(responder: Responder) -> None:
    """No responder answers before both were asked."""
    world, both = _World(responder, crl=False, length=4), threading.Barrier(3)

    def together(place: int) -> Any:
        make = responding(world.chain, place)

        def answer(request: bytes, method: str) -> bytes:
            both.wait(10.0)
            return make(request, method)

        return answer

    for place in range(3):
        responder.ocsp(ocsp_path(place), together(place))
    assert world.words() == ["good"] * 3
    assert not both.broken


def test_one_deadline_is_for_all(responder: Responder) -> None:
    """However many certificates there are, and however many places they name."""
    world = _World(responder, length=6)
    for place in range(5):
        responder.hang(ocsp_path(place))
        responder.hang(crl_path(place))
    begun = time.monotonic()
    statuses = check(world.chain, seconds=0.3, asking=sources(ocsp_seconds=60, crl_seconds=60))
    assert time.monotonic() - begun < 1.5
    assert [each.status for each in statuses] == ["unknown"] * 5
    assert all("no answer" in each.text for each in statuses)
    assert SECONDS == 30.0


def test_the_deadline_needs_nobody_to_look_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate whose check comes to nothing is unknown when the time is over, whatever it hangs on."""
    chain, end = make_chain(), threading.Event()

    def hang(_: object) -> None:
        end.wait(20.0)

    monkeypatch.setattr("notarykit.revocation.certificate.read_endpoints", hang)
    begun = time.monotonic()
    try:
        (status, *_) = check(chain, seconds=0.2)
    finally:
        end.set()
    assert time.monotonic() - begun < 10.0
    assert (status.status, status.text) == ("unknown", "no answer within 0.2 seconds in all")


@pytest.mark.parametrize("hanging", [0, 1, 2])
def test_what_is_known_in_time_counts(responder: Responder, hanging: int) -> None:
    """A certificate that nothing is heard of takes nothing from the others, wherever it stands."""
    world = _World(responder, crl=False, length=4)
    for place in range(3):
        world.say(REVOKED, place)
    responder.hang(ocsp_path(hanging))
    expected = ["unknown" if place == hanging else "revoked" for place in range(3)]
    assert world.words(seconds=0.3, asking=sources(ocsp_seconds=60)) == expected


def test_a_slow_responder_leaves_time_for_the_crl(world: _World) -> None:
    """Each request has its own limit below the deadline."""
    world.on.hang(ocsp_path(0))
    assert world.words(asking=sources(ocsp_seconds=0.1)) == ["good", "good"]


# Verdicts.


def _refused(chain: TestChain, **options: Any) -> RevocationError:
    with pytest.raises(RevocationError) as caught:
        RevocationChecker(sources(), **options).check(check_chain(chain.ders), NOW)
    return caught.value


def test_a_good_chain_passes(world: _World) -> None:
    """The statuses are what comes of it."""
    statuses = RevocationChecker(sources()).check(check_chain(world.chain.ders), NOW)
    assert [each.status for each in statuses] == ["good", "good"]


def test_a_revoked_certificate_is_refused(world: _World) -> None:
    """It is said which one, since when and why; there is nothing to be done about it."""
    world.say(Single("revoked", reason=KEY_COMPROMISE), 1)
    error = _refused(world.chain)
    assert error.message.startswith("certificate 'CN=Intermediate CA 1,")
    assert error.message.endswith(f"' is revoked (on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}, keyCompromise)")
    assert error.advice == ""
    assert [each.status for each in error.statuses] == ["good", "revoked"]


def test_an_unknown_status_is_refused(world: _World) -> None:
    """It is said which one, why, and what can be done."""
    world.on.fail(ocsp_path(0), 503)
    world.on.fail(crl_path(0), 404)
    error = _refused(world.chain)
    assert error.message.startswith("revocation status of certificate 'CN=wabbit-networks.io,")
    assert "status 503" in error.message
    assert "status 404" in error.message
    assert "--ocsp-response or --crl" in error.advice
    assert [each.status for each in error.statuses] == ["unknown", "good"]


@pytest.mark.parametrize("place", [0, 1])
def test_revoked_is_worse_than_unknown(world: _World, place: int) -> None:
    """Of several certificates the one that is revoked is named."""
    world.say(REVOKED, place)
    world.on.fail(ocsp_path(1 - place))
    world.on.fail(crl_path(1 - place))
    assert "is revoked (" in _refused(world.chain).message


# Files before the network, and evidence of what was used.


def test_given_files_come_first(world: _World) -> None:
    """Where they say something, nobody is asked, whatever would be said."""
    world.say(REVOKED)
    good = LocalEvidence(responses=[("a", make_answer(world.chain)), ("b", make_answer(world.chain, 1))])
    assert world.words(evidence=good) == ["good", "good"]
    bad = LocalEvidence(responses=[("a", make_answer(world.chain, 0, REVOKED)), ("b", make_answer(world.chain, 1))])
    world.say(GOOD)
    assert world.words(evidence=bad) == ["revoked", "good"]
    assert world.on.seen == []


@pytest.mark.parametrize("single", [UNKNOWN, Single(next_update=NOW - _SECOND), Single(serial=1)])
def test_files_that_say_nothing_leave_it_to_the_network(world: _World, single: Single) -> None:
    """A file that is of no use is noted, and the responder is asked."""
    given = LocalEvidence(responses=[("answer.der", make_answer(world.chain, 0, single))])
    for said, status in ((GOOD, "good"), (REVOKED, "revoked")):
        world.say(said)
        leaf, _ = check(world.chain, evidence=given)
        assert leaf.status == status
        is_about_it = single.serial is None
        assert leaf.log[-1].startswith("OCSP ")
        assert [line.startswith("answer.der: ") for line in leaf.log[:-1]] == [True] * is_about_it


def test_without_a_network_files_alone_count(world: _World) -> None:
    """What they are not about is unknown, and what names nothing cannot be revoked."""
    given = LocalEvidence(responses=[("a", make_answer(world.chain))])
    chain = check_chain(world.chain.ders)
    assert [each.status for each in RevocationChecker(None, given).statuses(chain, NOW)] == ["good", "unknown"]
    assert [each.status for each in RevocationChecker(None).statuses(chain, NOW)] == ["unknown"] * 2
    plain = check_chain(make_chain().ders)
    assert [each.status for each in RevocationChecker(None).statuses(plain, NOW)] == ["not revocable"] * 2
    assert world.on.seen == []


def test_evidence_is_shown(world: _World) -> None:
    """Each answer and CRL that is used is handed on, with its address and its end, and nothing that was not used."""
    seen: list[Evidence] = []
    delta_ends, answer_ends = NOW + timedelta(days=2), NOW + timedelta(days=3)
    world.say(replace(UNKNOWN, next_update=answer_ends))
    world.crl(number=5, freshest=[world.on.url("/delta")])
    world.crl(path="/delta", number=6, base=5, next_update=delta_ends)
    world.on.fail(ocsp_path(1))
    world.crl(place=1, corrupted=True)
    assert world.words(observe=seen.append) == ["good", "unknown"]
    url = world.on.url(crl_path(0))
    assert [(each.kind, each.url, each.until) for each in seen] == [
        ("ocsp", world.on.url(ocsp_path(0)), answer_ends),
        ("crl", url, NEXT_UPDATE),
        ("crl", url, delta_ends),
    ]
    numbers = [x509.load_der_x509_crl(each.der).extensions.get_extension_for_class(x509.CRLNumber) for each in seen[1:]]
    assert [each.value.crl_number for each in numbers] == [5, 6]


@pytest.mark.parametrize("broken", ["next publish", "name", "entry"])
def test_whatever_a_server_sends_is_no_accident(responder: Responder, broken: str) -> None:
    """What nobody can read, signed or not, makes the status unknown and nothing worse."""
    x400 = bytes.fromhex("3008a006a004a302a300")
    world = _points(responder, [Point((responder.url("/crl/0"),))])
    wrong: dict[str, Any] = {
        "next publish": {"next_publish": b"\x17"},
        "name": {"extensions": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.28"), x400), True)]},
        "entry": {},
    }
    entries = []
    if broken == "entry":
        issuer = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.29"), bytes.fromhex("3002a300"))
        entries = [world.leaf(extensions=((issuer, True),))]
    world.crl(*entries, **wrong[broken])
    assert world.leafs() in ("unknown", "good") if broken == "next publish" else world.leafs() == "unknown"


def test_answers_are_shared_by_checks(world: _World) -> None:
    """A second check asks nobody, and says that it remembered."""
    asking = sources()
    assert world.words(asking=asking) == ["good", "good"]
    leaf, _ = check(world.chain, asking=asking)
    assert "good (cached), " in leaf.log[0]
    assert world.on.asked == {ocsp_path(0): 1, ocsp_path(1): 1}


def test_a_tsa_is_checked_in_the_same_way(responder: Responder) -> None:
    """A chain for timestamps is asked about as one for code is."""
    world = _World(responder, purpose="timestamping")
    assert world.words(purpose="timestamping") == ["good", "good"]
    world.say(REVOKED)
    assert world.words(purpose="timestamping") == ["revoked", "good"]


def test_next_publish_brings_a_new_crl(responder: Responder) -> None:
    """Specification, "Revocation Checking with CRL": a hold that was released since is seen in the newer CRL."""
    world, asking = _points(responder, [Point((responder.url("/crl/0"),))]), sources()
    world.crl(world.leaf(HOLD), next_publish=asn1.generalized_time(NOW + _SECOND))
    assert world.leafs(asking=asking) == "revoked"
    world.crl(number=2)
    assert world.leafs(asking=asking) == "revoked"
    assert world.leafs(asking=asking, now=NOW + 2 * _SECOND) == "good"
