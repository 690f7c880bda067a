"""Content of blobs: described in one pass, and never as something that it was only for a moment."""

import gzip
import hashlib
import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from notarykit._internal import files
from notarykit._internal.deadline import deadline
from notarykit.blob import content
from notarykit.blob.content import OCTET_STREAM, Blob, FileBlob, StreamBlob, as_blob
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import StorageError, UsageError

LARGE = os.urandom(1024 * 1024) * 3 + b"and a part of a chunk"


@pytest.mark.requirement("signature:payload-blob-digest", "signature:payload-blob-size", "workflow:sign-blob")
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("body", [b"", b"x", LARGE], ids=["empty", "a byte", "several chunks"])
def test_a_file_is_described(algorithm: str, body: bytes, tmp_path: Path) -> None:
    """The descriptor has the file's length, its digest by the algorithm, and the media type."""
    path = tmp_path / "blob"
    path.write_bytes(body)
    blob = FileBlob(path)
    assert blob.describe("text/plain", algorithm) == Descriptor(
        "text/plain", f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}", len(body)
    )
    assert (blob.name, blob.size(), blob.position) == (str(path), len(body), len(body))


def test_a_file_may_be_described_again(tmp_path: Path) -> None:
    """A file is read anew each time, by another algorithm too."""
    (tmp_path / "blob").write_bytes(b"one")
    blob = FileBlob(tmp_path / "blob")
    first = blob.describe(OCTET_STREAM, "sha256")
    (tmp_path / "blob").write_bytes(b"two")
    assert blob.describe(OCTET_STREAM, "sha256") != first
    assert blob.describe(OCTET_STREAM, "sha512").size == 3


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What a symbolic link leads to is the blob."""
    (tmp_path / "blob").write_bytes(b"x")
    (tmp_path / "link").symlink_to("blob")
    assert FileBlob(tmp_path / "link").size() == 1


class _Meddling(io.BufferedReader):
    """A file to which something happens when its first bytes have been read."""

    def __init__(self, path: str, meddle: Any) -> None:
        super().__init__(io.FileIO(path))
        self._meddle = meddle

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        meddle, self._meddle = self._meddle, lambda: None
        meddle()
        return count


def _rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(0, 0))


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


@pytest.mark.requirement("signature:payload-blob-size")
@pytest.mark.parametrize("meddle", [_grow, _rewrite, lambda path: os.truncate(path, 5)], ids=["grown", "same", "cut"])
def test_a_file_that_changes_while_it_is_read(meddle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that grows, shrinks or gets other bytes meanwhile has no descriptor, whatever its times are set to."""
    path = tmp_path / "blob"
    path.write_bytes(LARGE)
    os.utime(path, ns=(0, 0))

    def opened(name: str) -> BinaryIO:
        return _Meddling(name, lambda: meddle(path))

    monkeypatch.setattr(files, "open_regular", opened)
    with pytest.raises(StorageError, match="blob has changed while it was read") as caught:
        FileBlob(path).describe(OCTET_STREAM, "sha256")
    assert caught.value.advice


