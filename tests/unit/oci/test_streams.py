"""Blobs of layouts that pass through piece by piece, checked by digest and size."""

from pathlib import Path

import pytest

from notarykit.envelope.descriptor import Descriptor, StreamCheck, digest_of
from notarykit.errors import ContentError, StorageError
from notarykit.oci.archive import LayoutArchive
from notarykit.oci.layout import ImageLayout
from tests.unit.oci.layouts import Layout, tar_of

CONTENT = bytes(range(256)) * 10_000
BLOB = Descriptor("text/plain", digest_of(CONTENT), len(CONTENT))


@pytest.fixture(params=["folder", "archive"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> ImageLayout:
    """A layout with one large blob, in a folder or a tar file."""
    made = Layout(tmp_path / "layout")
    made.write_index([])
    made.blob_path(made.put(CONTENT)).write_bytes(CONTENT)
    return ImageLayout(made.path if request.param == "folder" else str(tar_of(made.folder, tmp_path / "layout.tar")))


def test_passes_through(image: ImageLayout) -> None:
    """A blob comes in pieces of at most a mebibyte."""
    pieces: list[bytes] = []
    image.stream_blob(BLOB, pieces.append)
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= 2**20


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1, 0])
def test_another_size_is_refused(image: ImageLayout, size: int) -> None:
    """Content that is shorter or longer than its descriptor says is refused, and its end is held back."""
    pieces: list[bytes] = []
    with pytest.raises(ContentError, match="has another digest or size"):
        image.stream_blob(BLOB._replace(size=size), pieces.append)
    assert sum(map(len, pieces)) < len(CONTENT)


def test_another_digest_is_refused(tmp_path: Path) -> None:
    """Content that is changed in its first byte is refused before its last piece is passed on."""
    made = Layout(tmp_path / "layout")
    made.write_index([])
    made.blob_path(made.put(CONTENT)).write_bytes(b"x" + CONTENT[1:])
    for path in (made.path, str(tar_of(made.folder, tmp_path / "layout.tar"))):
        pieces: list[bytes] = []
        with pytest.raises(ContentError, match="has another digest or size"):
            ImageLayout(path).stream_blob(BLOB, pieces.append)
        assert sum(map(len, pieces)) < len(CONTENT)


def test_absent_blob(image: ImageLayout) -> None:
    """A blob that is not there is an error of storage."""
    with pytest.raises(StorageError, match="does not hold the blob"):
        image.stream_blob(Descriptor("text/plain", digest_of(b"absent"), 6), print)


def test_files_of_an_archive(tmp_path: Path) -> None:
    """An archive lists its files with their sizes."""
    made = Layout(tmp_path / "layout")
    made.write_index([])
    archive = LayoutArchive(str(tar_of(made.folder, tmp_path / "layout.tar")))
    assert {name: len(b"".join(archive.pieces(name))) for name in archive.files} == dict(archive.files)
    with pytest.raises(FileNotFoundError):
        next(archive.pieces("absent"))


@pytest.mark.parametrize("pieces", [[], [b"ab"], [b"abc", b"d"], [b"abd"], [b"abc" * 100]])
def test_check_of_a_stream(pieces: list[bytes]) -> None:
    """A stream that is shorter, longer or other than the descriptor is found out, and no more than its size passes."""
    passed: list[bytes] = []
    check = StreamCheck(Descriptor("", digest_of(b"abc"), 3), passed.append)
    for piece in pieces:
        check.add(piece)
    assert not check.end()
    assert len(b"".join(passed)) <= 3


def test_check_of_a_stream_that_is_right() -> None:
    """The same content passes, however it is cut."""
    for pieces in ([b"abc"], [b"a", b"", b"bc"], [b"a", b"b", b"c"]):
        passed: list[bytes] = []
        check = StreamCheck(Descriptor("", digest_of(b"abc"), 3), passed.append)
        for piece in pieces:
            check.add(piece)
        assert check.end()
        assert b"".join(passed) == b"abc"
