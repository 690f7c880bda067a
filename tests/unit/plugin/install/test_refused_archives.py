"""Archives of plugins that are refused for their names, kinds and sizes, with nothing written beside the folder."""

import gzip
import os
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.plugin.install import archives, tarballs
from notarykit.plugin.install.source import LARGEST
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


@pytest.mark.requirement("plugin:archive-size")
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


@pytest.mark.requirement("plugin:archive-size")
def test_the_limit_is_that_of_notation() -> None:
    """The limit is 256 MiB."""
    assert LARGEST == 268_435_456


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


@pytest.mark.requirement("plugin:archive-size")
def test_the_size_of_an_archive(tmp_path: Path, folder: Path) -> None:
    """An archive, or an executable, that reaches the limit is not opened."""
    for name, first in (("a", b"PK\x03\x04"), ("b", b"\x1f\x8b"), ("c", b"#!/bin/sh")):
        path = tmp_path / name
        path.write_bytes(first)
        os.truncate(path, LARGEST)
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


@pytest.mark.parametrize(
    ("before", "behind", "text"),
    [
        ("other", "", "it holds something before the zip"),
        ("", "other", "it holds something before the zip"),
        ("", "junk", "it holds something behind the zip"),
        ("", "zeros", "it holds something behind the zip"),
        ("", "tar", "it holds something behind the zip"),
    ],
)
def test_two_archives_in_one_file(before: str, behind: str, text: str, tmp_path: Path, folder: Path) -> None:
    """A zip with anything around it, such as another one, is refused: readers differ in which of them they take."""
    contents = {
        "": b"", "junk": b"PK", "zeros": bytes(100),
        "other": write_zip(tmp_path / "other", [("notation-other", b"other", FILE | 0o755)]).read_bytes(),
        "tar": write_tar(tmp_path / "tar", [("notation-other", b"other", 0o755)]).read_bytes(),
    }  # fmt: skip
    path = write_zip(tmp_path / "a", [PLUGIN])
    path.write_bytes(contents[before] + path.read_bytes() + contents[behind])
    assert refusal_of(path, folder) == text
    assert not list(folder.iterdir())


def test_comment_of_a_zip(tmp_path: Path, folder: Path) -> None:
    """A comment is a part of the zip."""
    path = write_zip(tmp_path / "a", [PLUGIN])
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"made by a publisher"
    assert unpacked(path, folder) == {"notation-acme": b"plugin"}
