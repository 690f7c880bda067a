"""What the tests of archives share."""

import stat
from pathlib import Path

import pytest

from notarykit.errors import StorageError
from notarykit.plugin.install.archives import unpack
from notarykit.plugin.install.source import open_source

FILE = 0o100000
PLUGIN = ("notation-acme", b"plugin", FILE | 0o755)


def unpack_file(path: Path, folder: Path, name: str = "") -> None:
    """Unpacks a file, whose executable is called as it is, or as a name says."""
    with open_source(str(path)) as source:
        unpack(source._replace(file_name=name or source.file_name), str(folder))


def unpacked(path: Path, folder: Path, name: str = "") -> dict[str, bytes]:
    """Returns the files that an archive unpacks to."""
    unpack_file(path, folder, name)
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def refusal_of(path: Path, folder: Path) -> str:
    """The error, after which there is nothing but regular files in the folder and nothing new around it."""
    around = sorted(folder.parent.parent.rglob("*"))
    with pytest.raises(StorageError) as caught:
        unpack_file(path, folder)
    assert [each for each in sorted(folder.parent.parent.rglob("*")) if each.parent != folder] == around
    assert all(stat.S_ISREG(each.lstat().st_mode) for each in folder.iterdir())
    assert str(path) in caught.value.message
    return caught.value.message.removeprefix(f"{path}").removeprefix(": ").strip()
