"""Responders and CRLs that go wrong: enforced, the signature is refused with advice; logged, it passes and says so."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import RevocationError
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.file_cache import CrlCache
from notarykit.verification.verdict import Verified
from tests.servers.registry.http_server import Reply
from tests.support.ca import TestChain, make_chain
from tests.support.checking import close_clients, sources
from tests.support.crls import NEXT_UPDATE, NOW, make_crl, revoked
from tests.support.envelopes import sign_envelope
from tests.support.ocsp_answers import GOOD, REVOKED, TRY_LATER, Single, make_answer, make_refusal, responding, the_leaf
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain
from tests.unit.verification.setting import outcomes, policy, store, verify

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_SECONDS = 0.3
_OCSP, _CRL = ocsp_path(0), crl_path(0)


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """No fault keeps anybody waiting, and nothing stays open."""
    begun = time.monotonic()
    yield
    close_clients()
    assert time.monotonic() - begun < 3.0


def _leading_to(by: str) -> dict[str, Any]:
    return {"ocsp_at": {1: []}, "crl_at": {1: []}, "crl" if by == "ocsp" else "ocsp": False}


class _Scene:
    """A signature whose signer names one place to ask, where something goes wrong."""

    def __init__(self, responder: Responder, by: str) -> None:
        self.on, self.by = responder, by
        self.sign_with(revocable_chain(responder.url(), **_leading_to(by)))
        self.path = _OCSP if by == "ocsp" else _CRL

    def sign_with(self, chain: TestChain) -> None:
        """Takes another chain."""
        self.chain = chain
        self.envelope = sign_envelope(chain, now=NOW - _HOUR * 5)

    def good(self, **knobs: Any) -> bytes:
        """Makes a good response or CRL."""
        return make_answer(self.chain, **knobs) if self.by == "ocsp" else make_crl(self.chain, **knobs)

    def put(self, content: bytes, content_type: str = "") -> None:
        """Serves content at the endpoint."""
        self.on.put(self.path, content, content_type or None)

    def verify(self, action: str, now: datetime = NOW, asking: RevocationFetcher | None = None, **options: Any) -> Any:
        """Verifies under a policy with an action for revocation."""
        trusted = policy("strict", override={"revocation": action})
        check = RevocationChecker(asking or sources(), **options)
        return verify(self.envelope, trusted=trusted, store=store(self.chain), now=now, revocation=check)

    def check_refused(self, text: str, advice: str = "--ocsp-response or --crl", **options: Any) -> None:
        """Checks that it is refused with text and advice if enforced, and passes with the text if logged."""
        with pytest.raises(RevocationError) as caught:
            self.verify("enforce", **options)
        assert caught.value.message.startswith("revocation: ")
        assert text in caught.value.message
        assert advice in caught.value.advice or advice in caught.value.message
        assert caught.value.exit_code == 1
        assert "Traceback" not in str(caught.value)
        verdict = self.verify("log", **options)
        assert isinstance(verdict, Verified)
        assert outcomes(verdict.results)["revocation"] == "log failed"
        (failed,) = (each for each in verdict.results if each.error)
        assert text in str(failed.error)
        assert any(str(self.chain.subjects[0].rfc4514_string()) in line for line in failed.explained)

    def passes(self, **options: Any) -> None:
        """It is verified, as nothing is wrong that counts."""
        assert isinstance(self.verify("enforce", **options), Verified)


@pytest.fixture(params=["ocsp", "crl"])
def scene(request: pytest.FixtureRequest, responder: Responder) -> _Scene:
    """By OCSP and by CRL."""
    return _Scene(responder, request.param)


def test_verification_without_a_fault_succeeds(scene: _Scene) -> None:
    """Verification succeeds without any fault."""
    scene.put(scene.good())
    scene.passes()


# Servers.


@pytest.mark.parametrize("by", ["ocsp", "crl"])
def test_refused_connection_is_unknown(responder: Responder, by: str) -> None:
    """A refused connection makes the status unknown."""
    scene = _Scene(responder, by)
    scene.sign_with(revocable_chain(responder.refusing_url(), **_leading_to(by)))
    scene.check_refused("is unknown: ")


@pytest.mark.parametrize("how", ["before the head", "after the head", "byte by byte"])
def test_slow_server_times_out(scene: _Scene, how: str) -> None:
    """A slow server is given up at its time limit."""
    if how == "byte by byte":
        scene.on.drip(scene.path, scene.good(), 0.01)
    else:
        head = Reply(200, (("Content-Length", "5000"),))
        scene.on.hang(scene.path, None if how == "before the head" else head)
    asking = sources(ocsp_seconds=_SECONDS, crl_seconds=_SECONDS)
    scene.check_refused("timed out", asking=asking)


def test_deadline_covers_all_certificates(responder: Responder) -> None:
    """One deadline covers all certificates."""
    scene = _Scene(responder, "ocsp")
    scene.sign_with(revocable_chain(responder.url(), length=8))
    for place in range(7):
        responder.hang(ocsp_path(place))
        responder.hang(crl_path(place))
    asking = sources(ocsp_seconds=60, crl_seconds=60)
    scene.check_refused("no answer in time", asking=asking, seconds=_SECONDS)


@pytest.mark.parametrize("status", [204, 301, 403, 404, 429, 500, 503])
def test_http_error_is_unknown(scene: _Scene, status: int) -> None:
    """An error page is no response."""
    scene.on.fail(scene.path, status)
    scene.check_refused(f"it answers with status {status}")


def test_media_type_of_signed_content_is_ignored(scene: _Scene) -> None:
    """Signed content counts under any media type, and a captive portal's page does not."""
    scene.put(scene.good(), "text/html")
    scene.passes()
    scene.put(
        b"<html>Please log in</html>", "application/ocsp-response" if scene.by == "ocsp" else "application/pkix-crl"
    )
    scene.check_refused("is unknown: ")


