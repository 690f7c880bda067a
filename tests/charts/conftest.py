"""Helm of the session, and what the tests use of other folders."""

import pytest

from tests.charts.helm import HELM, Helm
from tests.servers.registry.conftest import registry_ca, stack

__all__ = ["registry_ca", "stack"]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm with the chart."""
    return Helm(HELM.build(), tmp_path_factory.mktemp("helm"))
