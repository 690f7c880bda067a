"""The registries and the servers around them, each started where a test asks for it and stopped with the test."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.registry import program
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import FaultProxies, ForwardProxies, TokenServers
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import Scene, process_home
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home
from tests.support.requirements import require


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """Yield what stops the servers of a test, the last one first."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def registry_ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """Return the authority behind all servers that speak TLS."""
    return RegistryCA(str(tmp_path_factory.mktemp("registry-ca")))


@pytest.fixture(scope="session")
def registry_program() -> str:
    """Return the program that is all registries of Go libraries."""
    return program.build()


@pytest.fixture
def plain_registry(stack: contextlib.ExitStack, registry_ca: RegistryCA, registry_program: str) -> GoRegistries:
    """Return what starts registries of go-containerregistry."""
    return GoRegistries(stack, registry_ca, registry_program)


@pytest.fixture
def memory_registry(plain_registry: GoRegistries) -> Registry:
    """Return a new registry that does all that OCI 1.1 says about referrers."""
    return plain_registry.memory()


@pytest.fixture
def docker_registry(stack: contextlib.ExitStack, registry_ca: RegistryCA) -> DockerRegistries:
    """Return what starts Debian's docker-registry."""
    require("docker-registry")
    return DockerRegistries(stack, registry_ca)


@pytest.fixture
def token_server(stack: contextlib.ExitStack, registry_ca: RegistryCA) -> TokenServers:
    """Return what starts token servers."""
    return TokenServers(stack, registry_ca)


@pytest.fixture
def fault_proxy(stack: contextlib.ExitStack, registry_ca: RegistryCA) -> FaultProxies:
    """Return what starts servers that do wrong what they are told to."""
    return FaultProxies(stack, registry_ca)


@pytest.fixture
def forward_proxy(stack: contextlib.ExitStack) -> ForwardProxies:
    """Return what starts proxies for the settings of clients."""
    return ForwardProxies(stack)


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """Return the signer's chain."""
    return make_chain()


@pytest.fixture
def home(tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return the settings of this process: a key, whose chain is trusted, and no proxy."""
    return process_home(tmp_path / "home", chain, monkeypatch)


@pytest.fixture
def scene(fault_proxy: FaultProxies, memory_registry: Registry, home: Home) -> Iterator[Scene]:
    """Return a signed artifact behind a server that can do wrong."""
    scene = Scene(memory_registry, fault_proxy(memory_registry), home)
    yield scene
    scene.host.close()
