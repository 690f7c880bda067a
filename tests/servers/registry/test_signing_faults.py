"""Faults while a signature is stored: in the end there is one that is whole, or none."""

import pytest

from notarykit.errors import NetworkError
from tests.servers.registry import faults
from tests.servers.registry.fault_proxy import Condition, Fault
from tests.servers.registry.faults import at
from tests.servers.registry.scenes import BROKEN, PASSING, Scene

CONFIG, SESSION, UPLOAD, MANIFEST = (
    at("/blobs/sha256:", "HEAD"), at("/blobs/uploads/$", "POST"), at("/blobs/", "PUT"), at("/manifests/", "PUT"),
)  # fmt: skip
# What signing asks for where blobs are uploaded in sessions.
SIGNING = ["GET", "HEAD", "POST", "PUT", "PUT"]


@pytest.fixture
def sessions(scene: Scene) -> Scene:
    """Return the same for a registry that takes blobs in sessions alone."""
    scene.proxy.fault(faults.sessions_only(), faults.is_single_post)
    return scene


class TestSigning:
    """Faults while a signature is stored."""

    @pytest.mark.parametrize(
        ("condition", "single_post"),
        [(CONFIG, None), (SESSION, None), (SESSION, True), (SESSION, False), (MANIFEST, None)],
        ids=["config", "first single post", "single post", "session", "manifest"],
    )
    @pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
    def test_a_fault_that_passes(
        self, fault: Fault, condition: Condition, scene: Scene, *, single_post: bool | None
    ) -> None:
        """What is met once costs one more request, and one signature is stored."""
        scene.host.single_post = single_post
        rule = scene.proxy.fault(fault, condition, times=1)
        made = scene.sign()
        assert rule.met == 1
        assert len(scene.methods()) <= len(SIGNING) + 1
        assert _stored(scene) == {scene.signature, made}

    @pytest.mark.parametrize(
        "fault",
        [
            faults.unavailable(), faults.too_many_requests("7"), faults.status(404), faults.status(416),
            faults.cut_in_headers(), faults.claimed_length(10), faults.gzipped(),
        ],
        ids=["503", "429", "404", "416", "cut in head", "cut in body", "compressed"],
    )  # fmt: skip
    def test_a_session_that_breaks(self, fault: Fault, sessions: Scene) -> None:
        """The upload is started again, with a session of its own."""
        sessions.proxy.fault(fault, UPLOAD, times=1)
        made = sessions.sign()
        assert sessions.methods() == [*SIGNING[:4], *SIGNING[2:]]
        with sessions.proxy.lock:
            first, second = [seen for seen in sessions.proxy.seen if UPLOAD(seen)]
        assert first.body == second.body
        assert first.target != second.target
        assert len(sessions.pauses) == 1
        assert _stored(sessions) == {sessions.signature, made}

    @pytest.mark.parametrize("condition", [UPLOAD, MANIFEST], ids=["envelope", "manifest"])
    @pytest.mark.parametrize(
        "fault",
        [faults.cut_after_acting(), faults.cut_after_acting(reset=True), faults.cut_before_headers()],
        ids=["after acting", "after acting, reset", "before"],
    )
    def test_it_is_not_known_what_was_done(self, fault: Fault, condition: Condition, sessions: Scene) -> None:
        """Whether the registry did what it was asked or not, in the end there is one signature that is whole."""
        rule = sessions.proxy.fault(fault, condition, times=1)
        made = sessions.sign()
        assert rule.met == 1
        assert _stored(sessions) == {sessions.signature, made}

    @pytest.mark.parametrize("single_post", [None, True])
    @pytest.mark.parametrize("reset", [False, True])
    def test_it_is_not_known_whether_a_single_post_was_heard(
        self, scene: Scene, *, reset: bool, single_post: bool | None
    ) -> None:
        """Where its answer is lost, the blob is sent once more, and in the end there is one signature that is whole."""
        scene.host.single_post = single_post
        rule = scene.proxy.fault(faults.cut_after_acting(reset=reset), faults.is_single_post, times=1)
        made = scene.sign()
        assert rule.met == 1
        assert scene.methods()[:4] == ["GET", "HEAD", "POST", "POST"]
        assert _stored(scene) == {scene.signature, made}

    def test_a_registry_that_keeps_nothing_of_a_single_post(self, scene: Scene) -> None:
        """That a blob has been created is checked once, so that no signature lacks its envelope."""
        rule = scene.proxy.fault(faults.status(201), faults.is_single_post)
        made = scene.sign()
        assert rule.met == 1
        assert scene.methods() == [*SIGNING[:2], "POST", "HEAD", *SIGNING[2:]]
        assert _stored(scene) == {scene.signature, made}

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [(faults.unavailable(), "status 503"), (faults.cut_in_headers(), BROKEN)],
        ids=["503", "cut"],
    )
    def test_sessions_that_break_every_time(self, fault: Fault, reason: str, sessions: Scene) -> None:
        """After some sessions it ends, and no manifest is stored of which the envelope is not there."""
        rule = sessions.proxy.fault(fault, UPLOAD)
        with pytest.raises(NetworkError) as caught:
            sessions.sign()
        assert reason in caught.value.message
        assert sessions.methods() == [*SIGNING[:2], *(["POST", "PUT"] * rule.met)]
        assert rule.met == len(sessions.pauses) + 1 > 1
        assert _stored(sessions) == {sessions.signature}


def _stored(scene: Scene) -> set[str]:
    """The signatures that can be fetched, which must be all that are listed."""
    scene.proxy.clear()
    place = scene.place()
    found = list(place.signatures(place.resolve(scene.digest)))
    return {place.fetch_signature(each).manifest.digest for each in found}