@pytest.mark.parametrize("has_length", [False, True])
def test_endless_body_is_cut_off(scene: _Scene, has_length: bool) -> None:
    """Reading stops at the size limit."""
    scene.on.pour(scene.path, told=has_length, start=scene.good()[:50])
    asking = sources(ocsp_seconds=30, crl_seconds=30)
    before = time.process_time()
    scene.check_refused("limit of", asking=asking)  # longer or larger than what is read
    assert time.process_time() - before < 2.0


def test_redirect_loop_is_refused(scene: _Scene) -> None:
    """A redirect loop ends."""
    scene.on.redirect_in_a_circle(scene.path, 3)
    scene.check_refused("redirects")
    assert sum(scene.on.asked.values()) < 30


@pytest.mark.parametrize("reset", [False, True])
def test_truncated_body_is_unknown(scene: _Scene, reset: bool) -> None:
    """A truncated body is no response."""
    scene.on.cut(scene.path, scene.good(), 60, reset=reset)
    scene.check_refused("is unknown: ")


# Clocks.


def test_slow_clock_is_reported(scene: _Scene) -> None:
    """A new response is of the future then, and the advice is to check the clock."""
    dates: dict[str, Any] = {"this_update": NOW}
    scene.put(scene.good(**(dates if scene.by == "crl" else {"singles": Single(**dates)})))
    scene.check_refused("of the future", advice="check the clock", now=NOW - _HOUR)
    scene.passes(now=NOW - _MINUTE)


def test_fast_clock_expires_short_responses(scene: _Scene) -> None:
    """A response for half an hour has expired then; one for a week has not."""
    scene.put(scene.good())
    scene.passes(now=NOW + _HOUR)
    short: dict[str, Any] = {"next_update": NOW + 30 * _MINUTE}
    scene.put(scene.good(**(short if scene.by == "crl" else {"singles": Single(**short)})))
    scene.check_refused("expired at", now=NOW + _HOUR)
    scene.passes(now=NOW + 30 * _MINUTE)


# Answers.


def _of_another() -> TestChain:
    return make_chain()


_ANSWERS: dict[str, tuple[Callable[[TestChain], bytes], str]] = {
    "expired": (lambda on: make_answer(on, 0, Single(next_update=NOW - _MINUTE)), "the response expired at"),
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
    "expired": (lambda on: make_crl(on, next_update=NOW - _MINUTE), "it expired at"),
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
    scene = _Scene(responder, "ocsp")
    scene.put(make(scene.chain))
    scene.check_refused(text)


@pytest.mark.parametrize("name", _CRLS)
def test_unusable_crl_is_refused(responder: Responder, name: str) -> None:
    """Each unusable CRL is refused with its reason."""
    make, text = _CRLS[name]
    scene = _Scene(responder, "crl")
    scene.put(make(scene.chain))
    scene.check_refused(text)


def test_revoked_certificate_has_no_advice(scene: _Scene) -> None:
    """A revoked certificate has no advice for getting around it."""
    scene.put(scene.good(**({"singles": REVOKED} if scene.by == "ocsp" else {"entries": [revoked(scene.chain)]})))
    scene.check_refused("is revoked (on ", advice="")
    with pytest.raises(RevocationError) as caught:
        scene.verify("enforce")
    assert caught.value.advice == ""


@pytest.mark.parametrize("fault", ["down", "slow", "forged", "large"])
def test_crl_replaces_a_faulty_responder(responder: Responder, fault: str) -> None:
    """Whatever the responder's fault, the CRL decides, for good and for revoked."""
    scene = _Scene(responder, "ocsp")
    scene.sign_with(revocable_chain(responder.url(), ocsp_at={1: []}, crl_at={1: []}))
    responder.put(_CRL, make_crl(scene.chain))
    faults: dict[str, Callable[[], object]] = {
        "down": lambda: responder.fail(_OCSP, 503),
        "slow": lambda: responder.hang(_OCSP),
        "forged": lambda: responder.ocsp(_OCSP, responding(scene.chain, 0, GOOD, corrupted=True)),
        "large": lambda: responder.pour(_OCSP),
    }
    faults[fault]()
    scene.passes(asking=sources(ocsp_seconds=_SECONDS))
    responder.put(_CRL, make_crl(scene.chain, 1, [revoked(scene.chain)]))
    scene.check_refused("is revoked (on ", advice="", asking=sources(ocsp_seconds=_SECONDS))


# The cache.


@pytest.mark.parametrize("kind", ["a file in its place", "rubbish", "folders", "read-only", "full"])
def test_unusable_cache_is_ignored(
    responder: Responder, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check works without a usable cache, for good and for revoked."""
    scene = _Scene(responder, "crl")
    folder = tmp_path / "crl"
    file = Path(CrlCache(str(folder)).path(responder.url(_CRL)))
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
        monkeypatch.setattr("notarykit._internal.files._write_durably", _fail_with(30))
    elif kind == "full":
        monkeypatch.setattr("notarykit._internal.files._write_durably", _fail_with(28))
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
    scene = _Scene(responder, "crl")
    scene.put(make_crl(scene.chain))
    scene.passes(asking=sources(str(tmp_path)))
    responder.fail(_CRL, 503)
    scene.passes(asking=sources(str(tmp_path)))
    assert responder.asked == {_CRL: 1}
    scene.check_refused("status 503", asking=sources(str(tmp_path)), now=NEXT_UPDATE + _MINUTE)
