"""Inventories of a registry in tests."""

from collections.abc import Callable
from typing import Any

from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict

Walk = Callable[..., list[Any]]


def names(items: list[Any]) -> list[tuple[str, tuple[str, ...]]]:
    """The repository and tags of each artifact."""
    return [(item.repository, item.tags) for item in items if isinstance(item, InventoryItem)]


def unknown(items: list[Any]) -> list[ArtifactRecord]:
    """The records of what cannot be read."""
    records = [item for item in items if isinstance(item, ArtifactRecord)]
    assert all(record.verdict is ArtifactVerdict.UNKNOWN for record in records)
    return records
