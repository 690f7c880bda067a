"""Image layouts in a tar file: read without unpacking, never written."""

import contextlib
import gzip
import io
import tarfile
from pathlib import Path

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ArtifactNotFoundError, ContentError, StorageError
from notarykit.oci import layout as layouts
from notarykit.oci.archive import LayoutArchive
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from tests.unit.oci.layouts import INDEX, JWS, Layout, tar_of


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A layout with an artifact that is tagged v1 and signed."""
    made = Layout(tmp_path / "layout")
    artifact = made.put_artifact(tag="v1")
    made.write_index([artifact, made.put_signature(artifact)])
    return made


def _tar(path: Path, *members: tuple[tarfile.TarInfo | str, bytes], form: int = tarfile.PAX_FORMAT) -> str:
    """A tar file of members, each a name or a whole head, with its content."""
    with tarfile.open(path, "w", format=form) as archive:
        for head, content in members:
            info = tarfile.TarInfo(head) if isinstance(head, str) else head
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return str(path)


def _files(layout: Layout) -> list[tuple[tarfile.TarInfo | str, bytes]]:
    paths = sorted(path for path in layout.folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(layout.folder)), path.read_bytes()) for path in paths]


@pytest.mark.parametrize("prefix", ["", "./"])
@pytest.mark.parametrize("folders", [True, False])
def test_reads_a_layout(prefix: str, folders: bool, layout: Layout, tmp_path: Path) -> None:
    """A layout in a tar file, with or without its folders and a dot before the names, is read like a folder."""
    path = tar_of(layout.folder, tmp_path / "layout.tar", prefix=prefix, folders=folders)
    image, folder = ImageLayout(str(path)), ImageLayout(layout.path)
    artifact = image.resolve(Tag("v1"))
    assert artifact == folder.resolve(Tag("v1"))
    (signature,) = image.signatures(artifact)
    assert image.fetch_signature(signature) == folder.fetch_signature(signature)
    assert image.fetch_signature(signature).envelope == b"envelope"
    with pytest.raises(ArtifactNotFoundError):
        image.resolve(Tag("v2"))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_reads_all_formats_of_tar(form: int, layout: Layout, tmp_path: Path) -> None:
    """The three usual formats of tar are read."""
    assert ImageLayout(_tar(tmp_path / "layout.tar", *_files(layout), form=form)).resolve(Tag("v1"))


def test_refuses_to_write(layout: Layout, tmp_path: Path) -> None:
    """Nothing is pushed into a tar file, which stays as it is."""
    path = tar_of(layout.folder, tmp_path / "layout.tar")
    before = path.read_bytes()
    image = ImageLayout(str(path))
    with pytest.raises(StorageError) as caught:
        image.push_signature(image.resolve(Tag("v1")), JWS, b"new", {})
    assert caught.value.message == f"{path} is a tar file, which can only be read"
    assert caught.value.advice == "extract it into a folder"
    assert path.read_bytes() == before


def test_blobs_are_checked(layout: Layout, tmp_path: Path) -> None:
    """A blob in a tar file that is not what its digest says is refused."""
    digest = layout.index()["manifests"][0]["digest"]
    layout.blob_path(digest).write_bytes(b"tampered")
    image = ImageLayout(str(tar_of(layout.folder, tmp_path / "layout.tar")))
    with pytest.raises(ContentError, match=f"the content of {digest} has another digest or size"):
        image.resolve(Tag("v1"))


def test_sizes_are_limited(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above its limit is refused by its head, before it is read."""
    image = ImageLayout(str(tar_of(layout.folder, tmp_path / "layout.tar")))
    monkeypatch.setattr(layouts, "_LARGEST_INDEX", 10)
    with pytest.raises(StorageError, match=r"layout.tar: index.json is larger than 10 bytes"):
        image.resolve(Tag("v1"))


@pytest.mark.parametrize("content", [b"", b"x", b"{}" * 600])
def test_what_is_no_tar_file(content: bytes, tmp_path: Path) -> None:
    """A file that is no tar file is refused with its name."""
    path = tmp_path / "layout.tar"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"layout.tar is not "):
        ImageLayout(str(path))


def test_a_compressed_archive_is_refused_with_advice(layout: Layout, tmp_path: Path) -> None:
    """A compressed tar file is not decompressed, and the message says what to do."""
    path = tmp_path / "layout.tar.gz"
    path.write_bytes(gzip.compress(tar_of(layout.folder, tmp_path / "layout.tar").read_bytes()))
    with pytest.raises(StorageError, match="is not a tar file of an image layout") as caught:
        ImageLayout(str(path))
    assert caught.value.advice == "if it is compressed, decompress it first"


def test_archives_that_are_cut_off(layout: Layout, tmp_path: Path) -> None:
    """Wherever an archive was cut off, it leads to what is whole in it or to an error of the storage."""
    whole = Path(_tar(tmp_path / "layout.tar", *_files(layout))).read_bytes()
    artifact = ImageLayout(str(tmp_path / "layout.tar")).resolve(Tag("v1"))
    path = tmp_path / "cut.tar"
    found = []
    for keep in range(0, len(whole), 100):
        path.write_bytes(whole[:keep])
        with contextlib.suppress(StorageError):
            found.append(ImageLayout(str(path)).resolve(Tag("v1")))
    assert all(each == artifact for each in found)
    assert len(found) < len(whole) // 100


def test_an_archive_that_vanishes(layout: Layout, tmp_path: Path) -> None:
    """An archive that is taken away after it was opened cannot be read any more."""
    path = tar_of(layout.folder, tmp_path / "layout.tar")
    image = ImageLayout(str(path))
    path.unlink()
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        image.resolve(Tag("v1"))


def test_an_archive_that_is_not_there() -> None:
    """A path that leads to nothing cannot be read."""
    with pytest.raises(StorageError, match=r"^/nothing/here.tar cannot be read: No such file or directory$"):
        LayoutArchive("/nothing/here.tar")


def test_the_sum_of_a_head(layout: Layout, tmp_path: Path) -> None:
    """A head whose own sum is wrong makes the archive unreadable, wherever it stands."""
    path = tar_of(layout.folder, tmp_path / "layout.tar", folders=False)
    whole = path.read_bytes()
    heads = [start for start in range(0, len(whole), 512) if whole[start + 257 : start + 262] == b"ustar"]
    assert len(heads) > 3
    for start in heads:
        changed = bytearray(whole)
        changed[start + 1] ^= 1
        path.write_bytes(changed)
        with pytest.raises(StorageError, match="is not a tar file of an image layout"):
            ImageLayout(str(path))


def test_nested_indexes_in_an_archive(tmp_path: Path) -> None:
    """Indexes inside the index are followed in a tar file as well."""
    layout = Layout(tmp_path / "layout")
    artifact = layout.put_artifact()
    layout.write_index([layout.put_json({"schemaVersion": 2, "manifests": [artifact]}, INDEX)])
    image = ImageLayout(str(tar_of(layout.folder, tmp_path / "layout.tar")))
    found = image.resolve(Digest(artifact["digest"]))
    assert found == Descriptor(artifact["mediaType"], artifact["digest"], artifact["size"])
