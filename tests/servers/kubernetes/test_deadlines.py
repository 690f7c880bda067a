"""Deadlines in a real cluster: the API server says how long it waits, and has an answer before that."""

from tests.servers.kubernetes.images import at
from tests.servers.kubernetes.scene import Scene
from tests.servers.registry import faults
from tests.support.polling import poll

_TIMEOUT = 2


def test_slow_registry_is_a_denial_in_time(scene: Scene) -> None:
    """What a registry takes too long for is denied before the API server gives up, and found by the next try."""
    namespace = scene.ask(scene.port, timeout=_TIMEOUT)
    image = scene.images.push_signed()
    gate = scene.images.proxy.gate()
    scene.images.proxy.fault(faults.held(gate), at(image))
    asked = set()
    for _ in range(2):
        answer = scene.run(namespace, image.by_digest)
        assert (answer.status, answer.body["reason"]) == (403, "Forbidden")
        assert answer.message.endswith(
            f"denied the request: container 'c0': {image.by_digest}: "
            "no decision within 1.6 seconds; the examination goes on: try again"
        )
        assert answer.seconds < _TIMEOUT
        asked.add(len(scene.images.requests(image)))
    assert len(asked) == 1  # the second one joined the examination that the first had begun
    gate.opened.set()
    poll(lambda: scene.run(namespace, image.by_digest).status == 201)


def test_slow_registry_keeps_nobody_else_waiting(scene: Scene) -> None:
    """Pods of other images are decided while an examination waits."""
    namespace = scene.ask(scene.port, timeout=_TIMEOUT)
    slow, quick = scene.images.push_signed(), scene.images.push_signed()
    gate = scene.images.proxy.gate()
    scene.images.proxy.fault(faults.held(gate), at(slow))
    assert scene.run(namespace, slow.by_digest).status == 403
    asked = len(scene.images.requests(slow))
    assert scene.run(namespace, quick.by_digest).status == 201
    assert len(scene.images.requests(slow)) == asked  # its examination waits on
    gate.opened.set()


def test_registry_that_is_down_is_denied(scene: Scene, judged: str) -> None:
    """A registry that ends all connections is a denial in time that says so."""
    image = scene.images.push_signed()
    scene.images.proxy.fault(faults.cut_before_headers(), at(image))
    answer = scene.run(judged, image.by_digest)
    assert answer.status == 403
    assert f"container 'c0': {image.by_digest}: " in answer.message
    assert answer.message.endswith("check the address and the network")
