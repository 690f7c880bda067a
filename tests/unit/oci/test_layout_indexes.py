"""Image layouts: nested indexes."""

import pytest

from notarykit.errors import ArtifactNotFoundError, ContentError, NotarykitWarning, StorageError
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from tests.unit.oci.layouts import (
    INDEX,
    Layout,
    descriptor_of,
    digests_of,
    encoded,
    entry,
    sha256,
)


def test_nested_indexes(layout: Layout) -> None:
    """Artifacts in an index inside the index are found by digest, and so is that index; tags are the outer one's."""
    inner = layout.put_artifact("inner", tag="inner")
    nested = layout.put_json({"schemaVersion": 2, "manifests": [inner]}, INDEX, tag="multi")
    layout.write_index([nested])
    image = ImageLayout(layout.path)
    assert image.resolve(Tag("multi")) == descriptor_of(nested)
    assert image.resolve(Digest(inner["digest"])) == descriptor_of(inner)
    with pytest.raises(ArtifactNotFoundError):
        image.resolve(Tag("inner"))


def test_signatures_in_nested_indexes(layout: Layout) -> None:
    """Signatures in an index inside the index count, each once, in the order of the indexes."""
    artifact = layout.put_artifact()
    one, two = (layout.put_signature(artifact, envelope) for envelope in (b"one", b"two"))
    nested = layout.put_json({"schemaVersion": 2, "manifests": [one, two]}, INDEX)
    layout.write_index([artifact, two, nested, one])
    assert digests_of(layout, artifact) == [two["digest"], one["digest"]]


@pytest.mark.parametrize(("depth", "is_read"), [(8, True), (9, False)])
def test_the_depth_of_indexes(depth: int, is_read: bool, layout: Layout) -> None:
    """Indexes are followed eight deep, and a layout with deeper ones is refused."""
    artifact = found = layout.put_artifact()
    for level in range(depth):
        found = layout.put_json({"schemaVersion": 2, "manifests": [found], "level": level}, INDEX)
    layout.write_index([found])
    if is_read:
        assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == descriptor_of(artifact)
        return
    with pytest.raises(StorageError, match="indexes are nested more than 8 deep"):
        ImageLayout(layout.path).resolve(Digest(artifact["digest"]))


def test_an_index_that_names_itself(layout: Layout) -> None:
    """A forged index that leads to itself is not what its digest says, and is left aside with a warning."""
    digest = sha256(b"")
    loop = encoded({"schemaVersion": 2, "manifests": [{"mediaType": INDEX, "digest": digest, "size": 0}]})
    layout.blob_path(digest).write_bytes(loop)
    layout.write_index([{"mediaType": INDEX, "digest": digest, "size": len(loop)}])
    with (
        pytest.warns(NotarykitWarning, match=f"the content of {digest} has another digest or size; it is left aside"),
        pytest.raises(ContentError, match="has another digest or size"),
    ):
        ImageLayout(layout.path).resolve(Digest(digest))


def test_nested_indexes_that_are_not_there(layout: Layout) -> None:
    """A layout need not hold all that its indexes name: a missing index is left aside, a damaged one with a warning."""
    artifact = layout.put_artifact()
    damaged = layout.put_json({"schemaVersion": 2, "manifests": []}, INDEX)
    layout.blob_path(damaged["digest"]).write_bytes(b"{}")
    layout.write_index([entry(b"absent", INDEX), artifact])
    assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == descriptor_of(artifact)
    layout.write_index([damaged, artifact])
    with pytest.warns(NotarykitWarning) as caught:
        assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == descriptor_of(artifact)
    message = f"{layout.path}: the content of {damaged['digest']} has another digest or size; it is left aside"
    assert [str(each.message) for each in caught] == [message]


def test_indexes_that_name_each_other_again_and_again(layout: Layout) -> None:
    """An index that many entries lead to is read once: doubling at each level costs nothing."""
    artifact = found = layout.put_artifact()
    for _ in range(8):
        found = layout.put_json({"schemaVersion": 2, "manifests": [found] * 50}, INDEX)
    layout.write_index([found] * 50)
    assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == descriptor_of(artifact)
    assert digests_of(layout, artifact) == []


@pytest.mark.parametrize("manifest_list", ["application/vnd.docker.distribution.manifest.list.v2+json", INDEX])
def test_malformed_nested_indexes(manifest_list: str, layout: Layout) -> None:
    """A nested index that is malformed makes the layout unreadable, with its digest in the message."""
    nested = layout.put_json({"manifests": {}}, manifest_list)
    layout.write_index([nested])
    with pytest.raises(
        StorageError, match=f"index {nested['digest']} is malformed: index: 'manifests' must be an array"
    ):
        ImageLayout(layout.path).resolve(Digest("sha256:" + "0" * 64))
