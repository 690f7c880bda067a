"""Files that are written beside their place, under a name of their own, and replace what is there once whole."""

import os
from pathlib import Path

import pytest

from notarykit._internal import locks
from notarykit.bundle.partial_file import partial_file
from notarykit.errors import StorageError


def test_replaces_at_the_end(tmp_path: Path) -> None:
    """The old content stays until the new one is whole."""
    path = tmp_path / "x.tar"
    path.write_text("old")
    with partial_file(str(path)) as (file, partial):
        file.write(b"new")
        assert path.read_text() == "old"
        assert partial == f"{path}.partial"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_leaves_the_old_content(tmp_path: Path) -> None:
    """After an exception the old content is there, and nothing else."""
    path = tmp_path / "x.tar"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), partial_file(str(path)) as (file, _):
        file.write(b"new" * (1 // 0))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_remains_are_written_over(tmp_path: Path) -> None:
    """What a killed run has left, however much, is written over."""
    path = tmp_path / "x.tar"
    Path(f"{path}.partial").write_text("of a run that was killed")
    with partial_file(str(path)) as (file, _):
        file.write(b"new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_two_runs_at_once(tmp_path: Path) -> None:
    """A second run for the same file is refused while the first writes, and does no harm to it."""
    path = str(tmp_path / "x.tar")
    with partial_file(path) as (file, _):
        with pytest.raises(StorageError, match="is in use by another command"), partial_file(path):
            pass
        file.write(b"first")
    assert Path(path).read_text() == "first"


def test_file_that_was_renamed_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another run renames its file between this run's opening and locking of it, that file stays as it is."""
    path = tmp_path / "x.tar"
    open_locked = locks.open_locked

    def late(partial: str, mode: int) -> int:
        handle = open_locked(partial, mode)
        if not path.exists():
            Path(partial).write_bytes(b"of the other run")
            Path(partial).rename(path)
        return handle

    monkeypatch.setattr(locks, "open_locked", late)
    with partial_file(str(path)) as (file, _):
        file.write(b"mine")
        assert path.read_bytes() == b"of the other run"
    assert path.read_bytes() == b"mine"


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in the place of the partial file is refused, and what it leads to is untouched."""
    (tmp_path / "victim").write_text("mine")
    Path(f"{tmp_path}/x.tar.partial").symlink_to(tmp_path / "victim")
    with pytest.raises(StorageError, match="cannot be written"), partial_file(str(tmp_path / "x.tar")):
        pass
    assert (tmp_path / "victim").read_text() == "mine"


def test_second_name_of_another_file(tmp_path: Path) -> None:
    """A hard link to another file in the place of the partial file is refused, and that file is untouched."""
    (tmp_path / "victim").write_text("mine")
    Path(f"{tmp_path}/x.tar.partial").hardlink_to(tmp_path / "victim")
    with pytest.raises(StorageError, match="not this user's alone"), partial_file(str(tmp_path / "x.tar")):
        pass
    assert (tmp_path / "victim").read_text() == "mine"


def test_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another user has put in the place of the partial file is refused: it would become the bundle."""
    Path(f"{tmp_path}/x.tar.partial").write_text("")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StorageError, match="not this user's alone"), partial_file(str(tmp_path / "x.tar")):
        pass
    assert not (tmp_path / "x.tar").exists()


def test_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is not made."""
    with pytest.raises(StorageError, match="No such file"), partial_file(str(tmp_path / "no" / "x.tar")):
        pass
