"""A registry for the tests of audits, and no proxies between it and them."""

import os
from collections.abc import Iterator

import pytest

from tests.unit.audit.hostile import HostileRegistry


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("notarykit.net.retry._FIRST_PAUSE", 0.0)


@pytest.fixture
def registry() -> Iterator[HostileRegistry]:
    """Yields a registry that has nothing."""
    with HostileRegistry() as registry:
        yield registry
