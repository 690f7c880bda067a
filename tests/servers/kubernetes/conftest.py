"""A cluster of the module's tests, and what they use of other folders."""

from collections.abc import Iterator

import pytest

from tests.charts.conftest import helm
from tests.servers.kubernetes import cluster as clusters
from tests.servers.kubernetes.build import API_SERVER
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.conftest import fault_proxy, registry_ca, registry_program, stack
from tests.support.requirements import require

__all__ = ["fault_proxy", "helm", "registry_ca", "registry_program", "stack"]


@pytest.fixture(scope="session")
def api_server() -> str:
    """Path of the API server's program."""
    require("etcd-server", "util-linux")
    return API_SERVER.build()


@pytest.fixture(scope="session")
def cluster(api_server: str, registry_ca: RegistryCA) -> Iterator[Cluster]:
    """Cluster shared by all tests of the session, each with its own namespaces."""
    with clusters.running(api_server, registry_ca) as running:
        yield running
