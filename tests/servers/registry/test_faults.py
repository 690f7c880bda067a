"""Faults between the client and a registry: those that pass are lived through, and the others end in one line."""

import socket

import pytest

from notarykit.errors import ContentError, NetworkError, NotarykitError, StorageError
from notarykit.net.budget import Budget
from tests.servers.registry import faults
from tests.servers.registry.fault_proxy import Fault
from tests.servers.registry.scenes import BROKEN, NAME, PASSING, PLACES, Scene, error_of, run
from tests.support.homes import Home

TRIES = 5


class TestReading:
    """Faults on the way to an artifact and its signature."""

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
    def test_a_fault_that_passes(self, fault: Fault, place: str, scene: Scene) -> None:
        """What is met once costs one more request, wherever it is met, and the artifact is verified."""
        scene.proxy.fault(fault, scene.at(place), times=1)
        found = scene.verify()
        assert found.signature is not None
        assert (found.signature.digest, found.failures) == (scene.signature, ())
        assert scene.requests() == [
            f"GET {scene.target(each)}" for each in PLACES for _ in range(2 if each == place else 1)
        ]

    @pytest.mark.parametrize("fault", [faults.too_many_requests("7"), faults.unavailable("7")], ids=["429", "503"])
    def test_the_pause_that_is_asked_for(self, fault: Fault, scene: Scene) -> None:
        """A registry that says how long to wait is obeyed, each time that it says so."""
        scene.proxy.fault(fault, scene.at("list"), times=2)
        scene.verify()
        assert scene.pauses == [7, 7]

    def test_a_pause_that_is_too_long(self, scene: Scene) -> None:
        """A pause that takes longer than the work may is not begun."""
        rule = scene.proxy.fault(faults.too_many_requests("86400"), scene.at("artifact"))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert isinstance(error, NetworkError)
        assert "(Retry-After: 86400)" in error.message
        assert (rule.met, scene.pauses) == (1, [])

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            ("429", "status 429 (TOOMANYREQUESTS)"),
            ("503", "status 503"),
            ("cut", BROKEN),
            ("reset", BROKEN),
            ("cut in head", BROKEN),
            ("cut behind head", BROKEN),
            ("cut in body", BROKEN),
            ("reset in body", BROKEN),
        ],
    )
    def test_a_fault_that_stays(self, kind: str, reason: str, scene: Scene) -> None:
        """After some tries with pauses between them it ends, and what the server wrote is not repeated."""
        rule = scene.proxy.fault(PASSING[kind], scene.at("artifact"))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert isinstance(error, NetworkError)
        assert reason in error.message
        assert "slow down" not in error.message
        assert "html" not in error.message
        assert (rule.met, len(scene.pauses)) == (TRIES, TRIES - 1)
        assert scene.requests() == [f"GET {scene.target('artifact')}"] * TRIES

    @pytest.mark.parametrize("place", ["artifact", "signature", "envelope"])
    @pytest.mark.parametrize(
        "fault",
        [faults.corrupted(), faults.shortened(), faults.lengthened()],
        ids=["another digest", "too short", "too long"],
    )
    def test_content_that_is_not_its_digest(self, fault: Fault, place: str, scene: Scene) -> None:
        """What was asked for by a digest and has another is refused, and not asked for again."""
        rule = scene.proxy.fault(fault, scene.at(place))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert isinstance(error, ContentError)
        assert "has another digest or size" in error.message
        assert scene.target(place).rpartition("/")[2] in error.message
        assert (rule.met, scene.pauses) == (1, [])

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (faults.claimed_length(1 << 40), f"the response has {1 << 40} bytes, more than the limit of "),
            (faults.endless(), "the response exceeds the limit of "),
            (faults.gzipped(), "the response is compressed, which was not requested"),
            (faults.gzip_bomb(), "the response is compressed, which was not requested"),
        ],
        ids=["claimed", "endless", "gzip", "bomb"],
    )
    def test_answers_without_measure(self, fault: Fault, reason: str, place: str, scene: Scene) -> None:
        """What would be too large is refused before it is read or unpacked, and not asked for again."""
        rule = scene.proxy.fault(fault, scene.at(place))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert isinstance(error, NetworkError)
        assert reason in error.message
        assert (rule.met, scene.pauses) == (1, [])

    @pytest.mark.parametrize("fault", [faults.corrupted(), faults.shortened()], ids=["corrupted", "too short"])
    def test_a_list_that_is_none(self, fault: Fault, scene: Scene) -> None:
        """A list that cannot be read is told as that, and is not the same as an empty one."""
        scene.proxy.fault(fault, scene.at("list"))
        with pytest.raises(NotarykitError) as caught:
            scene.verify()
        error = scene.reason(caught.value)
        assert isinstance(error, StorageError)
        assert f"{scene.host.host}: list of referrers is malformed" in error.message

    def test_the_budget_of_bytes(self, scene: Scene) -> None:
        """All answers together may not be larger than what is allowed for one artifact."""
        scene.proxy.fault(faults.lengthened(4096), scene.at("list"))
        with pytest.raises(NotarykitError) as caught:
            scene.verify(Budget(max_bytes=4096))
        error = scene.reason(caught.value)
        assert isinstance(error, NetworkError)
        assert error.message == "the responses for one artifact exceed the size limit"
        assert scene.requests() == [f"GET {scene.target(each)}" for each in ("artifact", "list")]

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("within", [False, True], ids=["silent", "in the middle"])
    def test_the_budget_of_seconds(self, place: str, scene: Scene, *, within: bool) -> None:
        """A server that says nothing, or stops in the middle, is not waited for longer than is allowed."""
        gate = scene.proxy.gate()
        scene.proxy.fault(faults.slow(gate) if within else faults.held(gate), scene.at(place))
        with pytest.raises(NotarykitError) as caught:
            scene.verify(Budget(seconds=0.4))
        error = scene.reason(caught.value)
        assert isinstance(error, NetworkError)
        assert error.message == "no response within the time limit of 0.4 seconds"
        assert "--timeout" in error.advice
        assert gate.reached.is_set()


