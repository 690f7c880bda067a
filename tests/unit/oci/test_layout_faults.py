"""Image layouts: damaged, absent, oversized and malformed files."""

from pathlib import Path

import pytest

from notarykit.errors import ArtifactNotFoundError, ContentError, StorageError
from notarykit.oci import layout as layouts
from notarykit.oci import manifest as manifests
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from tests.unit.oci.layouts import (
    REF_NAME,
    SIGNATURE,
    Layout,
    descriptor_of,
    digests_of,
    encoded,
    entry,
    sha256,
)


def test_tampered_blobs(layout: Layout) -> None:
    """An artifact, a signature's manifest or an envelope that was changed is refused, of the same length or not."""
    artifact = layout.put_artifact(tag="v1")
    signature = layout.put_signature(artifact)
    layout.write_index([artifact, signature])
    image = ImageLayout(layout.path)
    manifest = descriptor_of(signature)
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


def test_media_type_other_than_listed_is_refused(layout: Layout) -> None:
    """A manifest that names another media type than the index is refused; content that is no JSON names none."""
    artifact = {**layout.put_artifact(), "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    foreign = layout.put_json("x")
    layout.write_index([artifact, foreign])
    with pytest.raises(ContentError, match="another media type than the index"):
        ImageLayout(layout.path).resolve(Digest(artifact["digest"]))
    assert ImageLayout(layout.path).resolve(Digest(foreign["digest"])) == descriptor_of(foreign)


def test_absent_blobs(layout: Layout) -> None:
    """What the index names and the layout does not hold is missed by its digest."""
    artifact = layout.put_artifact(tag="v1")
    layout.write_index([artifact])
    layout.blob_path(artifact["digest"]).unlink()
    with pytest.raises(StorageError, match=f"does not hold the manifest {artifact['digest']}"):
        ImageLayout(layout.path).resolve(Tag("v1"))


@pytest.mark.parametrize(("size", "is_read"), [(0, True), (1, False)])
def test_the_limit_of_envelopes(size: int, is_read: bool, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """An envelope above the limit is refused by its descriptor, before it is read."""
    monkeypatch.setattr(layouts, "LARGEST_ENVELOPE", 8)
    artifact = layout.put_artifact()
    signature = layout.put_signature(artifact, b"envelope" + bytes(size))
    if is_read:
        assert ImageLayout(layout.path).fetch_signature(descriptor_of(signature)).envelope == b"envelope"
        return
    layout.blob_path(sha256(b"envelope" + bytes(size))).unlink()
    with pytest.raises(StorageError, match="has 9 bytes, more than the 8 that are read"):
        ImageLayout(layout.path).fetch_signature(descriptor_of(signature))


def test_the_limit_of_manifests(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """An artifact above the limit of manifests is refused, and a signature above it is none."""
    artifact = layout.put_artifact(tag="v1")
    signature = layout.put_signature(artifact)
    layout.write_index([artifact, signature])
    monkeypatch.setattr(manifests, "LARGEST_MANIFEST", signature["size"] - 1)
    assert digests_of(layout, artifact) == []
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
    assert len(digests_of(layout, artifact)) == 1


@pytest.mark.parametrize("content", ['{"schemaVersion":2,"manifests":null}', '{"schemaVersion":2,"manifests":[]}'])
def test_empty_indexes(content: str, layout: Layout) -> None:
    """An empty index, which some tools write as null, has nothing in it."""
    layout.write_raw_index(content.encode())
    with pytest.raises(ArtifactNotFoundError):
        ImageLayout(layout.path).resolve(Tag("v1"))
    assert list(ImageLayout(layout.path).signatures(descriptor_of(entry(b"")))) == []


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
    assert digests_of(layout, artifact) == []