def test_a_file_that_is_replaced_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file in its place is a change, too: what was read has no name any more."""
    path = tmp_path / "blob"
    path.write_bytes(LARGE)

    def replace() -> None:
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").replace(path)

    def opened(name: str) -> BinaryIO:
        return _Meddling(name, replace)

    monkeypatch.setattr(files, "open_regular", opened)
    with pytest.raises(StorageError, match="has changed"):
        FileBlob(path).describe(OCTET_STREAM, "sha256")


def test_a_file_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that grows as fast as it is read is left when it has become larger than it was."""
    (tmp_path / "file").write_bytes(LARGE)
    monkeypatch.setattr(content, "_read_into", lambda *_: 1024 * 1024)
    blob = FileBlob(tmp_path / "file")
    with pytest.raises(StorageError, match="has changed while it was read"):
        blob.describe(OCTET_STREAM, "sha256")
    assert len(LARGE) < blob.position <= len(LARGE) + 1024 * 1024


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    """Directories, pipes, devices and what is absent are refused at once, with a reason."""
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path, "is not a regular file"),
        (tmp_path / "pipe", "is not a regular file"),
        (Path(os.devnull), "is not a regular file"),
        (tmp_path / "none", "none does not exist"),
        (tmp_path / "none" / "blob", "does not exist"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ):
        with pytest.raises(StorageError, match=reason):
            FileBlob(path).size()
        with pytest.raises(StorageError, match=reason):
            FileBlob(path).describe(OCTET_STREAM, "sha256")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the user may not read, and one whose medium fails, are errors with the system's reason."""
    (tmp_path / "blob").touch()

    def refused(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(StorageError, match="blob cannot be read: Permission denied"):
        FileBlob(tmp_path / "blob").describe(OCTET_STREAM, "sha256")


class _Broken(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise OSError(5, "Input/output error")


def test_a_stream_is_described() -> None:
    """A stream is read from where it is to its end, whatever its pieces are."""
    stream = io.BytesIO(b"before" + LARGE)
    stream.seek(6)
    blob = StreamBlob(stream, "standard input")
    assert blob.size() is None
    found = blob.describe(OCTET_STREAM, "sha384")
    assert (found.size, found.digest) == (len(LARGE), f"sha384:{hashlib.sha384(LARGE).hexdigest()}")
    assert blob.describe("text/plain", "sha384") == found._replace(media_type="text/plain")


def test_a_stream_is_read_once() -> None:
    """By another algorithm a stream cannot be described any more: it would be that of an empty one."""
    blob = StreamBlob(io.BytesIO(b"x"))
    blob.describe(OCTET_STREAM, "sha256")
    with pytest.raises(StorageError, match="the stream was read before"):
        blob.describe(OCTET_STREAM, "sha512")


def test_a_stream_that_was_not_read_to_its_end_is_not_described_again() -> None:
    """What is left of it would be another blob: after an error, and after a limit."""
    broken = StreamBlob(_BreaksOnce())
    with pytest.raises(StorageError, match="cannot be read"):
        broken.describe(OCTET_STREAM, "sha256")
    cut = StreamBlob(io.BytesIO(LARGE))
    assert cut.describe(OCTET_STREAM, "sha256", 5).size > 5
    for blob in (broken, cut):
        with pytest.raises(StorageError, match="the stream was read before"):
            blob.describe(OCTET_STREAM, "sha256")
    whole = StreamBlob(io.BytesIO(b"12345"))
    assert whole.describe(OCTET_STREAM, "sha256", 5) == whole.describe(OCTET_STREAM, "sha256")


class _BreaksOnce(io.BytesIO):
    """A stream whose reading fails once, and goes on with what is left."""

    is_broken = False

    def readinto(self, buffer: Any) -> int:
        if not self.is_broken:
            self.is_broken = True
            raise OSError(5, "Input/output error")
        return super().readinto(buffer)


class _ReadsAlone:
    """A stream that has no `readinto`, as some libraries' responses."""

    def __init__(self, *pieces: Any) -> None:
        self._pieces = list(pieces)

    def read(self, _: int) -> Any:
        return self._pieces.pop(0) if self._pieces else b""


def test_a_stream_that_can_only_read() -> None:
    """Such a stream is read as well, in whichever pieces it comes."""
    for pieces in ((b"ab", b"c"), (bytes(1024 * 1024), b"c")):
        found = as_blob(_ReadsAlone(*pieces)).describe(OCTET_STREAM, "sha256")  # type: ignore[arg-type]
        assert found.digest == f"sha256:{hashlib.sha256(b''.join(pieces)).hexdigest()}"


def test_a_pipe_is_read_to_its_end() -> None:
    """Standard input may be a pipe."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(b"through a pipe")
    with os.fdopen(reading, "rb", buffering=0) as file:
        assert StreamBlob(file).describe(OCTET_STREAM, "sha256").size == len(b"through a pipe")


@pytest.mark.parametrize(
    "stream", [io.StringIO("text"), _ReadsAlone("text"), _ReadsAlone(None), _ReadsAlone(b"x" * 2_000_000)]
)
def test_what_is_no_stream_of_bytes(stream: Any) -> None:
    """Streams of text, those that do not wait and those that give more than was asked for are refused."""
    with pytest.raises(UsageError, match="is no stream of bytes"):
        StreamBlob(stream).describe(OCTET_STREAM, "sha256")


@pytest.mark.parametrize("count", [-1, 1024 * 1024 + 1, "1", None])
def test_a_stream_that_miscounts(count: Any) -> None:
    """A stream that tells a number of bytes that cannot be is none, and what it did not read is not hashed."""
    stream = io.BytesIO(b"x")
    stream.readinto = lambda _: count  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="is no stream of bytes"):
        StreamBlob(stream).describe(OCTET_STREAM, "sha256")


def test_a_stream_that_does_not_wait() -> None:
    """The end of what has come so far is not taken for the end of the stream."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb", buffering=0) as file, pytest.raises(UsageError, match="is no stream of bytes"):
        StreamBlob(file).describe(OCTET_STREAM, "sha256")
    os.close(writing)


def test_a_broken_stream() -> None:
    """An error of the stream is an error with its reason, and no end."""
    with pytest.raises(StorageError, match="the stream cannot be read: Input/output error"):
        StreamBlob(_Broken()).describe(OCTET_STREAM, "sha256")  # type: ignore[arg-type]
    with gzip.open(io.BytesIO(b"text")) as stream, pytest.raises(StorageError, match="cannot be read: Not a gzipped"):
        StreamBlob(stream).describe(OCTET_STREAM, "sha256")  # type: ignore[arg-type]


def test_a_deadline_ends_the_reading() -> None:
    """A stream that gives bytes for ever is left at the call's end."""
    with (
        Path("/dev/zero").open("rb", buffering=0) as endless,
        deadline(0.05),
        pytest.raises(StorageError, match="the call ended before"),
    ):
        StreamBlob(endless).describe(OCTET_STREAM, "sha256")


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many chunks is read into one buffer."""
    asked: list[int] = []

    class Counting(io.FileIO):
        def readinto(self, buffer: Any) -> int:
            asked.append(id(memoryview(buffer).obj))
            return super().readinto(buffer)

    monkeypatch.setattr(content, "_CHUNK", 4096)
    (tmp_path / "blob").write_bytes(b"x" * 100_000)
    with Counting(tmp_path / "blob") as file:
        StreamBlob(file).describe(OCTET_STREAM, "sha256")
    assert len(asked) > 20
    assert len(set(asked)) == 1


def test_what_a_blob_is(tmp_path: Path) -> None:
    """Paths and streams become blobs, blobs stay what they are, and bytes are refused: they could be a path."""

    class Own:
        name = "own"

        def size(self) -> int | None:
            return 0

        def describe(self, media_type: str, algorithm: str, most: int | None = None) -> Descriptor:
            return Descriptor(media_type, f"{algorithm}:", 0)

    own: Blob = Own()
    assert as_blob(own) is own
    assert isinstance(as_blob(tmp_path), FileBlob)
    assert isinstance(as_blob(str(tmp_path)), FileBlob)
    assert isinstance(as_blob(io.BytesIO()), StreamBlob)
    for wrong in (b"bytes", 5, None):
        with pytest.raises(UsageError, match="a blob is a path or a stream of bytes"):
            as_blob(wrong)  # type: ignore[arg-type]
