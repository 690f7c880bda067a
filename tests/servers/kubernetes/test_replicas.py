"""Replicas that come and go, and certificates that are exchanged, while pods arrive."""

import contextlib
import os
import signal
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.servers.kubernetes.api import Answer
from tests.servers.kubernetes.load import Load, loaded
from tests.servers.kubernetes.objects import pod
from tests.servers.kubernetes.program import Replica, policy_files, running
from tests.servers.kubernetes.scene import Scene
from tests.servers.kubernetes.service import Service
from tests.servers.registry.certificates import KeyPair
from tests.support.polling import poll
from tests.unit.admission.policy.volumes import Volume, write_files

_ENOUGH, _FEW = 40, 10
_DRAIN_SECONDS = "1"


@pytest.fixture
def start(scene: Scene, stack: contextlib.ExitStack, tmp_path: Path) -> Callable[[], Replica]:
    """Starts replicas of one program, which end with the test."""
    policies = write_files(tmp_path / "policy", policy_files(scene.images.trusted))
    pair = scene.ca.server()
    return lambda: stack.enter_context(running(policies, pair, "--drain", _DRAIN_SECONDS))


def _creator(scene: Scene, namespace: str) -> Callable[[Sequence[str]], Answer]:
    return lambda images: scene.api.create(pod(namespace, *images), dry_run=True)


def _pods(scene: Scene) -> list[tuple[str, ...]]:
    return [(scene.images.signed.by_digest,), (scene.images.unsigned.by_digest,), (scene.images.foreign.by_digest,)]


def _wrong(load: Load, scene: Scene) -> list[str]:
    """Returns the answers of a load that are not what the images deserve."""
    good = (scene.images.signed.by_digest,)
    return [
        f"{review.images}: {review.answer.status} {review.answer.message}"
        for review in load.reviews
        if review.answer.status != (201 if review.images == good else 403)
    ]


def test_replaced_replica_loses_no_review(scene: Scene, start: Callable[[], Replica]) -> None:
    """A replica is ended and another one started in its place: each review is answered, and as it must be."""
    old, stays = start(), start()
    with Service(old.port, stays.port) as service:
        namespace = scene.ask(service.port)
        with loaded(_creator(scene, namespace), _pods(scene)) as load:
            load.wait_for(_ENOUGH)
            new = start()
            os.kill(old.pid, signal.SIGTERM)
            load.wait_for(_FEW)  # as in Kubernetes, it is asked for a while until everybody knows of its end
            service.endpoints = (new.port, stays.port)
            poll(lambda: _is_over(old))
            load.wait_for(_ENOUGH)
    assert _wrong(load, scene) == []


def _is_over(replica: Replica) -> bool:
    return "State:\tZ" in Path(f"/proc/{replica.pid}/status").read_text()


def test_killed_replica_admits_nothing(scene: Scene, start: Callable[[], Replica]) -> None:
    """A replica that is killed costs what it was asked at that moment: that is denied, and the other goes on."""
    first, second = start(), start()
    with Service(first.port, second.port) as service:
        namespace = scene.ask(service.port)
        with loaded(_creator(scene, namespace), _pods(scene)) as load:
            load.wait_for(_ENOUGH)
            os.kill(first.pid, signal.SIGKILL)
            poll(lambda: _is_over(first))
            load.wait_for(_ENOUGH)
    wrong = _wrong(load, scene)
    assert all(": 500 Internal error occurred: failed calling webhook" in each for each in wrong)
    assert len(wrong) <= 4  # the requests that were under way
    assert {review.answer.status for review in load.reviews if review.images == _pods(scene)[0]} >= {201}


def test_certificate_is_exchanged_without_a_lost_review(
    scene: Scene, stack: contextlib.ExitStack, tmp_path: Path
) -> None:
    """The certificate is exchanged as cert-manager does it in a mounted Secret: each review is answered."""
    policies = write_files(tmp_path / "policy", policy_files(scene.images.trusted))
    secret = Volume(tmp_path / "tls")
    first, second = scene.ca.server(), scene.ca.server()
    secret.write(_secret(first))
    pair = KeyPair(str(secret.folder / "tls.crt"), str(secret.folder / "tls.key"))
    replica = stack.enter_context(running(policies, pair))
    namespace = scene.ask(replica.port)
    with loaded(_creator(scene, namespace), _pods(scene)) as load:
        load.wait_for(_ENOUGH)
        assert _shown(replica.port) == Path(first.certificate).read_text()
        secret.write(_secret(second))
        poll(lambda: _shown(replica.port) == Path(second.certificate).read_text())
        load.wait_for(_ENOUGH)
        another = scene.ask(replica.port)  # by a new connection
        assert scene.run(another, scene.images.signed.by_digest).status == 201
    assert _wrong(load, scene) == []


def _secret(pair: KeyPair) -> dict[str, bytes]:
    return {"tls.crt": Path(pair.certificate).read_bytes(), "tls.key": Path(pair.key).read_bytes()}


def _shown(port: int) -> str:
    return ssl.get_server_certificate(("127.0.0.1", port))
