"""Blobs that one side signs and has stamped, the other verifies, under a policy that wants a timestamp."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import AuthenticTimestampError
from notarykit.net.anonymous import anonymous_client
from notarykit.revocation.checker import RevocationChecker
from notarykit.timestamp.client import TimestampAuthority, TimestampClient
from tests.interop.blob_scene import BlobQuestion, BlobScene, accepted
from tests.interop.go_peer import Peer
from tests.servers.timestamp.authority import Authority
from tests.servers.timestamp.conftest import digitorus_program, digitorus_tsa, tsa_chain
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import FORMATS

__all__ = ["digitorus_program", "digitorus_tsa", "tsa_chain"]

STORES = ["ca:tests", "tsa:tests"]
STEP = "authenticTimestamp"

Sign = Callable[[BlobScene], bytes]


@pytest.fixture(params=["stamped here", "stamped there"])
def sign(request: pytest.FixtureRequest, blob_peer: Peer, digitorus_tsa: Authority) -> Iterator[Sign]:
    """Signs with a timestamp, on one side or the other."""
    if request.param == "stamped there":
        root = base64.b64encode(digitorus_tsa.root).decode()
        yield lambda scene: scene.sign_there(blob_peer, timestampUrl=digitorus_tsa.url, timestampRoot=root)
        return
    client = anonymous_client()
    authority = TimestampAuthority(digitorus_tsa.url, digitorus_tsa.root)
    stamper = TimestampClient([authority], RevocationChecker(None), client=client)
    yield lambda scene: scene.sign_here(timestamper=stamper)
    client.close()


def _asking(scene: BlobScene, envelope: bytes, option: str, **policy: Any) -> BlobQuestion:
    """The verification under a policy with a condition for timestamps."""
    question = scene.question(envelope, stores=STORES, **policy)
    question.policy["trustPolicies"][0]["signatureVerification"]["verifyTimestamp"] = option
    return question


def _refused(peer: Peer, question: BlobQuestion, problem: str) -> None:
    """Has both sides refuse for want of a timestamp that they trust."""
    there = question.ask_peer(peer)
    assert not there["ok"]
    assert [each["type"] for each in there["results"] if each["error"]] == [STEP]
    with pytest.raises(AuthenticTimestampError, match=problem):
        question.ask_us()


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", ["RSA-3072", "EC-256", "EC-521"])
def test_timestamps(
    blob_peer: Peer, tmp_path: Path, tsa_chain: TestChain, sign: Sign, spec: str, media_type: str
) -> None:
    """Both sides accept the timestamp, and refuse it where they trust another authority and have to have one."""
    good = BlobScene(tmp_path, spec, media_type)
    good.home.trust(tsa_chain, kind="tsa")
    envelope = sign(good)
    assert accepted(blob_peer, _asking(good, envelope, "always")).timestamp is not None
    assert accepted(blob_peer, _asking(good, envelope, "afterCertExpiry")).timestamp is None

    good.home.store(kind="tsa").joinpath("root0.pem").unlink()
    good.home.trust(make_chain("RSA-2048", purpose="timestamping"), kind="tsa")
    _refused(blob_peer, _asking(good, envelope, "always"), "trusted root")
    verdict = accepted(blob_peer, _asking(good, envelope, "always", level="permissive"))
    assert [str(each.step) for each in verdict.results if each.error] == [STEP]


@pytest.mark.parametrize("media_type", FORMATS)
def test_without_a_timestamp(blob_peer: Peer, tmp_path: Path, tsa_chain: TestChain, media_type: str) -> None:
    """Both sides want a timestamp where the policy says so."""
    scene = BlobScene(tmp_path, media_type=media_type)
    scene.home.trust(tsa_chain, kind="tsa")
    envelope = scene.sign_there(blob_peer)
    _refused(blob_peer, _asking(scene, envelope, "always"), "has none")
    accepted(blob_peer, _asking(scene, envelope, "afterCertExpiry"))
