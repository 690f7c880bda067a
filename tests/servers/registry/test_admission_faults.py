"""The admission program at a registry that lies: nothing is accepted by that, and the truth counts soon afterwards."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.registry import faults
from tests.servers.registry.admission import Program, Setting
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import Exchange, FaultProxy
from tests.servers.registry.faults import at
from tests.servers.registry.running import Registry
from tests.support.polling import poll
from tests.support.registries import push_artifacts

_NAME = "team/app"
_SECONDS = 10
_ARTIFACT, _LIST, _ENVELOPE = "/manifests/", "/referrers/", "/blobs/"
_LIES = {
    "other content": (_ARTIFACT, faults.corrupted()),
    "more content": (_ARTIFACT, faults.lengthened()),
    "content without an end": (_ARTIFACT, faults.endless()),
    "malformed list": (_LIST, faults.corrupted()),
    "list without an end": (_LIST, faults.endless()),
    "pages without an end": (_LIST, faults.endless_pages()),
    "compressed list": (_LIST, faults.gzip_bomb(1 << 28)),
    "other envelope": (_ENVELOPE, faults.corrupted()),
    "part of an envelope": (_ENVELOPE, faults.shortened()),
    "envelope without an end": (_ENVELOPE, faults.endless()),
}


class _Scene:
    """A registry, a server in front of it that lies, and the program.

    Attributes:
        proxy: The server.
        program: The program.
    """

    def __init__(self, setting: Setting, registry: Registry, proxy: FaultProxy) -> None:
        self._setting, self._registry = setting, registry
        self.proxy = proxy
        self.program: Program = setting.run("--plain-http", proxy.host)

    def signed(self, name: str = _NAME) -> str:
        """Pushes an image and signs it."""
        return self._at_proxy(self._setting.push(self._registry, name=name))

    def unsigned(self) -> str:
        """Pushes an image that nobody has signed."""
        (digest,) = push_artifacts(self._registry.address, _NAME, ["unsigned"])
        return self._at_proxy(f"{self._registry.address}/{_NAME}@{digest}")

    def _at_proxy(self, reference: str) -> str:
        return f"{self.proxy.host}/{reference.partition('/')[2]}"


@pytest.fixture
def scene(
    memory_registry: Registry, fault_proxy: FaultProxies, registry_ca: RegistryCA, tmp_path: Path
) -> Iterator[_Scene]:
    """The scene of a test."""
    with contextlib.ExitStack() as programs:
        yield _Scene(Setting(programs, registry_ca, tmp_path), memory_registry, fault_proxy(memory_registry))


def test_what_is_not_what_was_asked_for(scene: _Scene) -> None:
    """Content of another digest, and lists and bodies without an end, are no signature; the answer comes in time."""
    images = {lie: scene.signed(f"lie/{number}") for number, lie in enumerate(_LIES)}
    for number, (place, fault) in enumerate(_LIES.values()):
        scene.proxy.fault(fault, at(f"lie/{number}{place}"))
    for lie, image in images.items():
        begun = time.monotonic()
        found = scene.program.verify(image, f"?timeout={_SECONDS}s")
        assert time.monotonic() - begun < _SECONDS, lie
        assert found["verdict"] == "failed", lie
    scene.proxy.clear()
    poll(lambda: all(scene.program.accepts(image) for image in images.values()), 30)


def test_signature_of_another_image(scene: _Scene) -> None:
    """A list with the signature of another image makes none of it."""
    signed, unsigned = scene.signed(), scene.unsigned()

    def lie(exchange: Exchange) -> None:
        exchange.reply(exchange.forwarded(f"/v2/{_NAME}{_LIST}{signed.partition('@')[2]}"))

    scene.proxy.fault(lie, at(_LIST))
    assert scene.program.accepts(signed)
    found = scene.program.verify(unsigned)
    assert found["verdict"] == "failed"
    (signature,) = found["notAccepted"]
    assert signature["error"]["message"].startswith(f"integrity: the signature is for {signed.partition('@')[2]} ")


def test_digest_that_is_said_of_a_tag(scene: _Scene) -> None:
    """A registry that says of a tag another image's digest is not believed: the digest of what it sends counts."""
    signed, unsigned = scene.signed(), scene.unsigned()
    tag = f"{unsigned.partition('@')[0]}:unsigned"
    assert not scene.program.accepts(tag)
    scene.proxy.fault(faults.header("Docker-Content-Digest", signed.partition("@")[2]), at(f"{_ARTIFACT}unsigned$"))
    found = scene.program.verify(tag)
    assert found["verdict"] == "failed"
    assert found["error"]["message"].endswith(unsigned.partition("@")[2])
