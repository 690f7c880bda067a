"""Gatekeeper with our manifests in a cluster of its own, shared by the session's tests."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.gatekeeper import server
from tests.servers.gatekeeper.build import GATEKEEPER
from tests.servers.gatekeeper.scene import RULES, Scene, manifests, providers
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.conftest import api_server
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import registry_ca, registry_program
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.program import GoRegistries
from tests.support import admission
from tests.support.admission import Images, pod, policy_files
from tests.support.ca import TestChain, make_chain

__all__ = ["api_server", "registry_ca", "registry_program"]


@pytest.fixture(scope="session")
def gatekeeper_program() -> str:
    """Path of Gatekeeper's program."""
    return GATEKEEPER.build()


@pytest.fixture(scope="session")
def gatekeeper_ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """CA of Gatekeeper's certificate."""
    return RegistryCA(str(tmp_path_factory.mktemp("gatekeeper-ca")), "Gatekeeper CA")


@pytest.fixture(scope="session")
def stranger() -> TestChain:
    """Chain that is trusted in the namespace `elsewhere` alone."""
    return make_chain()


@pytest.fixture(scope="session")
def scene(
    api_server: str,
    gatekeeper_program: str,
    gatekeeper_ca: RegistryCA,
    stranger: TestChain,
    registry_ca: RegistryCA,
    registry_program: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """Gatekeeper that asks the program, as our manifests have it."""
    chain = make_chain()
    with contextlib.ExitStack() as stack:
        registry = GoRegistries(stack, registry_ca, registry_program).memory()
        proxy = stack.enter_context(FaultProxy(registry.address))
        files = policy_files(chain, RULES, {"elsewhere.json": stranger})
        folder: Path = tmp_path_factory.mktemp("policy")
        guarded = ("--client-ca", gatekeeper_ca.ca_file)
        program = stack.enter_context(admission.running(folder, files, registry_ca, *guarded))
        cluster = stack.enter_context(clusters.running(api_server, registry_ca))
        gatekeeper = stack.enter_context(server.running(gatekeeper_program, cluster, gatekeeper_ca))
        for name in RULES["namespaces"]:
            cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        images = Images(registry, proxy.host, chain)
        older = cluster.api.done(cluster.api.create(pod(images.unsigned().pinned, init=[images.signed().pinned])))
        tag = images.signed().tagged
        tagged = cluster.api.done(cluster.api.create(pod(tag, init=[tag], volumes=[tag])))
        provided = providers(program)
        for made in (*provided, *manifests("template.yaml"), *manifests("constraint.yaml")):
            gatekeeper.apply(made)
        yield Scene(gatekeeper, program, images, proxy, older, tagged)


@pytest.fixture(autouse=True)
def registry_is_up(scene: Scene) -> Iterator[None]:
    """Begins and ends each test with a registry that answers."""
    yield
    scene.registry.clear()


@pytest.fixture
def silent() -> Iterator[str]:
    """Address of a registry that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"localhost:{listening.getsockname()[1]}"
