"""Archives of plugins that are damaged, cut off or ambiguous."""

import gzip
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.errors import StorageError
from tests.support.archives import tar_entry, write_tar, write_zip
from tests.unit.plugin.install.unpacking import FILE, PLUGIN, refusal_of, unpacked


def test_a_zip_that_lies_about_a_size(tmp_path: Path, folder: Path) -> None:
    """A size that is larger than the file is brings no more than the file."""
    path = write_zip(tmp_path / "a", [PLUGIN])
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (7).to_bytes(4, "little")
    path.write_bytes(content)
    assert unpacked(path, folder) == {"notation-acme": b"plugin"}


def test_an_encrypted_zip(tmp_path: Path, folder: Path) -> None:
    """A zip that needs a password is malformed."""
    path = write_zip(tmp_path / "a", [PLUGIN])
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)
    assert "encrypted" in refusal_of(path, folder)


def test_a_zip_of_a_compression_that_nobody_knows(tmp_path: Path, folder: Path) -> None:
    """A compression that is not known is malformed too."""
    path = write_zip(tmp_path / "a", [PLUGIN])
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        content[content.index(mark) + place] = 99
    path.write_bytes(content)
    assert refusal_of(path, folder) == "'notation-acme' is compressed in another way than by deflate"


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_cut_off(write: Callable[[Path, list[tuple[str, bytes, int]]], Path], tmp_path: Path, folder: Path) -> None:
    """An archive that ends early, anywhere, is malformed or has fewer files, and never an accident."""
    whole = write(tmp_path / "whole", [("notation-acme", random.Random(1).randbytes(600), 0o755)]).read_bytes()
    path = tmp_path / "cut"
    refused = 0
    for size in range(4, len(whole) - 8, 23):
        path.write_bytes(whole[:size])
        try:
            assert unpacked(path, folder) in ({}, {"notation-acme": random.Random(1).randbytes(600)})
        except StorageError as error:
            assert error.message.startswith(f"{path} ")  # noqa: PT017
            refused += 1
        for each in folder.iterdir():
            each.unlink()
    assert refused > 20


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04", b"PK\x05\x06" + bytes(3), b"\x1f\x8b\x08" + bytes(20), gzip.compress(b"no tar" * 200, mtime=0)],
)
def test_what_only_looks_like_an_archive(content: bytes, tmp_path: Path, folder: Path) -> None:
    """What begins like an archive and is none is malformed."""
    path = tmp_path / "a"
    path.write_bytes(content)
    refusal_of(path, folder)


@pytest.mark.parametrize("kind", ["none", "folder", "pipe", "device"])
def test_what_cannot_be_read(kind: str, tmp_path: Path, folder: Path) -> None:
    """A file that is not there, and what is no file, is refused; nothing is waited for."""
    path = tmp_path / "a"
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "device":
        path = Path("/dev/zero")
    wanted = {"none": "cannot be unpacked: No such file or directory"}
    assert refusal_of(path, folder) == wanted.get(kind, "is not a regular file")


@pytest.mark.parametrize("size", [1, 5])
def test_a_zip_whose_file_is_longer_than_it_says(size: int, tmp_path: Path, folder: Path) -> None:
    """A file that is longer than its entry says is malformed."""
    path = write_zip(tmp_path / "a", [PLUGIN])
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = size.to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal_of(path, folder).startswith("is malformed: ")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(compression: int, tmp_path: Path, folder: Path) -> None:
    """A zip of a compression for which nothing bounds what a few bytes unpack to is refused, as notation does."""
    path = write_zip(tmp_path / "a", [PLUGIN], compression)
    assert refusal_of(path, folder) == "'notation-acme' is compressed in another way than by deflate"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_file_in_a_zip(compression: int, tmp_path: Path, folder: Path) -> None:
    """Damage amid a file's content is noticed, whatever the compression."""
    path = write_zip(tmp_path / "a", [("notation-acme", random.Random(1).randbytes(3000), FILE | 0o755)], compression)
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    refusal_of(path, folder)


