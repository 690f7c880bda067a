"""Image layouts, read: what a tag or a digest leads to, and what is no layout."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ArtifactNotFoundError, ContentError, NotarykitWarning, StorageError, UsageError
from notarykit.oci import layout as layouts
from notarykit.oci import manifest as manifests
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from tests.unit.oci.layouts import (
    INDEX,
    MANIFEST,
    REF_NAME,
    SIGNATURE,
    Layout,
    encoded,
    entry,
    sha256,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty layout."""
    return Layout(tmp_path / "layout")


def _descriptor(found: dict[str, Any]) -> Descriptor:
    return Descriptor(found["mediaType"], found["digest"], found["size"])


def _digests(layout: Layout, subject: dict[str, Any]) -> list[str]:
    return [each.digest for each in ImageLayout(layout.path).signatures(_descriptor(subject))]


def test_resolves_a_tag_and_a_digest(layout: Layout) -> None:
    """An artifact is found by its tag and by its digest, and annotations of its entry stay behind."""
    one, two = layout.put_artifact("one", tag="v1", other="x"), layout.put_artifact("two", tag="v2")
    layout.write_index([one, two])
    image = ImageLayout(layout.path)
    assert image.resolve(Tag("v1")) == image.resolve(Digest(one["digest"])) == _descriptor(one)
    assert image.resolve(Tag("v2")) == image.resolve(Digest(two["digest"])) == _descriptor(two)


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
    assert ImageLayout(layout.path).resolve(Tag(tag)) == _descriptor(artifact)


def test_tag_with_the_form_of_a_digest_is_no_digest(layout: Layout) -> None:
    """A digest leads to the content that it is of, and a tag to its entry, whatever the text of the tag."""
    one = layout.put_artifact("one")
    two = layout.put_artifact("two", tag=one["digest"])
    layout.write_index([two, one])
    assert ImageLayout(layout.path).resolve(Digest(one["digest"])) == _descriptor(one)
    assert ImageLayout(layout.path).resolve(Tag(one["digest"])) == _descriptor(two)


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


def test_nested_indexes(layout: Layout) -> None:
    """Artifacts in an index inside the index are found by digest, and so is that index; tags are the outer one's."""
    inner = layout.put_artifact("inner", tag="inner")
    nested = layout.put_json({"schemaVersion": 2, "manifests": [inner]}, INDEX, tag="multi")
    layout.write_index([nested])
    image = ImageLayout(layout.path)
    assert image.resolve(Tag("multi")) == _descriptor(nested)
    assert image.resolve(Digest(inner["digest"])) == _descriptor(inner)
    with pytest.raises(ArtifactNotFoundError):
        image.resolve(Tag("inner"))


def test_signatures_in_nested_indexes(layout: Layout) -> None:
    """Signatures in an index inside the index count, each once, in the order of the indexes."""
    artifact = layout.put_artifact()
    one, two = (layout.put_signature(artifact, envelope) for envelope in (b"one", b"two"))
    nested = layout.put_json({"schemaVersion": 2, "manifests": [one, two]}, INDEX)
    layout.write_index([artifact, two, nested, one])
    assert _digests(layout, artifact) == [two["digest"], one["digest"]]


@pytest.mark.parametrize(("depth", "is_read"), [(8, True), (9, False)])
def test_the_depth_of_indexes(depth: int, is_read: bool, layout: Layout) -> None:
    """Indexes are followed eight deep, and a layout with deeper ones is refused."""
    artifact = found = layout.put_artifact()
    for level in range(depth):
        found = layout.put_json({"schemaVersion": 2, "manifests": [found], "level": level}, INDEX)
    layout.write_index([found])
    if is_read:
        assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == _descriptor(artifact)
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
    assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == _descriptor(artifact)
    layout.write_index([damaged, artifact])
    with pytest.warns(NotarykitWarning) as caught:
        assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == _descriptor(artifact)
    message = f"{layout.path}: the content of {damaged['digest']} has another digest or size; it is left aside"
    assert [str(each.message) for each in caught] == [message]