class TestCommands:
    """What a user sees, from a process."""

    @pytest.mark.parametrize("command", ["verify", "sign", "list", "inspect"])
    def test_a_registry_that_is_not_there(self, command: str, home: Home) -> None:
        """One line that names the address, and the exit code of storage; no command tries for ever."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # it does not listen
            host = f"localhost:{nobody.getsockname()[1]}"
            done = run(home, command, f"{host}/{NAME}@sha256:{'0' * 64}")
        line = error_of(done, 3)
        assert f"http://{host}/v2/{NAME}/" in line
        assert line.endswith("connection refused: check the address and the network")
        assert done.stdout == ""

    def test_the_only_envelope_is_corrupted(self, scene: Scene) -> None:
        """An artifact whose only signature is not what it should be is not verified, which has a code of its own."""
        scene.proxy.fault(faults.corrupted(), scene.at("envelope"))
        done = run(scene.home, "verify", f"{scene.host.host}/{NAME}@{scene.digest}")
        line = error_of(done, 1)
        assert f"signature verification failed for {scene.host.host}/{NAME}@{scene.digest} under " in line
        assert f"the content of {scene.envelope} has another digest or size (signature {scene.signature})" in line
        assert done.stdout == ""

    def test_the_time_is_over(self, scene: Scene) -> None:
        """The user's own limit of time ends the work, and the line says how to allow more."""
        gate = scene.proxy.gate()
        scene.proxy.fault(faults.held(gate), scene.at("list"))
        done = run(scene.home, "verify", "--timeout", "1s", f"{scene.host.host}/{NAME}@{scene.digest}")
        assert error_of(done, 3).endswith(
            "no response within the time limit of 1 seconds: try again, or allow more with --timeout"
        )
