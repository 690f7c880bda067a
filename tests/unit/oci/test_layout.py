"""Image layouts: resolution of tags and digests."""

import hashlib

import pytest

from notarykit.errors import ArtifactNotFoundError, ContentError, StorageError, UsageError
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from tests.unit.oci.layouts import (
    MANIFEST,
    REF_NAME,
    Layout,
    descriptor_of,
    encoded,
)


def test_resolves_a_tag_and_a_digest(layout: Layout) -> None:
    """An artifact is found by its tag and by its digest, and annotations of its entry stay behind."""
    one, two = layout.put_artifact("one", tag="v1", other="x"), layout.put_artifact("two", tag="v2")
    layout.write_index([one, two])
    image = ImageLayout(layout.path)
    assert image.resolve(Tag("v1")) == image.resolve(Digest(one["digest"])) == descriptor_of(one)
    assert image.resolve(Tag("v2")) == image.resolve(Digest(two["digest"])) == descriptor_of(two)


def test_resolves_what_other_algorithms_name(layout: Layout) -> None:
    """A digest of SHA-512 is resolved and checked."""
    content = encoded({"mediaType": MANIFEST})
    digest = Digest(f"sha512:{hashlib.sha512(content).hexdigest()}")
    layout.blob_path(digest).parent.mkdir()
    layout.blob_path(digest).write_bytes(content)
    layout.write_index([{"mediaType": MANIFEST, "digest": digest, "size": len(content)}])
    assert ImageLayout(layout.path).resolve(digest).digest == digest
    layout.blob_path(digest).write_bytes(content.replace(b"v1", b"v2"))
    with pytest.raises(ContentError):
        ImageLayout(layout.path).resolve(Digest(digest))


@pytest.mark.parametrize(
    "name",
    [*map(Tag, ("v2", "V1", "", "v1 ", "sha256:" + "0" * 64, "sha256:v1", ":")), Digest("sha256:" + "0" * 64)],
)
def test_what_is_not_there(name: Tag | Digest, layout: Layout) -> None:
    """A tag or a digest that no entry has leads to nothing."""
    layout.write_index([layout.put_artifact(tag="v1")])
    with pytest.raises(ArtifactNotFoundError) as caught:
        ImageLayout(layout.path).resolve(name)
    assert caught.value.message == f"{layout.path} has no artifact {name!r}"
    assert caught.value.advice == f"look at the digests and at '{REF_NAME}' in its index.json"
    assert caught.value.exit_code == 3


def test_a_blob_that_no_index_names_is_not_found(layout: Layout) -> None:
    """An artifact is what the index names; a blob alone is none."""
    with pytest.raises(ArtifactNotFoundError):
        ImageLayout(layout.path).resolve(Digest(layout.put_artifact()["digest"]))


@pytest.mark.parametrize("tag", ["docker.io/library/hello:v1", "localhost:5000/a", "a@b", "sha256:abc", "sha1:00", ":"])
def test_tags_that_look_like_references(tag: str, layout: Layout) -> None:
    """A tag may hold colons and slashes, as containers' tools write whole references."""
    artifact = layout.put_artifact("one", tag=tag)
    layout.write_index([artifact, layout.put_artifact("two", tag="v1")])
    assert ImageLayout(layout.path).resolve(Tag(tag)) == descriptor_of(artifact)


def test_tag_with_the_form_of_a_digest_is_no_digest(layout: Layout) -> None:
    """A digest leads to the content that it is of, and a tag to its entry, whatever the text of the tag."""
    one = layout.put_artifact("one")
    two = layout.put_artifact("two", tag=one["digest"])
    layout.write_index([two, one])
    assert ImageLayout(layout.path).resolve(Digest(one["digest"])) == descriptor_of(one)
    assert ImageLayout(layout.path).resolve(Tag(one["digest"])) == descriptor_of(two)


def test_text_that_is_neither_tag_nor_digest_is_refused(layout: Layout) -> None:
    """A plain text is not guessed apart."""
    layout.write_index([layout.put_artifact("one", tag="v1")])
    with pytest.raises(UsageError, match="'v1' is neither a Tag nor a Digest"):
        ImageLayout(layout.path).resolve("v1")  # type: ignore[arg-type]


def test_an_ambiguous_tag(layout: Layout) -> None:
    """A tag of two artifacts names neither of them, and one artifact may have it twice."""
    one, two = layout.put_artifact("one", tag="v1"), layout.put_artifact("two", tag="v1")
    layout.write_index([one, one])
    assert ImageLayout(layout.path).resolve(Tag("v1")).digest == one["digest"]
    layout.write_index([one, two])
    with pytest.raises(StorageError, match="has several artifacts with the tag 'v1'") as caught:
        ImageLayout(layout.path).resolve(Tag("v1"))
    assert caught.value.advice == "name a digest"
    assert ImageLayout(layout.path).resolve(Digest(two["digest"])).digest == two["digest"]


def test_index_that_changes_is_read_again(layout: Layout) -> None:
    """An artifact that another program adds, or takes away, is found, or missed, by a layout that is open."""
    image = ImageLayout(layout.path)
    first = layout.put_artifact("first", tag="v1")
    layout.write_index([first])
    assert image.resolve(Tag("v1")).digest == first["digest"]
    second = layout.put_artifact("second", tag="v2")
    layout.write_index([second])
    assert image.resolve(Tag("v2")).digest == second["digest"]
    with pytest.raises(ArtifactNotFoundError):
        image.resolve(Tag("v1"))
