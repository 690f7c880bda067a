"""Fixtures of the tests of bundles: a signer whose certificates are revocable, and everything that is asked served."""

import pytest

from tests.cli.bundle.making import CREATE, FILE
from tests.cli.world import World
from tests.support.ca import TestChain
from tests.support.crls import make_crl
from tests.support.ocsp_answers import responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A signer's chain: the leaf names OCSP, the intermediate a CRL."""
    chain = revocable_chain(responder.url(), ocsp_at={1: []}, crl_at={0: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    responder.put(crl_path(1), make_crl(chain, 2))
    return chain


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A user with a signed artifact, and a cache of CRLs of its own."""
    monkeypatch.setenv("NOTATION_CACHE", str(world.folder / "cache"))
    world.sign("-m", "build=42")
    return world


@pytest.fixture
def bundle(world: World) -> str:
    """A bundle of the artifact, `hello.tar`."""
    world.did(*CREATE, world.reference, "-o", FILE)
    return FILE