def test_indexes_that_name_each_other_again_and_again(layout: Layout) -> None:
    """An index that many entries lead to is read once: doubling at each level costs nothing."""
    artifact = found = layout.put_artifact()
    for _ in range(8):
        found = layout.put_json({"schemaVersion": 2, "manifests": [found] * 50}, INDEX)
    layout.write_index([found] * 50)
    assert ImageLayout(layout.path).resolve(Digest(artifact["digest"])) == _descriptor(artifact)
    assert _digests(layout, artifact) == []


@pytest.mark.parametrize("manifest_list", ["application/vnd.docker.distribution.manifest.list.v2+json", INDEX])
def test_malformed_nested_indexes(manifest_list: str, layout: Layout) -> None:
    """A nested index that is malformed makes the layout unreadable, with its digest in the message."""
    nested = layout.put_json({"manifests": {}}, manifest_list)
    layout.write_index([nested])
    with pytest.raises(
        StorageError, match=f"index {nested['digest']} is malformed: index: 'manifests' must be an array"
    ):
        ImageLayout(layout.path).resolve(Digest("sha256:" + "0" * 64))


def test_tampered_blobs(layout: Layout) -> None:
    """An artifact, a signature's manifest or an envelope that was changed is refused, of the same length or not."""
    artifact = layout.put_artifact(tag="v1")
    signature = layout.put_signature(artifact)
    layout.write_index([artifact, signature])
    image = ImageLayout(layout.path)
    manifest = _descriptor(signature)
    for digest, use in (
        (artifact["digest"], lambda: image.resolve(Tag("v1"))),
        (artifact["digest"], lambda: image.resolve(Digest(artifact["digest"]))),
        (signature["digest"], lambda: image.fetch_signature(manifest)),
        (sha256(b"envelope"), lambda: image.fetch_signature(manifest)),
    ):
        path = layout.blob_path(digest)
        content = path.read_bytes()
        for changed in (content[:-1], b" " + content[1:], b"", content + b" "):
            path.write_bytes(changed)
            with pytest.raises(ContentError) as caught:
                use()
            assert caught.value.message == f"{layout.path}: the content of {digest} has another digest or size"
            assert caught.value.exit_code == 1
        path.write_bytes(content)
        use()


def test_absent_blobs(layout: Layout) -> None:
    """What the index names and the layout does not hold is missed by its digest."""
    artifact = layout.put_artifact(tag="v1")
    layout.write_index([artifact])
    layout.blob_path(artifact["digest"]).unlink()
    with pytest.raises(StorageError, match=f"does not hold the blob {artifact['digest']}"):
        ImageLayout(layout.path).resolve(Tag("v1"))


