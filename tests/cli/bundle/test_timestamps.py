"""Timestamps in bundles: they are in the envelopes, and the evidence for the authority's certificates goes along."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.verification import options as verifier_options
from tests.cli.bundle.making import CREATE, FILE
from tests.cli.world import World
from tests.support.crls import make_crl, revoked
from tests.support.homes import policy_document
from tests.support.responders import Responder
from tests.support.revocable import crl_path, revocable_chain
from tests.support.signatures import readdress
from tests.support.token_changes import TokenChanges
from tests.support.tokens import make_token


@pytest.fixture
def tsa_crl(world: World, responder: Responder) -> str:
    """Stamps the signature, by an authority that the policy trusts; returns the path of the CRL for its certificate."""
    base = responder.url("/tsa")
    tsa = revocable_chain(base, length=2, purpose="timestamping", ocsp=False)
    path = f"/tsa{crl_path(0)}"
    responder.put(path, make_crl(tsa))
    world.home.trust(tsa, kind="tsa")
    world.home.set_policy(policy_document(stores=("ca:tests", "tsa:tests")))
    gen_time = datetime.now(UTC) - timedelta(minutes=1)

    def stamped(envelope: bytes, media_type: str) -> bytes:
        signature = parse_envelope(envelope, media_type).signature
        return with_timestamp(envelope, media_type, make_token(signature, tsa, TokenChanges(gen_time=gen_time)))

    readdress("hello", stamped)
    world.tsa = tsa  # type: ignore[attr-defined]
    return path


def test_evidence_of_the_authority_goes_along(world: World, responder: Responder, tsa_crl: str) -> None:
    """The CRL for the authority is in the bundle, so that the timestamp is verified without a network."""
    world.did(*CREATE, world.reference, "-o", FILE)
    document = json.loads(world.did("bundle", "inspect", FILE, "-o", "json"))
    assert responder.url(tsa_crl) in [part["url"] for part in document["evidence"]]
    assert set(document["trust"]["stores"]) == {"ca:tests", "tsa:tests"}
    (result,) = json.loads(world.did("bundle", "verify", FILE, "-o", "json"))["results"]
    assert result["timestamp"].startswith("20")


def test_without_it_the_timestamp_is_not_verified(world: World, responder: Responder, tsa_crl: str) -> None:
    """Where the authority's status cannot be had, no bundle is written."""
    responder.fail(tsa_crl, 500)
    done = world.run(*CREATE, world.reference, "-o", FILE)
    assert done.code == 1
    assert "is unknown" in done.err


def test_revoked_authority(world: World, responder: Responder, tsa_crl: str) -> None:
    """An authority that is revoked is found by the evidence in the bundle."""
    tsa = world.tsa  # type: ignore[attr-defined]
    responder.put(tsa_crl, make_crl(tsa, 1, [revoked(tsa)]))
    assert world.run(*CREATE, "--allow-unverified", world.reference, "-o", FILE).code == 0
    assert "is revoked" in world.refused(1, "bundle", "verify", FILE)


def test_ended_evidence_of_the_authority(
    world: World, responder: Responder, tsa_crl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the authority's evidence has ended, the advice is to refresh the bundle."""
    world.did(*CREATE, world.reference, "-o", FILE)
    later = datetime.now(UTC) + timedelta(days=30)
    monkeypatch.setattr(verifier_options, "utc_now", lambda: later)
    assert "run 'notarykit bundle refresh' with a network" in world.refused(1, "bundle", "verify", FILE)
