"""Gatekeeper with our manifests in a cluster of its own, shared by the session's tests."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from tests.servers.gatekeeper import server
from tests.servers.gatekeeper.build import GATEKEEPER
from tests.servers.gatekeeper.scene import RULES, Door, Scene, manifests, providers
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.conftest import api_server, images
from tests.servers.kubernetes.images import Images
from tests.servers.kubernetes.objects import pod
from tests.servers.kubernetes.program import further_policy, policy_files, running
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import registry_ca, registry_program
from tests.unit.admission.policy.volumes import write_files

__all__ = ["api_server", "images", "registry_ca", "registry_program"]


@pytest.fixture(scope="session")
def gatekeeper_program() -> str:
    """Path of Gatekeeper's program."""
    return GATEKEEPER.build()


@pytest.fixture(scope="session")
def gatekeeper_ca(tmp_path_factory: pytest.TempPathFactory) -> RegistryCA:
    """CA of Gatekeeper's certificate."""
    return RegistryCA(str(tmp_path_factory.mktemp("gatekeeper-ca")), "Gatekeeper CA")


@pytest.fixture(scope="session")
def scene(
    api_server: str,
    gatekeeper_program: str,
    gatekeeper_ca: RegistryCA,
    images: Images,
    registry_ca: RegistryCA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """Gatekeeper that asks the program, as our manifests have it."""
    files = policy_files(images.trusted, {"namespaces": RULES}) | further_policy("elsewhere", images.stranger)
    folder = write_files(tmp_path_factory.mktemp("admission") / "policy", files)
    with contextlib.ExitStack() as stack:
        guarded = ("--client-ca", gatekeeper_ca.ca_file)
        replica = stack.enter_context(running(folder, registry_ca.server(), *guarded))
        cluster = stack.enter_context(clusters.running(api_server, registry_ca))
        gatekeeper = stack.enter_context(server.running(gatekeeper_program, cluster, gatekeeper_ca))
        tag = images.signed.by_tag
        older, tagged = (
            cluster.api.done(cluster.api.create(made))
            for made in (
                pod("default", images.unsigned.by_digest, init=[images.signed.by_digest]),
                pod("default", tag, init=[tag], volumes=[tag]),
            )
        )
        door = Door(replica.port, registry_ca.ca_file)
        scene = Scene(gatekeeper, door, images, older, tagged)
        for name in RULES:
            scene.make_namespace(name)
        for made in (*providers(door), *manifests("template.yaml"), *manifests("constraint.yaml")):
            gatekeeper.apply(made)
        yield scene


@pytest.fixture(autouse=True)
def registry_is_up(images: Images) -> Iterator[None]:
    """Ends each test with a registry that answers."""
    yield
    images.proxy.clear()


@pytest.fixture
def silent() -> Iterator[str]:
    """Address of a registry that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"localhost:{listening.getsockname()[1]}"
