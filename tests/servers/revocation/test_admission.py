"""The admission program and revocation: responders that are down, signers that are revoked, and ends of answers."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.registry.admission import Setting
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.running import Registry
from tests.servers.revocation.openssl_ca import OpensslCA
from tests.support.crls import make_crl, revoked
from tests.support.ocsp_answers import Single, responding
from tests.support.polling import poll
from tests.support.requirements import program
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain

_KINDS = pytest.mark.parametrize("kind", ["ocsp", "crl"])
_LIFE = timedelta(seconds=4)


class _Scene(Setting):
    """Signer whose certificate names a responder, or a CRL.

    Attributes:
        chain: Its chain.
        responder: Server of both.
    """

    def __init__(
        self, stack: contextlib.ExitStack, ca: RegistryCA, folder: Path, responder: Responder, kind: str
    ) -> None:
        nothing: dict[int, list[Any]] = {1: []}
        self.responder = responder
        self.chain = revocable_chain(
            responder.url(), ocsp=kind == "ocsp", crl=kind == "crl", ocsp_at=nothing, crl_at=nothing
        )
        super().__init__(stack, ca, folder, self.chain)


Open = Callable[[str], _Scene]


@pytest.fixture
def opened(registry_ca: RegistryCA, responder: Responder, tmp_path: Path) -> Iterator[Open]:
    """What makes the scene of a kind of revocation."""
    with contextlib.ExitStack() as stack:
        yield functools.partial(_Scene, stack, registry_ca, tmp_path, responder)


@pytest.fixture
def authority(opened: Open, tmp_path: Path) -> Callable[[_Scene], OpensslCA]:
    """What makes the CA of a scene's signer, which is one of `openssl`."""
    program("openssl")

    def make(scene: _Scene) -> OpensslCA:
        (folder := tmp_path / "openssl").mkdir()
        ca = OpensslCA(folder, scene.chain)
        ca.serve(scene.responder)
        return ca

    return make


@_KINDS
def test_responder_that_is_down(
    kind: str, opened: Open, memory_registry: Registry, authority: Callable[[_Scene], OpensslCA]
) -> None:
    """While nobody says that a signer is not revoked, nothing is accepted; seconds after somebody does, it is."""
    scene = opened(kind)
    path = ocsp_path(0) if kind == "ocsp" else crl_path(0)
    scene.responder.fail(path)
    reference = scene.push(memory_registry)
    admission = scene.run("--plain-http", memory_registry.address)
    found = admission.verify(reference)
    assert found["verdict"] == "failed"
    assert found["notAccepted"][0]["error"]["type"] == "RevocationError"
    assert 'errors_total{kind="revocation"} 1.0' in admission.page("/metrics")
    authority(scene)
    poll(lambda: admission.accepts(reference), 30)


@_KINDS
def test_silent_responder(kind: str, opened: Open, memory_registry: Registry) -> None:
    """A responder that says nothing costs the caller no more time than it has."""
    scene = opened(kind)
    scene.responder.hang(ocsp_path(0) if kind == "ocsp" else crl_path(0))
    reference = scene.push(memory_registry)
    admission = scene.run("--plain-http", memory_registry.address)
    found = admission.verify(reference, "?timeout=1s")
    assert found["verdict"] == "failed"
    assert found["error"]["message"].startswith("no decision within 0.8 seconds")


@_KINDS
def test_revoked_signer(
    kind: str, opened: Open, memory_registry: Registry, authority: Callable[[_Scene], OpensslCA]
) -> None:
    """What a signer has signed is refused once the CA says that its certificate is revoked."""
    scene = opened(kind)
    authority(scene).revoke(reason="keyCompromise")
    reference = scene.push(memory_registry)
    found = scene.run("--plain-http", memory_registry.address).verify(reference)
    assert found["verdict"] == "failed"
    assert "revoked" in found["notAccepted"][0]["error"]["message"]


def _serve(scene: _Scene, kind: str, until: datetime, *, is_good: bool) -> None:
    """Has the responder say of the signer what it says since a minute ago, until a time."""
    begin = until - _LIFE - timedelta(minutes=1)
    if kind == "ocsp":
        single = Single("good" if is_good else "revoked", revoked_at=begin, this_update=begin, next_update=until)
        scene.responder.ocsp(ocsp_path(0), responding(scene.chain, 0, single, produced_at=begin))
        return
    entries = () if is_good else (revoked(scene.chain),)
    scene.responder.put(crl_path(0), make_crl(scene.chain, 1, entries, this_update=begin, next_update=until))


@_KINDS
def test_verdict_ends_with_its_evidence(kind: str, opened: Open, memory_registry: Registry) -> None:
    """A verdict is kept no longer than the answer about revocation that it rests on; the next one counts then."""
    scene = opened(kind)
    reference = scene.push(memory_registry)
    admission = scene.run("--plain-http", memory_registry.address)
    until = datetime.now(UTC).replace(microsecond=0) + _LIFE
    _serve(scene, kind, until, is_good=True)
    assert admission.accepts(reference)
    metrics = _plain(admission.page("/metrics"))
    begin = until - _LIFE - timedelta(minutes=1)
    assert f'revocation_oldest_timestamp_seconds{{kind="{kind}"}} {begin.timestamp()}' in metrics
    assert f'revocation_next_end_timestamp_seconds{{kind="{kind}"}} {until.timestamp()}' in metrics
    _serve(scene, kind, until + timedelta(seconds=50), is_good=False)
    # As long as the first answer says so, if this machine was quick enough to ask.
    assert admission.accepts(reference) or datetime.now(UTC) >= until
    poll(lambda: not admission.accepts(reference), 30)  # a verdict that rests on nothing is kept for minutes
    assert datetime.now(UTC) >= until


def _plain(metrics: str) -> str:
    """Returns metrics whose numbers are written as Python does."""
    samples = (line.rpartition(" ") for line in metrics.splitlines() if not line.startswith("#"))
    return "\n".join(f"{name} {float(value)}" for name, _, value in samples)
