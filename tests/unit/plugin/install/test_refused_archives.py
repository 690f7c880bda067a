"""Archives of plugins that are refused, with nothing written beside the folder."""

import gzip
import os
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.errors import StorageError
from notarykit.plugin.install import archives, tarballs
from tests.support.archives import tar_entry, write_tar, write_zip
from tests.unit.plugin.install.unpacking import FILE, PLUGIN, refusal_of, unpacked

_BAD_NAMES = ["..", "../x", "a/../../x", "/x", "a/..", "..\\x", "a\\b", "C:x", "x:stream", "a..b"]


@pytest.mark.parametrize("name", _BAD_NAMES)
@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_names_that_lead_elsewhere(
    name: str, write: Callable[[Path, list[tuple[str, str, int]]], Path], tmp_path: Path, folder: Path
) -> None:
    """A name that could lead elsewhere on any system is refused, whether or not the file would be taken."""
    for each in (name, f"sub/{name}"):
        if each != "sub//x":
            path = write(tmp_path / "a", [(each, "x", FILE | 0o644 if write is write_zip else 0o644)])
            assert refusal_of(path, folder) == f"{each!r} leads out of the archive"


_TAR_KINDS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]


@pytest.mark.parametrize("kind", _TAR_KINDS)
@pytest.mark.parametrize("name", ["notation-acme", "sub/x"])
def test_what_is_no_file_in_a_tar(kind: bytes, name: str, tmp_path: Path, folder: Path) -> None:
    """Links, pipes and devices are refused, and nothing behind them is written."""
    entries = [tar_entry(name, kind, "/etc/passwd"), (name, "x", 0o755)]
    path = write_tar(tmp_path / "a", entries)  # type: ignore[arg-type]
    assert refusal_of(path, folder) == f"{name!r} is a link or not a regular file"
    assert not list(folder.iterdir())


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
@pytest.mark.parametrize("name", ["notation-acme", "sub/x"])
def test_what_is_no_file_in_a_zip(kind: int, name: str, tmp_path: Path, folder: Path) -> None:
    """So they are in a zip."""
    path = write_zip(tmp_path / "a", [(name, "/etc/passwd", kind | 0o755)])
    assert refusal_of(path, folder) == f"{name!r} is a link or not a regular file"


@pytest.mark.parametrize("write", [write_zip, write_tar])
@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["notation-a\x1b[31m"], "'notation-a\\x1b[31m' holds what cannot be printed"),
        (["LICENSE\n"], "'LICENSE\\n' holds what cannot be printed"),
        (["a/\u202egpj.exe"], "'a/\\u202egpj.exe' holds what cannot be printed"),
        (["-rf"], "'-rf' begins like a flag"),
        (["a/--help"], "'a/--help' begins like a flag"),
        (["-x/b"], "'-x/b' begins like a flag"),
        (["LICENSE", "license"], "has two files that are called 'license'"),
        (["straße", "STRASSE"], "has two files that are called 'STRASSE'"),
        (["caf\u00e9", "cafe\u0301"], "has two files that are called 'cafe\u0301'"),
    ],
)
def test_names_that_mislead(
    names: list[str],
    reason: str,
    write: Callable[[Path, list[tuple[str, str, int]]], Path],
    tmp_path: Path,
    folder: Path,
) -> None:
    """Names that a terminal or a command would obey, or that are one name on some systems, are refused."""
    assert refusal_of(write(tmp_path / "a", [(name, "x", FILE | 0o644) for name in names]), folder) == reason


