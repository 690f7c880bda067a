"""A cluster and a registry, each started where a test needs it and stopped with the test."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.dask.cluster import Cluster, started_cluster
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.servers.registry.running import Registry


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler and two workers."""
    with started_cluster(tmp_path, 2) as running:
        yield running


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[GoRegistries]:
    """What starts registries."""
    with ExitStack() as stack:
        yield GoRegistries(stack, RegistryCA(str(tmp_path)), build())


@pytest.fixture
def memory_registry(registries: GoRegistries) -> Registry:
    """A registry in memory."""
    return registries.memory()
