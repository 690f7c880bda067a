"""Kyverno in a cluster of its own, shared by the session's tests."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.conftest import api_server, images
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.program import policy_files, running
from tests.servers.kyverno import server
from tests.servers.kyverno.build import KYVERNO
from tests.servers.kyverno.scene import RULES, Scene
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import registry_ca, registry_program
from tests.unit.admission.policy.volumes import write_files

__all__ = ["api_server", "images", "registry_ca", "registry_program"]


@pytest.fixture(scope="session")
def kyverno_program() -> str:
    """Path of Kyverno's program."""
    return KYVERNO.build()


@pytest.fixture(scope="session")
def scene(
    api_server: str,
    kyverno_program: str,
    images: Images,
    registry_ca: RegistryCA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """Kyverno without policies, and the program that they ask."""
    files = policy_files(images.trusted, {"namespaces": RULES})
    folder = write_files(tmp_path_factory.mktemp("admission") / "policy", files)
    with contextlib.ExitStack() as stack:
        replica = stack.enter_context(running(folder, registry_ca.server()))
        cluster = stack.enter_context(clusters.running(api_server, registry_ca))
        kyverno = stack.enter_context(server.running(kyverno_program, cluster, registry_ca.ca_file))
        yield Scene(kyverno, f"https://127.0.0.1:{replica.port}", registry_ca.ca_file, images)


@pytest.fixture(autouse=True)
def registry_is_up(images: Images) -> Iterator[None]:
    """Ends each test with a registry that answers."""
    yield
    images.proxy.clear()
