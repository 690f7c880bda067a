"""A registry for the tests of audits, and no proxies between it and them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notarykit.audit.inventory import InventoryOptions, list_artifacts
from notarykit.audit.selection import parse_selection
from notarykit.batch.ordered import NOTHING_YET
from notarykit.oci.registry.registries import Registries
from tests.unit.audit.hostile import HostileRegistry
from tests.unit.audit.inventories import Walk


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


@pytest.fixture
def walk(registry: HostileRegistry) -> Walk:
    """Returns what lists the artifacts of a path of the registry, all by default."""

    def listed(path: str = "", *, is_repository: bool = False, **options: Any) -> list[Any]:
        selection = parse_selection(f"{registry.host}{path}", is_repository=is_repository)
        with Registries() as registries:
            items = list_artifacts(registries, [selection], InventoryOptions(**options))
            return [item for item in items if item is not NOTHING_YET]

    return listed


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Returns the file of an audit, which has an old one."""
    path = tmp_path / "audit.jsonl"
    path.write_text("old")
    return str(path)