@pytest.mark.parametrize(("size", "is_read"), [(0, True), (1, False)])
def test_the_limit_of_envelopes(size: int, is_read: bool, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """An envelope above the limit is refused by its descriptor, before it is read."""
    monkeypatch.setattr(layouts, "LARGEST_ENVELOPE", 8)
    artifact = layout.put_artifact()
    signature = layout.put_signature(artifact, b"envelope" + bytes(size))
    if is_read:
        assert ImageLayout(layout.path).fetch_signature(_descriptor(signature)).envelope == b"envelope"
        return
    layout.blob_path(sha256(b"envelope" + bytes(size))).unlink()
    with pytest.raises(StorageError, match="has 9 bytes, more than the 8 that are read"):
        ImageLayout(layout.path).fetch_signature(_descriptor(signature))


def test_the_limit_of_manifests(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """An artifact above the limit of manifests is refused, and a signature above it is none."""
    artifact = layout.put_artifact(tag="v1")
    signature = layout.put_signature(artifact)
    layout.write_index([artifact, signature])
    monkeypatch.setattr(manifests, "LARGEST_MANIFEST", signature["size"] - 1)
    assert _digests(layout, artifact) == []
    monkeypatch.setattr(manifests, "LARGEST_MANIFEST", artifact["size"] - 1)
    with pytest.raises(StorageError, match="more than the"):
        ImageLayout(layout.path).resolve(Tag("v1"))


def test_the_limit_of_the_index(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index above the limit is refused."""
    layout.write_index([layout.put_artifact(tag="v1")])
    monkeypatch.setattr(layouts, "_LARGEST_INDEX", 100)
    with pytest.raises(StorageError, match=r"index.json is larger than 100 bytes"):
        ImageLayout(layout.path).resolve(Tag("v1"))


def test_null_is_absent(layout: Layout) -> None:
    """What an entry does not have may be null, as programs in Go write it."""
    artifact = layout.put_artifact(tag="v1")
    null = {"annotations": None, "artifactType": None, "platform": None, "urls": None, "data": None}
    layout.write_index([artifact, {**null, **layout.put_signature(artifact)}], annotations=None, subject=None)
    assert len(_digests(layout, artifact)) == 1


@pytest.mark.parametrize("content", ['{"schemaVersion":2,"manifests":null}', '{"schemaVersion":2,"manifests":[]}'])
def test_empty_indexes(content: str, layout: Layout) -> None:
    """An empty index, which some tools write as null, has nothing in it."""
    layout.write_raw_index(content.encode())
    with pytest.raises(ArtifactNotFoundError):
        ImageLayout(layout.path).resolve(Tag("v1"))
    assert list(ImageLayout(layout.path).signatures(_descriptor(entry(b"")))) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"[]", "index must be an object, not an array"),
        (b"{}", "index has no member 'manifests'"),
        (b'{"manifests":{}}', "index: 'manifests' must be an array, not an object"),
        (b'{"manifests":["x"]}', "manifest 1 must be an object, not a string"),
        (b'{"manifests":[],"manifests":[]}', "member 'manifests' occurs twice"),
        (encoded({"manifests": [entry(b"a"), {**entry(b"b"), "digest": "sha256:../x"}]}), "manifest 2: digest"),
        (encoded({"manifests": [{**entry(b"a"), "annotations": {REF_NAME: 1}}]}), "manifest 1: 'annotations'"),
    ],
)
def test_malformed_indexes(content: bytes, message: str, layout: Layout) -> None:
    """A malformed index is refused with the entry and the member at fault."""
    layout.write_raw_index(content)
    with pytest.raises(StorageError) as caught:
        ImageLayout(layout.path).resolve(Tag("v1"))
    assert caught.value.message.startswith(f"{layout.path}: index.json is malformed: ")
    assert message in caught.value.message


def test_an_absent_index(layout: Layout) -> None:
    """A layout without its index is missed for that."""
    (layout.folder / "index.json").unlink()
    with pytest.raises(StorageError, match=r"layout has no index.json"):
        ImageLayout(layout.path).resolve(Tag("v1"))


def test_no_layout(tmp_path: Path) -> None:
    """A folder that is no layout, and a path that leads to nothing, are refused at once."""
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(StorageError) as caught:
            ImageLayout(str(path))
        assert caught.value.message == f"{path} is not an OCI image layout: it has no file oci-layout"
        assert caught.value.advice == "check the path"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"imageLayoutVersion":"1.1.0"}', "is an image layout of a version other than 1.0.0"),
        ('{"imageLayoutVersion":1}', "oci-layout: 'imageLayoutVersion' must be a string, not an integer"),
        ("{}", "oci-layout has no member 'imageLayoutVersion'"),
        ("x", "not JSON"),
        (" " * 5000, "oci-layout is larger than 4096 bytes"),
    ],
)
def test_malformed_layouts(content: str, message: str, layout: Layout) -> None:
    """A layout of another version, or one that does not say which, is refused."""
    (layout.folder / "oci-layout").write_text(content)
    with pytest.raises(StorageError) as caught:
        ImageLayout(layout.path)
    assert layout.path in caught.value.message
    assert message in caught.value.message


def test_the_signature_type_is_the_specifications(layout: Layout) -> None:
    """The artifact type that makes a manifest a signature is compared letter by letter."""
    artifact = layout.put_artifact()
    layout.write_index([artifact, layout.put_signature(artifact, config={"mediaType": SIGNATURE.upper()})])
    assert _digests(layout, artifact) == []
