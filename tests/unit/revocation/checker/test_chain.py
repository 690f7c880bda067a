"""Statuses of a chain's certificates, and the verdict about the chain."""

from collections.abc import Sequence

import pytest
from cryptography import x509

from notarykit.errors import RevocationError
from notarykit.keys.chain import check_chain
from notarykit.revocation import checker
from notarykit.revocation.checker import RevocationChecker
from tests.support.ca import Changes, make_chain, name, ocsp_at
from tests.support.checking import check, sources, words
from tests.support.crls import NOW, REVOKED_AT
from tests.support.ocsp_answers import REVOKED, Single
from tests.support.responders import Responder
from tests.support.revocable import Point, crl_path, ocsp_path
from tests.unit.revocation.checker.world import World
from tests.unit.revocation.setting import KEY_COMPROMISE


@pytest.mark.requirement("trust:no-revocation-information")
def test_certificate_without_endpoints_is_not_revocable() -> None:
    """Specification, "Certificate Revocation Evaluation": it is not checked, and the root has no status."""
    statuses = check(make_chain())
    assert [(status.status, status.text) for status in statuses] == [
        ("not revocable", "it names neither an OCSP responder nor a CRL")
    ] * 2
    assert words(make_chain(length=1)) == []


def test_nothing_is_started_where_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates without endpoints have their status at once; only the others are checked in threads."""
    started: list[object] = []

    def refuse(work: object) -> None:
        started.append(work)
        raise AssertionError

    monkeypatch.setattr(checker, "start", refuse)
    assert words(make_chain()) == ["not revocable"] * 2
    with pytest.raises(AssertionError):
        check(make_chain(leaf=Changes(put=(ocsp_at("http://127.0.0.1:9/"),))))
    assert len(started) == 1


@pytest.mark.requirement("trust:whole-chain")
def test_endpoints_of_the_root_are_ignored(responder: Responder) -> None:
    """A root is trusted by the store, and its endpoints are never contacted."""
    chain = make_chain(cas={2: Changes(put=(ocsp_at(responder.url("/root")),))})
    assert words(chain) == ["not revocable"] * 2
    assert words(make_chain(length=1, leaf=Changes(put=(ocsp_at(responder.url("/root")),)))) == []
    assert responder.seen == []


@pytest.mark.requirement("trust:whole-chain")
def test_each_certificate_has_its_own_status_and_log(world: World) -> None:
    """The statuses are in the order of the chain, each with its own log."""
    world.respond(REVOKED, 1)
    leaf, ca = check(world.chain)
    assert (leaf.certificate, ca.certificate) == world.chain.certificates[:2]
    assert [leaf.status, ca.status] == ["good", "revoked"]
    assert len(leaf.log) == len(ca.log) == 1
    assert leaf.log[0].startswith(f"OCSP {world.responder.url(ocsp_path(0))}: good, until ")
    assert ca.log[0].startswith(f"OCSP {world.responder.url(ocsp_path(1))}: revoked, on ")
    assert str(ca).startswith("certificate 'CN=Intermediate CA 1,")


def test_malformed_extension_makes_the_status_unknown() -> None:
    """A malformed CRLDistributionPoints may name an endpoint, so the status is unknown."""
    malformed = x509.UnrecognizedExtension(x509.oid.ExtensionOID.CRL_DISTRIBUTION_POINTS, b"\xff")
    assert words(make_chain(leaf=Changes(put=((malformed, False),)))) == ["unknown", "not revocable"]


@pytest.mark.parametrize(
    "points",
    [[Point()], [Point((), None, name("CRLs"))], [Point(("ldap://crl.example",))]],
)
def test_unusable_distribution_point_makes_the_status_unknown(responder: Responder, points: Sequence[Point]) -> None:
    """Specification, "Certificate Revocation Evaluation": CRL information is present, and unusable."""
    names = [] if points[0].urls else [x509.DirectoryName(name("CRL"))]
    extension = x509.CRLDistributionPoints(
        [x509.DistributionPoint(names or [x509.UniformResourceIdentifier(points[0].urls[0])], None, None, None)]
    )
    assert words(make_chain(leaf=Changes(put=((extension, False),)))) == ["unknown", "not revocable"]


# Verdicts.


def test_good_chain_passes(world: World) -> None:
    """The check of a good chain returns its statuses."""
    statuses = RevocationChecker(sources()).check(check_chain(world.chain.ders), NOW)
    assert [status.status for status in statuses] == ["good", "good"]


def test_revoked_certificate_is_refused(world: World) -> None:
    """The message has the certificate, the date and the reason, and there is no advice."""
    world.respond(Single("revoked", reason=KEY_COMPROMISE), 1)
    with pytest.raises(RevocationError) as caught:
        RevocationChecker(sources()).check(check_chain(world.chain.ders), NOW)
    error = caught.value
    assert error.message.startswith("certificate 'CN=Intermediate CA 1,")
    assert error.message.endswith(f"' is revoked (on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}, keyCompromise)")
    assert error.advice == ""
    assert [status.status for status in error.statuses] == ["good", "revoked"]


def test_unknown_status_is_refused(world: World) -> None:
    """The message has the certificate and the reasons, and the advice names the flags."""
    world.responder.fail(ocsp_path(0), 503)
    world.responder.fail(crl_path(0), 404)
    with pytest.raises(RevocationError) as caught:
        RevocationChecker(sources()).check(check_chain(world.chain.ders), NOW)
    error = caught.value
    assert error.message.startswith("revocation status of certificate 'CN=wabbit-networks.io,")
    assert "status 503" in error.message
    assert "status 404" in error.message
    assert "--ocsp-response or --crl" in error.advice
    assert [status.status for status in error.statuses] == ["unknown", "good"]


@pytest.mark.parametrize("place", [0, 1])
def test_revoked_is_reported_before_unknown(world: World, place: int) -> None:
    """The message names the revoked certificate, not the unknown one."""
    world.respond(REVOKED, place)
    world.responder.fail(ocsp_path(1 - place))
    world.responder.fail(crl_path(1 - place))
    with pytest.raises(RevocationError) as caught:
        RevocationChecker(sources()).check(check_chain(world.chain.ders), NOW)
    assert "is revoked (" in caught.value.message