def test_a_damaged_file_in_a_tar(tmp_path: Path, folder: Path) -> None:
    """Damage that only the checksum at the end of everything shows is noticed."""
    path = tmp_path / "a"
    tar = gzip.decompress(write_tar(path, [("notation-acme", random.Random(1).randbytes(3000), 0o755)]).read_bytes())
    content = bytearray(gzip.compress(tar, 0))
    content[2000] ^= 1
    path.write_bytes(content)
    assert refusal_of(path, folder).startswith("is malformed: ")


def test_what_stands_behind_the_end_of_a_tar(tmp_path: Path, folder: Path) -> None:
    """A second archive behind the first one's end, which some readers would read on to, is refused."""
    path = tmp_path / "a"
    one = gzip.decompress(write_tar(path, [PLUGIN]).read_bytes())
    path.write_bytes(gzip.compress(one + one))
    assert refusal_of(path, folder) == "is malformed: it goes on behind its end"


def test_a_large_tar_that_is_cut_off(tmp_path: Path, folder: Path) -> None:
    """An archive that ends amid a large file is malformed."""
    path = write_tar(tmp_path / "a", [("notation-acme", random.Random(1).randbytes(3 << 20), 0o755)])
    path.write_bytes(path.read_bytes()[: 2 << 20])
    assert refusal_of(path, folder).startswith("is malformed: ")


def test_a_name_that_is_no_utf8(tmp_path: Path, folder: Path) -> None:
    """A zip that says UTF-8 of a name that is none is malformed."""
    path = write_zip(tmp_path / "a", [("notation-é", "x", FILE | 0o755)])
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))
    assert refusal_of(path, folder).startswith("is malformed: ")


def _pax(records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A tar of one file with a pax header in front of it, compressed."""
    header = tar_entry("./PaxHeaders/x", kind, size=len(records)).tobuf()
    file = tar_entry("notation-acme").tobuf()
    return gzip.compress(header + records + bytes(-len(records) % 512) + file + bytes(1024), mtime=0)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (b"30 mtime=1700000000.123456789\n", ""),
        (b"19 path=notation-b\n", ""),
        (b"13 size=1000\n", "is malformed: a file's size is not in its header"),
        (b"22 GNU.sparse.major=1\n", "is malformed: a file's size is not in its header"),
        (b"x", "is malformed: a pax header is malformed"),
        (b"99 a=b\n", "is malformed: a pax header is malformed"),
        (b"0 a=b\n", "is malformed: a pax header is malformed"),
        (b"-6 a=b\n", "is malformed: a pax header is malformed"),
        (b"6 a=b", "is malformed: a pax header is malformed"),
        (b"6 a b\n", "is malformed: a pax header is malformed"),
        (b"9" * 9 + b" a=b\n", "is malformed: a pax header is malformed"),
    ],
)
def test_pax_headers(records: bytes, reason: str, tmp_path: Path, folder: Path) -> None:
    """Times and names are read; what says something else about where a file ends, or is no record, is refused."""
    path = tmp_path / "a"
    path.write_bytes(_pax(records))
    if reason:
        assert refusal_of(path, folder) == reason
    else:
        (name,) = unpacked(path, folder)
        assert name == ("notation-b" if b"path" in records else "notation-acme")


def test_pax_headers_for_all(tmp_path: Path, folder: Path) -> None:
    """A comment for all files, as `git archive` writes one, is passed over; a name for all of them is refused."""
    path = tmp_path / "a"
    path.write_bytes(_pax(b"16 comment=commit"[:15] + b"\n", tarfile.XGLTYPE))
    assert set(unpacked(path, folder)) == {"notation-acme"}
    (folder / "notation-acme").unlink()
    path.write_bytes(_pax(b"19 path=notation-b\n", tarfile.XGLTYPE))
    assert refusal_of(path, folder) == "is malformed: one name is given to all files"


def test_headers_without_end(tmp_path: Path, folder: Path) -> None:
    """Headers that only extend others are given up on early, few and long or many and short."""
    path = tmp_path / "a"
    path.write_bytes(_pax(b"6 a=b\n" * 500_000))
    assert refusal_of(path, folder) == "its headers are longer than names are"
    path.write_bytes(gzip.compress(tar_entry("x", tarfile.XHDTYPE).tobuf() * 30_000))
    assert refusal_of(path, folder) == "it has more than 10000 entries"
