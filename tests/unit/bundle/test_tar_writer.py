"""Tar files of the writer: what other readers make of them, and that nothing of the machine is in them."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from notarykit.bundle.tar_writer import TarWriter
from notarykit.errors import StorageError
from notarykit.oci.archive import LayoutArchive
from notarykit.oci.tar_header import BLOCK, parse_header
from tests.support.requirements import program

LONG = f"blobs/sha384/{'a' * 96}"
FILES = {"oci-layout": b"{}", "index.json": b"x" * BLOCK, LONG: b"y" * (BLOCK + 1), "empty": b""}


def _written(path: Path) -> Path:
    with open(path, "wb") as file:
        writer = TarWriter(file)
        for name, content in FILES.items():
            writer.add(name, content)
        writer.close()
    return path


def test_readers_agree(tmp_path: Path) -> None:
    """The standard library, GNU tar and the reader of layouts find the same files in it."""
    path = _written(tmp_path / "x.tar")
    with tarfile.open(path, "r:") as archive:
        found = {each.name: archive.extractfile(each) for each in archive.getmembers()}
        assert {name: file.read() for name, file in found.items() if file is not None} == FILES
        assert {(each.mtime, each.uid, each.gid, each.mode, each.uname) for each in archive.getmembers()} == {
            (0, 0, 0, 0o644, "")
        }
    layout = LayoutArchive(str(path))
    assert {name: layout.read(name, 10_000) for name in layout.files} == FILES
    (tmp_path / "out").mkdir()
    subprocess.run([program("tar"), "-xf", path, "-C", tmp_path / "out"], check=True)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in FILES} == FILES


def test_ends_with_a_whole_record(tmp_path: Path) -> None:
    """Its size is a multiple of 10 KiB, as that of other writers' files."""
    assert _written(tmp_path / "x.tar").stat().st_size % (20 * BLOCK) == 0


def test_large_sizes() -> None:
    """A size beyond 8 GiB is written in the form that the reader of layouts and GNU tar know."""
    file = io.BytesIO()
    TarWriter(file).begin("blobs/sha256/x", 2**34)
    header = parse_header(file.getvalue())
    assert header is not None
    assert header.size == 2**34
    assert tarfile.TarInfo.frombuf(file.getvalue(), "ascii", "strict").size == 2**34


def test_names_that_are_too_long() -> None:
    """The name of a blob by SHA-512 does not fit."""
    with pytest.raises(StorageError, match="too long a name"):
        TarWriter(io.BytesIO()).add(f"blobs/sha512/{'a' * 128}", b"")
