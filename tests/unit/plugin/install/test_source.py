"""Sources of installations: what is read once stays as it was."""

import os
from pathlib import Path

import pytest

from notarykit.errors import StorageError
from notarykit.plugin.install.source import LARGEST, PluginSource, open_source, read_source


def test_source_in_memory(tmp_path: Path) -> None:
    """A file that was read has its name and permissions, and does not follow what becomes of the file."""
    path = tmp_path / "notation-acme"
    path.write_bytes(b"plugin")
    path.chmod(0o750)
    source = read_source(str(path))
    path.write_bytes(b"another")
    assert (source.name, source.file_name, source.size) == (str(path), "notation-acme", 6)
    assert source.mode & 0o777 == 0o750
    assert source.file.read() == b"plugin"


def test_source_that_is_open(tmp_path: Path) -> None:
    """A file that is opened is read when it is unpacked."""
    path = tmp_path / "notation-acme"
    path.write_bytes(b"plugin")
    with open_source(str(path)) as source:
        assert (source.file_name, source.size, source.file.read()) == ("notation-acme", 6, b"plugin")
    with pytest.raises(StorageError, match="cannot be unpacked: No such file"), open_source(f"{path}.zip"):
        pass


def test_digest() -> None:
    """A digest is that of all bytes, and leaves them to the next reader (SHA-256 of "abc", FIPS 180-4)."""
    source = PluginSource.held(b"abc", "acme", "notation-acme")
    source.file.read(1)
    assert source.digest("sha256") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert source.file.read() == b"abc"


def test_limits(tmp_path: Path) -> None:
    """What reaches the limit, is no file, or is not there is refused."""
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, LARGEST)
    with pytest.raises(StorageError, match=r"large reaches the limit of 256 MiB$"):
        read_source(str(path))
    with pytest.raises(StorageError, match="is not a regular file"):
        read_source(str(tmp_path))
    with pytest.raises(StorageError, match=r"none does not exist$"):
        read_source(str(tmp_path / "none"))
