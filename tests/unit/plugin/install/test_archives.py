"""Archives of plugins: what is unpacked."""

import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.archives import tar_entry, write_tar, write_zip
from tests.unit.plugin.install.unpacking import FILE, PLUGIN, unpack_file, unpacked


@pytest.mark.requirement("plugin:distribution-format")
def test_a_zip(tmp_path: Path, folder: Path) -> None:
    """The files at a zip's root are taken, and no others."""
    path = write_zip(
        tmp_path / "a",
        [
            PLUGIN,
            ("LICENSE", "free", 0o644 | FILE),
            ("sub/", "", 0o40755),
            ("sub/notation-b", "b", 0o755 | FILE),
            ("c/d/e", "", 0),
        ],
    )
    assert unpacked(path, folder) == {"notation-acme": b"plugin", "LICENSE": b"free"}


@pytest.mark.requirement("plugin:distribution-format")
def test_a_tar(tmp_path: Path, folder: Path) -> None:
    """All files of a tar.gz are taken, whatever folder they are in."""
    entries = [tar_entry("./", tarfile.DIRTYPE), ("./notation-acme", "a", 0o755), ("x/y/LICENSE", "free", 0o644)]
    path = write_tar(tmp_path / "a", entries)  # type: ignore[arg-type]
    assert unpacked(path, folder) == {"notation-acme": b"a", "LICENSE": b"free"}


@pytest.mark.requirement("plugin:distribution-format")
@pytest.mark.parametrize("content", [b"\x7fELF" + bytes(5000), b"#!/bin/sh\n", b"", b"PK", b"\x1f"])
def test_an_executable(content: bytes, tmp_path: Path, folder: Path) -> None:
    """Anything else is the executable itself, by its own name or the one that is given."""
    path = tmp_path / "notation-acme"
    path.write_bytes(content)
    assert unpacked(path, folder) == {"notation-acme": content}
    assert unpacked(path, folder, "notation-b")["notation-b"] == content


@pytest.mark.parametrize("form", ["zip", "tar", "file"])
@pytest.mark.parametrize(
    ("mode", "wanted"),
    [(0o755, 0o755), (0o644, 0o644), (0o777, 0o755), (0o6777, 0o755), (0o000, 0o600), (0o500, 0o700)],
)
def test_permissions(form: str, mode: int, wanted: int, tmp_path: Path, folder: Path) -> None:
    """A file keeps its permissions, without those of others to write and those that lend rights."""
    path = tmp_path / "notation-acme"
    if form == "zip":
        write_zip(path, [("notation-acme", "a", FILE | mode)])
    elif form == "tar":
        write_tar(path, [("notation-acme", "a", mode)])
    else:
        path.write_text("a")
        path.chmod(mode)
    unpack_file(path, folder)
    assert stat.S_IMODE((folder / "notation-acme").stat().st_mode) == wanted


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_compressions(compression: int, tmp_path: Path, folder: Path) -> None:
    """A zip of each compression that notation reads is read."""
    assert unpacked(write_zip(tmp_path / "a", [PLUGIN], compression), folder) == {"notation-acme": b"plugin"}


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names(kind: int, tmp_path: Path, folder: Path) -> None:
    """Every usual form of tar is read."""
    path = tmp_path / "a"
    with tarfile.open(path, "w:gz", format=kind) as archive:
        archive.addfile(tar_entry(f"{'d' * 90}/{'f' * 90}"))
    assert unpacked(path, folder) == {"f" * 90: b""}


def test_an_empty_archive(tmp_path: Path, folder: Path) -> None:
    """An archive without files has none."""
    assert unpacked(write_zip(tmp_path / "a", []), folder) == {}
    assert unpacked(write_tar(tmp_path / "b", []), folder) == {}
