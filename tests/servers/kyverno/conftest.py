"""Kyverno in a cluster of its own, shared by the session's tests."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.conftest import api_server
from tests.servers.kyverno import server
from tests.servers.kyverno.build import KYVERNO
from tests.servers.kyverno.scene import RULES, Scene
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import registry_ca, registry_program
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.program import GoRegistries
from tests.support import admission
from tests.support.admission import Images, policy_files
from tests.support.ca import make_chain

__all__ = ["api_server", "registry_ca", "registry_program"]


@pytest.fixture(scope="session")
def kyverno_program() -> str:
    """Path of Kyverno's program."""
    return KYVERNO.build()


@pytest.fixture(scope="session")
def scene(
    api_server: str,
    kyverno_program: str,
    registry_ca: RegistryCA,
    registry_program: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """Kyverno without policies, and the program that they ask."""
    chain = make_chain()
    with contextlib.ExitStack() as stack:
        registry = GoRegistries(stack, registry_ca, registry_program).memory()
        proxy = stack.enter_context(FaultProxy(registry.address))
        folder: Path = tmp_path_factory.mktemp("policy")
        program = stack.enter_context(admission.running(folder, policy_files(chain, RULES), registry_ca))
        cluster = stack.enter_context(clusters.running(api_server, registry_ca))
        kyverno = stack.enter_context(server.running(kyverno_program, cluster, registry_ca.ca_file))
        yield Scene(kyverno, program, Images(registry, proxy.host, chain), chain, proxy)


@pytest.fixture(autouse=True)
def registry_is_up(scene: Scene) -> Iterator[None]:
    """Ends each test with a registry that answers."""
    yield
    scene.registry.clear()
