"""Inventory of a registry: what is listed below image indexes."""

import pytest

from notarykit.audit import repository_walk
from notarykit.audit.inventory_item import InventoryItem
from notarykit.oci.manifest import IMAGE_INDEX
from tests.unit.audit.hostile import HostileRegistry
from tests.unit.audit.inventories import Walk, names, unknown

_SUBJECT = {"mediaType": IMAGE_INDEX, "digest": f"sha256:{5:064x}", "size": 5}


def test_manifests_below_an_index_are_listed(registry: HostileRegistry, walk: Walk) -> None:
    """Each comes once, with its platform and the first index that lists it, nested indexes included."""
    registry.add_repository("a")
    amd64, arm64, both = (registry.add("a", config={"mediaType": f"x/{number}"}) for number in range(3))
    nested = registry.add_index("a", "", {**both, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}})
    first = registry.add_index(
        "a", "v1", {**amd64, "platform": {"os": "linux", "architecture": "amd64"}}, {**arm64}, nested
    )
    registry.add_index("a", "v2", {**amd64, "platform": {"os": "windows", "architecture": "amd64"}})
    items = walk()
    assert not unknown(items)
    found = {item.digest: (item.platform, item.parent, item.tags) for item in items}
    assert len(found) == len(items) == 6
    assert found[amd64["digest"]] == ("linux/amd64", first["digest"], ())
    assert found[arm64["digest"]] == ("", first["digest"], ())
    assert found[both["digest"]] == ("linux/arm/v7", nested["digest"], ())
    assert found[nested["digest"]] == ("", first["digest"], ())
    assert [item.tags for item in items[:2]] == [("v1",), ("v2",)]


def test_tagged_manifest_below_an_index_keeps_its_tag(registry: HostileRegistry, walk: Walk) -> None:
    """What has a tag and is listed by an index is one artifact with both."""
    registry.add_repository("a")
    child = registry.add("a", "amd64")
    index = registry.add_index("a", "v1", {**child, "platform": {"os": "linux", "architecture": "amd64"}})
    first, _ = walk()
    assert (first.tags, first.parent, first.platform) == (("amd64",), index["digest"], "linux/amd64")


def test_manifests_below_the_indexes_of_a_repository_are_limited(
    registry: HostileRegistry, walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of indexes that list ever more manifests, the first are read; that the others are not is a record."""
    monkeypatch.setattr(repository_walk, "_MOST_MEMBERS", 3)
    registry.add_repository("a")
    images = [registry.add("a", number=number) for number in range(4)]
    registry.add_index("a", "v1", *images[:3])
    registry.add_index("a", "v2", *images)
    registry.add_index("a", "v3", *images[:2])
    items = walk()
    (record,) = unknown(items)
    assert "the manifests below index" in record.reason
    assert record.reason.endswith("3 below others of the repository are listed")
    below = [item.digest for item in items if isinstance(item, InventoryItem) and item.parent]
    assert below == [image["digest"] for image in images[:3]]


def test_manifests_below_indexes_can_be_left_out(registry: HostileRegistry, walk: Walk) -> None:
    """Without recursion the index alone is listed."""
    registry.add_repository("a")
    registry.add_index("a", "v1", registry.add("a"))
    assert names(walk(recursive=False)) == [("a", ("v1",))]


def test_absent_entry_of_an_index_is_no_artifact(registry: HostileRegistry, walk: Walk) -> None:
    """An index need not be complete in its repository."""
    registry.add_repository("a")
    registry.add_index("a", "v1", {**_SUBJECT, "mediaType": "application/vnd.oci.image.manifest.v1+json"}, _SUBJECT)
    items = walk()
    assert names(items) == [("a", ("v1",))]
    assert unknown(items) == []


def test_malformed_index_is_listed_itself(registry: HostileRegistry, walk: Walk) -> None:
    """What is below it is unknown, and the index is audited all the same."""
    registry.add_repository("a")
    index = registry.add("a", "v1", IMAGE_INDEX, manifests=[1])
    items = walk()
    assert names(items) == [("a", ("v1",))]
    (record,) = unknown(items)
    assert record.reason.startswith(f"the manifests below index {index['digest']} are unknown: ")
