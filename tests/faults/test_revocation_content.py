"""Faulty OCSP responses, CRLs and CRL caches: refused with advice if enforced, reported if logged."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notarykit.errors import RevocationError
from notarykit.revocation.file_cache import CrlCache
from tests.faults.revocation_scene import CRL, MINUTE, OCSP, SECONDS, RevocationScene
from tests.support.ca import TestChain, make_chain
from tests.support.checking import close_clients, sources
from tests.support.crls import NEXT_UPDATE, NOW, make_crl, revoked
from tests.support.ocsp_answers import GOOD, REVOKED, TRY_LATER, Single, make_answer, make_refusal, responding, the_leaf
from tests.support.responders import Responder
from tests.support.revocable import revocable_chain


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


# Responses and CRLs.


def _of_another() -> TestChain:
    return make_chain()


_ANSWERS: dict[str, tuple[Callable[[TestChain], bytes], str]] = {
    "expired": (lambda on: make_answer(on, 0, Single(next_update=NOW - MINUTE)), "the response expired at"),
    "endless": (lambda on: make_answer(on, 0, Single(next_update=None)), "has no nextUpdate"),
    "another certificate's": (lambda on: make_answer(on, 0, Single(serial=5)), "about another certificate"),
    "another CA's": (lambda _: make_answer(_of_another()), "the signature does not hold"),
    "the leaf's own": (lambda on: make_answer(on, delegate=the_leaf(on)), "not for OCSP signing"),
    "the leaf's in the issuer's name": (lambda on: make_answer(on, signed_by=on.leaf_key), "signature does not hold"),
    "a stranger's": (lambda on: make_answer(on, named=on.certificates[2], signed_by=on.keys[2]), "signed neither by"),
    "forged": (lambda on: make_answer(on, corrupted=True), "the signature does not hold"),
    "unknown": (lambda on: make_answer(on, 0, Single("unknown")), ": unknown, "),
    "try later": (lambda _: make_refusal(TRY_LATER), "the responder answers try later"),
    "cut off": (lambda on: make_answer(on)[:-5], "the response"),
    "a CRL": (make_crl, "the response"),
}
_CRLS: dict[str, tuple[Callable[[TestChain], bytes], str]] = {
    "expired": (lambda on: make_crl(on, next_update=NOW - MINUTE), "it expired at"),
    "endless": (lambda on: make_crl(on, next_update=None), "has no nextUpdate"),
    "another CA's": (lambda _: make_crl(_of_another()), "the signature does not hold"),
    "the root's": (lambda on: make_crl(on, 2), "it is not by the issuer"),
    "the leaf's": (lambda on: make_crl(on, signed_by=on.leaf_key), "the signature does not hold"),
    "forged": (lambda on: make_crl(on, corrupted=True), "the signature does not hold"),
    "without its delta": (lambda on: make_crl(on, freshest=["http://127.0.0.1:1/"]), "its delta CRL"),
    "cut off": (lambda on: make_crl(on)[:-5], "it is no readable CRL"),
    "an answer": (make_answer, "it is no readable CRL"),
    "malformed inside": (lambda on: make_crl(on, next_publish=b"\x17"), "is unknown: "),
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_unusable_response_is_refused(responder: Responder, name: str) -> None:
    """Each unusable response is refused with its reason."""
    make, text = _ANSWERS[name]
    scene = RevocationScene(responder, "ocsp")
    scene.put(make(scene.chain))
    scene.check_refused(text)


@pytest.mark.parametrize("name", _CRLS)
def test_unusable_crl_is_refused(responder: Responder, name: str) -> None:
    """Each unusable CRL is refused with its reason."""
    make, text = _CRLS[name]
    scene = RevocationScene(responder, "crl")
    scene.put(make(scene.chain))
    scene.check_refused(text)


def test_revoked_certificate_has_no_advice(scene: RevocationScene) -> None:
    """A revoked certificate has no advice for getting around it."""
    scene.put(scene.good(**({"singles": REVOKED} if scene.by == "ocsp" else {"entries": [revoked(scene.chain)]})))
    scene.check_refused("is revoked (on ", advice="")
    with pytest.raises(RevocationError) as caught:
        scene.verify("enforce")
    assert caught.value.advice == ""


@pytest.mark.parametrize("fault", ["down", "slow", "forged", "large"])
def test_crl_replaces_a_faulty_responder(responder: Responder, fault: str) -> None:
    """Whatever the responder's fault, the CRL decides, for good and for revoked."""
    scene = RevocationScene(responder, "ocsp")
    scene.sign_with(revocable_chain(responder.url(), ocsp_at={1: []}, crl_at={1: []}))
    responder.put(CRL, make_crl(scene.chain))
    faults: dict[str, Callable[[], object]] = {
        "down": lambda: responder.fail(OCSP, 503),
        "slow": lambda: responder.hang(OCSP),
        "forged": lambda: responder.ocsp(OCSP, responding(scene.chain, 0, GOOD, corrupted=True)),
        "large": lambda: responder.pour(OCSP),
    }
    faults[fault]()
    scene.passes(asking=sources(ocsp_seconds=SECONDS))
    responder.put(CRL, make_crl(scene.chain, 1, [revoked(scene.chain)]))
    scene.check_refused("is revoked (on ", advice="", asking=sources(ocsp_seconds=SECONDS))


# The cache.


@pytest.mark.parametrize("kind", ["a file in its place", "rubbish", "folders", "read-only", "full"])
def test_unusable_cache_is_ignored(
    responder: Responder, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check works without a usable cache, for good and for revoked."""
    scene = RevocationScene(responder, "crl")
    folder = tmp_path / "crl"
    file = Path(CrlCache(str(folder)).path(responder.url(CRL)))
    if kind == "a file in its place":
        folder.write_bytes(b"mine")
    else:
        folder.mkdir()
    if kind == "rubbish":
        file.write_bytes(os.urandom(100_000))
        for number in range(200):
            (folder / f"{number:064x}").write_bytes(os.urandom(10))
    elif kind == "folders":
        file.mkdir()
    elif kind == "read-only":
        # Whoever is root writes everywhere.
        monkeypatch.setattr("notarykit._internal.files._sync", _fail_with(30))
    elif kind == "full":
        monkeypatch.setattr("notarykit._internal.files._sync", _fail_with(28))
    for _ in range(2):
        scene.put(make_crl(scene.chain))
        scene.passes(asking=sources(str(folder)))
        if kind == "rubbish":
            assert file.stat().st_size < 2000
            file.unlink()
        scene.put(make_crl(scene.chain, 1, [revoked(scene.chain)]))
        scene.check_refused("is revoked (on ", advice="", asking=sources(str(folder)))
        if kind == "rubbish":
            file.write_bytes(b"{}")


def _fail_with(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_cached_crl_bridges_an_outage(responder: Responder, tmp_path: Path) -> None:
    """While it is current no request is made; afterwards the outage is reported."""
    scene = RevocationScene(responder, "crl")
    scene.put(make_crl(scene.chain))
    scene.passes(asking=sources(str(tmp_path)))
    responder.fail(CRL, 503)
    scene.passes(asking=sources(str(tmp_path)))
    assert responder.asked == {CRL: 1}
    scene.check_refused("status 503", asking=sources(str(tmp_path)), now=NEXT_UPDATE + MINUTE)