def test_two_files_with_one_name(tmp_path: Path, folder: Path) -> None:
    """A name that comes twice, once folders are gone, is refused: nobody knows which of the two was checked."""
    path = write_tar(tmp_path / "a", [("a/x", "1", 0o644), ("b/x", "2", 0o644)])
    assert refusal_of(path, folder) == "has two files that are called 'x'"
    (folder / "x").unlink()
    with pytest.warns(UserWarning, match="Duplicate name"):
        write_zip(path, [("x", "1", FILE | 0o644), ("x", "2", FILE | 0o644)])
    assert refusal_of(path, folder) == "has two files that are called 'x'"


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_the_limit(
    write: Callable[[Path, list[tuple[str, bytes, int]]], Path],
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The files together are smaller than the limit, counted as they are written."""
    monkeypatch.setattr(archives, "LARGEST", 3 << 20)
    half = os.urandom(1 << 20) + bytes(1 << 19)
    good = write(tmp_path / "good", [("a", half, 0o644), ("b", half[1:], 0o644)])
    assert sum(map(len, unpacked(good, folder).values())) == (3 << 20) - 1
    for each in folder.iterdir():
        each.unlink()
    bad = write(tmp_path / "bad", [("a", half, 0o644), ("b", half, 0o644)])
    assert refusal_of(bad, folder) == f"the files in {bad} reach the limit of 3 MiB"


def test_the_limit_is_that_of_notation() -> None:
    """The limit is 256 MiB."""
    assert archives.LARGEST == 268_435_456


def test_a_bomb_in_a_tar(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to much more than it may is given up on, even where none of it would be taken."""
    monkeypatch.setattr(archives, "LARGEST", 1 << 20)
    monkeypatch.setattr(tarballs, "_HEADERS", 1 << 20)
    path = tmp_path / "a"
    with gzip.open(path, "wb") as file:
        name = tar_entry("x" * 90, tarfile.DIRTYPE).tobuf()
        for _ in range(4 << 20 >> 9):
            file.write(name)
    assert refusal_of(path, folder) == "it unpacks to more than 2 MiB"


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_what_shrinks_to_nothing(
    write: Callable[[Path, list[tuple[str, bytes, int]]], Path], tmp_path: Path, folder: Path
) -> None:
    """Files that are a hundred times as large as their archive are refused before any of them is written."""
    path = write(tmp_path / "a", [("notation-acme", bytes(64 << 20), FILE | 0o755)])
    assert refusal_of(path, folder) == f"the files in {path} are more than 100 times as large as it is"
    assert not list(folder.iterdir())


def test_a_size_that_is_declared(tmp_path: Path, folder: Path) -> None:
    """A file whose size says that it does not fit is refused before any of it is written."""
    content = random.Random(1).randbytes(1 << 20)
    path = tmp_path / "a"
    with gzip.open(path, "wb") as file:
        file.write(tar_entry("notation-acme", size=1 << 30).tobuf() + content)
    assert "as large as it is" in refusal_of(path, folder)
    assert not list(folder.iterdir())


def test_the_size_of_an_archive(tmp_path: Path, folder: Path) -> None:
    """An archive, or an executable, that reaches the limit is not opened."""
    for name, first in (("a", b"PK\x03\x04"), ("b", b"\x1f\x8b"), ("c", b"#!/bin/sh")):
        path = tmp_path / name
        path.write_bytes(first)
        os.truncate(path, archives.LARGEST)
        assert refusal_of(path, folder) == "reaches the limit of 256 MiB"


def test_a_list_of_entries_without_end(tmp_path: Path, folder: Path) -> None:
    """The list of a zip's entries is not taken into memory beyond what plugins have."""
    path = write_zip(tmp_path / "a", [PLUGIN])
    content = path.read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entries = content[start:end] * 40_000
    tail = bytearray(content[end:])
    tail[12:16] = len(entries).to_bytes(4, "little")
    path.write_bytes(content[:start] + entries + tail)
    assert refusal_of(path, folder) == "it has too many entries"


def test_many_streams(tmp_path: Path, folder: Path) -> None:
    """A tar in several gzip streams is read, and a file of nothing but empty streams is given up on."""
    whole = gzip.decompress(write_tar(tmp_path / "a", [("notation-acme", "a", 0o755)]).read_bytes())
    path = tmp_path / "b"
    path.write_bytes(b"".join(map(gzip.compress, (whole[:700], b"", whole[700:]))) + bytes(100))
    assert unpacked(path, folder) == {"notation-acme": b"a"}
    path.write_bytes(gzip.compress(b"") * 20_000)
    (folder / "notation-acme").unlink()
    assert refusal_of(path, folder) == "it has more than 10000 gzip streams"


def test_an_archive_in_an_archive(tmp_path: Path, folder: Path) -> None:
    """An archive within one is a file like any other, and is not opened."""
    inner = write_zip(tmp_path / "inner", [("../../x", bytes(1 << 20), FILE)]).read_bytes()
    assert unpacked(write_tar(tmp_path / "a", [PLUGIN, ("inner.zip", inner, 0o644)]), folder)["inner.zip"] == inner


def test_too_many_files(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small files are a bomb as well."""
    monkeypatch.setattr(archives, "_MOST_FILES", 3)
    entries = [(f"f{number}", "", 0o644) for number in range(4)]
    assert refusal_of(write_zip(tmp_path / "a", entries), folder) == "it has more than 3 entries"
    assert refusal_of(write_tar(tmp_path / "c", entries), folder) == "has more than 3 files"
    for each in folder.iterdir():
        each.unlink()
    assert len(unpacked(write_tar(tmp_path / "b", entries[:3]), folder)) == 3


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
