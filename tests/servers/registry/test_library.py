"""The library's front door with registries: the user's own settings, connections that end, and work that does."""

import asyncio
import re
import threading
import time
from pathlib import Path

import pytest

import notarykit
from notarykit.errors import AccessError, NetworkError, UsageError
from notarykit.oci.reference import Tag
from notarykit.oci.registry.auth import Credentials
from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import NAME, without_proxies
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import push_artifacts

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference.md"


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """Return the signer's chain."""
    return make_chain()


@pytest.fixture
def home(tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return the settings of this process: a key, whose chain is trusted, and neither proxy nor credentials."""
    for name in [*without_proxies(), "NOTATION_USERNAME", "NOTATION_PASSWORD"]:
        monkeypatch.delenv(name, raising=False)
    home = complete_home(tmp_path / "home", chain)
    for name, value in (("HOME", tmp_path), ("NOTATION_CONFIG", home.folder), ("DOCKER_CONFIG", tmp_path / "docker")):
        monkeypatch.setenv(name, str(value))
    return home


@pytest.fixture
def closed_registry(plain_registry: GoRegistries) -> Registry:
    """Return a registry that lets nobody in but those who know its password."""
    return plain_registry(basic=CREDENTIALS)


@pytest.fixture
def silent(memory_registry: Registry, fault_proxy: FaultProxies) -> tuple[FaultProxy, str]:
    """Return a server that never answers, and the reference of an artifact behind it."""
    (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
    proxy = fault_proxy(memory_registry)
    proxy.fault(faults.held(proxy.gate()))
    return proxy, f"{proxy.host}/{NAME}@{digest}"


def test_sign_and_verify(home: Home, memory_registry: Registry) -> None:
    """A reference is enough: what is signed is stored in the registry and accepted from there, by digest and by tag."""
    (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
    made = notarykit.sign(f"{memory_registry.host}/{NAME}@{digest}")
    for end in (f"@{digest}", ":v1"):
        found = notarykit.verify(f"{memory_registry.host}/{NAME}{end}")
        assert isinstance(found.verdict, notarykit.Verified)
        assert found.signature is not None
        assert found.signature.digest == made.manifest.digest


def test_registries_are_shared_and_closed(home: Home, memory_registry: Registry) -> None:
    """One set of registries serves several calls over its connections, which are closed at the end of `with`."""
    references = [
        f"{memory_registry.host}/{NAME}@{digest}" for digest in push_artifacts(memory_registry.address, NAME, "abc")
    ]
    with notarykit.load_registries() as registries:
        for each in references:
            notarykit.sign(each, registries=registries)
            notarykit.verify(each, registries=registries)
        host = registries.host(memory_registry.host)
        assert host is registries.host(memory_registry.host)
        kept = [connection for found in host._client._pool._idle.values() for connection in found]
        sockets = [connection.socket for connection in kept]
        assert sockets
    assert all(each.fileno() == -1 for each in sockets)


def test_the_users_credentials(home: Home, closed_registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials come from the environment, as on the command line; without any the call is refused."""
    push = push_artifacts(closed_registry.address, NAME, ["v1"], authorization=CREDENTIALS.basic)
    reference = f"{closed_registry.host}/{NAME}@{push[0]}"
    with pytest.raises(AccessError):
        notarykit.sign(reference)
    monkeypatch.setenv("NOTATION_USERNAME", CREDENTIALS.name)
    monkeypatch.setenv("NOTATION_PASSWORD", CREDENTIALS.password)
    notarykit.sign(reference)
    assert isinstance(notarykit.verify(reference).verdict, notarykit.Verified)


def test_credentials_without_a_registrys_name_go_to_one(
    home: Home, closed_registry: Registry, fault_proxy: FaultProxies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment has for one registry is not shown to a second one that asks for it too."""
    push = push_artifacts(closed_registry.address, NAME, ["v1"], authorization=CREDENTIALS.basic)
    other = fault_proxy()
    other.fault(faults.status(401, b"{}", **{"WWW-Authenticate": 'Basic realm="other"'}))
    monkeypatch.setenv("NOTATION_USERNAME", CREDENTIALS.name)
    monkeypatch.setenv("NOTATION_PASSWORD", CREDENTIALS.password)
    with notarykit.load_registries() as registries:
        notarykit.sign(f"{closed_registry.host}/{NAME}@{push[0]}", registries=registries)
        with pytest.raises(UsageError, match="the given credentials are for"):
            notarykit.verify(f"{other.host}/{NAME}@{push[0]}", registries=registries)
    assert other.seen
    assert all(seen.authorization is None for seen in other.seen)


def test_credentials_of_the_programs_own(
    home: Home, closed_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that a program has itself take the place of the user's, and all other settings stay."""
    monkeypatch.setenv("NOTATION_USERNAME", CREDENTIALS.name)
    monkeypatch.setenv("NOTATION_PASSWORD", "another")
    push = push_artifacts(closed_registry.address, NAME, ["v1"], authorization=CREDENTIALS.basic)
    asked: list[str] = []

    def credentials(repository: str) -> Credentials:
        asked.append(repository)
        return Credentials(*CREDENTIALS)

    with notarykit.load_registries(credentials=credentials) as registries:
        notarykit.sign(f"{closed_registry.host}/{NAME}@{push[0]}", registries=registries)
    assert set(asked) == {f"{closed_registry.host}/{NAME}"}


def test_registries_of_the_programs_own(home: Home, closed_registry: Registry) -> None:
    """Settings that a program makes itself take the place of the user's."""
    push = push_artifacts(closed_registry.address, NAME, ["v1"], authorization=CREDENTIALS.basic)
    settings = notarykit.RegistrySettings(credentials=lambda _: Credentials(*CREDENTIALS))
    with notarykit.Registries(settings) as registries:
        notarykit.sign(f"{closed_registry.host}/{NAME}@{push[0]}", registries=registries)


def test_a_host_is_closed_at_the_end_of_with(home: Home, memory_registry: Registry) -> None:
    """One registry by itself is used with `with` too."""
    (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
    with notarykit.RegistryHost(memory_registry.host) as host:
        place = notarykit.RegistryRepository(host, NAME, budget=notarykit.Budget(seconds=30))
        assert place.resolve(Tag("v1")).digest == digest
        (kept,) = [connection for found in host._client._pool._idle.values() for connection in found]
        socket = kept.socket
    assert socket.fileno() == -1


def test_the_end_of_the_time_is_the_end_of_the_work(home: Home, silent: tuple[FaultProxy, str]) -> None:
    """A registry that does not answer holds a call up no longer than the caller says, and leaves no thread behind."""
    started = time.monotonic()
    with pytest.raises(NetworkError, match="no response before the deadline of the call"):
        notarykit.verify(silent[1], timeout=0.5)
    with pytest.raises(NetworkError, match="no response before the deadline of the call"):
        notarykit.sign(silent[1], timeout=0.5)
    assert time.monotonic() - started < 10
    for each in threading.enumerate():
        if each.name == "notarykit":
            each.join(5)
            assert not each.is_alive()


def test_an_end_without_a_thread(home: Home, silent: tuple[FaultProxy, str]) -> None:
    """A deadline ends all calls in its context together, in the caller's own thread."""
    started = time.monotonic()
    with notarykit.deadline(0.5):
        for call in (notarykit.resolve, notarykit.verify, notarykit.sign):
            with pytest.raises(NetworkError, match="before the deadline of the call"):
                call(silent[1])
            assert all(each.name != "notarykit" for each in threading.enumerate())
    assert 0.5 <= time.monotonic() - started < 10


def test_an_async_program(home: Home, silent: tuple[FaultProxy, str]) -> None:
    """A task that is cancelled leaves a thread that ends with its own time, and not with the registry's two minutes."""
    ended = threading.Event()

    def work() -> None:
        try:
            notarykit.verify(silent[1], timeout=1.0)
        except NetworkError:
            ended.set()

    async def program() -> None:
        async with asyncio.timeout(0.2):
            await asyncio.to_thread(work)

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(program())
    assert ended.wait(20)
    assert time.monotonic() - started < 20


def test_several_at_once_are_under_the_callers_end(home: Home, silent: tuple[FaultProxy, str]) -> None:
    """The end of a call counts in the threads that verify several artifacts too."""
    reference = notarykit.parse_reference(silent[1])
    with notarykit.load_registries() as registries, notarykit.deadline(0.5):
        artifact = notarykit.ArtifactRequest(lambda: registries.open(reference), reference.identifier, reference.scope)
        found = notarykit.load_verifier().artifacts([artifact, artifact])
    for each in found:
        assert isinstance(each, NetworkError)
        assert "no response before the deadline of the call" in each.message


def test_the_examples_of_the_reference_run(home: Home, memory_registry: Registry) -> None:
    """Every Python block of the reference runs, with the user's settings and an artifact in a registry."""
    (digest,) = push_artifacts(memory_registry.address, "hello", ["v1"])
    reference = f"{memory_registry.host}/hello@{digest}"
    names: dict[str, object] = {"reference": reference, "references": [reference]}
    blocks = re.findall(r"^```python\n(.*?)^```", REFERENCE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 6
    for block in blocks:
        exec(compile(block, "reference.md", "exec"), names)
