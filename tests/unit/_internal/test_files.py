"""Files: read with a limit, written whole or not at all, changed by one at a time."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit._internal import files, locks
from notarykit.errors import StorageError


def test_reads_up_to_the_limit(tmp_path: Path) -> None:
    """A file of exactly the limit is read, and one byte more is refused."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert files.read(str(path), 5) == b"12345"
    with pytest.raises(StorageError, match="file is larger than 4 bytes"):
        files.read(str(path), 4)


def test_reads_an_empty_file(tmp_path: Path) -> None:
    """An empty file is a file."""
    (tmp_path / "file").touch()
    assert files.read(str(tmp_path / "file"), 0) == b""


def test_absent_file_raises_file_not_found(tmp_path: Path) -> None:
    """That a file is not there is another error than that it cannot be read."""
    with pytest.raises(FileNotFoundError):
        files.read(str(tmp_path / "none"), 5)


def test_reads_through_a_link(tmp_path: Path) -> None:
    """A symbolic link to a regular file is followed."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert files.read(str(tmp_path / "link"), 100) == b"content"


def test_pipe_is_refused_without_blocking(tmp_path: Path) -> None:
    """A pipe that nobody writes to is refused at once."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="pipe is not a regular file"):
        files.read(str(tmp_path / "pipe"), 5)


def test_folder_and_path_below_a_file_are_refused(tmp_path: Path) -> None:
    """A folder, and a path that leads through a file, are refused as what cannot be read."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="is not a regular file"):
        files.read(str(tmp_path), 5)
    with pytest.raises(StorageError, match="cannot be read: "):
        files.read(str(tmp_path / "file" / "below"), 5)


def test_refusal_leaks_no_file_descriptor(tmp_path: Path) -> None:
    """However often a folder is refused, the next handle has the same number."""
    first = os.open(tmp_path, os.O_RDONLY)
    os.close(first)
    for _ in range(3):
        with pytest.raises(StorageError):
            files.read(str(tmp_path), 5)
    second = os.open(tmp_path, os.O_RDONLY)
    os.close(second)
    assert first == second


def test_write_creates_and_replaces(tmp_path: Path) -> None:
    """A file is made, then replaced, and nothing stays beside it."""
    path = tmp_path / "file"
    files.write(str(path), b"one")
    files.write(str(path), b"two" * 100_000)
    assert path.read_bytes() == b"two" * 100_000
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("has_links", [True, False])
def test_create_never_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    """A new file is whole, and nothing that has its name is replaced, on a file system without hard links either."""
    if not has_links:
        _without_links(monkeypatch)
    path = tmp_path / "file"
    files.create(str(path), b"one", 0o640)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode) & 0o700) == (b"one", 0o600)
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    for name in ("file", "link", "folder"):
        with pytest.raises(StorageError, match=f"{name} exists already"):
            files.create(str(tmp_path / name), b"two")
    assert path.read_bytes() == b"one"
    assert (tmp_path / "link").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "link"]


def _without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


def test_create_without_links_yields_to_who_is_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program creates at the last moment stays."""
    _without_links(monkeypatch)
    lexists, opened = os.path.lexists, os.open
    path = str(tmp_path / "file")

    def others_create(name: str, *rest: int) -> int:
        if name == path:
            Path(path).write_bytes(b"another's")
        return opened(name, *rest)

    def looked(name: str) -> bool:
        answer = lexists(name)
        Path(path).write_bytes(b"another's")
        return answer

    monkeypatch.setattr(os, "open", others_create)
    monkeypatch.setattr(os.path, "lexists", looked)
    with pytest.raises(StorageError, match="exists already"):
        files.create(path, b"ours")
    assert Path(path).read_bytes() == b"another's"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("has_links", [True, False])
def test_create_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    """A disk that is full, or a name that cannot be given, leaves no file, and the message has the reason."""
    if not has_links:
        _without_links(monkeypatch)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for failing in ("fsync", "replace" if not has_links else "link"):
        with monkeypatch.context() as patch:
            patch.setattr(os, failing, full)
            with pytest.raises(StorageError, match="file cannot be written: No space left on device"):
                files.create(str(tmp_path / "file"), b"content")
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("write", [files.write, files.create])
def test_content_and_name_are_on_the_disk(
    write: Callable[[str, bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced before it has its name, and its folder afterwards."""
    path, synced = tmp_path / "file", []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append((os.fstat(handle).st_ino, path.exists())))
    write(str(path), b"content")
    assert synced == [(path.stat().st_ino, False), (tmp_path.stat().st_ino, True)]


def test_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder where files can be put and not be listed, a file that was written is no error."""
    opened = os.open

    def refuse_folders(path: str, flags: int, *mode: int) -> int:  # as for all but root, by the mode 0333
        if path == str(tmp_path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse_folders)
    for write in (files.write, files.create):
        write(str(tmp_path / write.__name__), b"content")
    assert sorted(os.listdir(tmp_path)) == ["create", "write"]


def test_missing_folders_are_created_for_the_owner_only(tmp_path: Path) -> None:
    """Every folder that is made on the way is readable for its owner alone."""
    files.write(str(tmp_path / "a" / "b" / "c" / "file"), b"")
    with locks.locked(str(tmp_path / "d" / "e")):
        pass
    for made in ("a", "a/b", "a/b/c", "d", "d/e"):
        assert stat.S_IMODE((tmp_path / made).stat().st_mode) == 0o700


def test_no_folder_named_tilde_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` that no shell has expanded does not become a folder; one that is there already is used."""
    monkeypatch.chdir(tmp_path)
    for path in ("~/.config/file", str(tmp_path / "~" / "file")):
        with pytest.raises(StorageError, match=r"~ is expanded by shells only, and no folder of that name is created$"):
            files.write(path, b"x")
    with pytest.raises(StorageError, match="cannot be created: ~ is expanded"), locks.locked("~/locks"):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "~").mkdir()
    files.write("~/file", b"x")


def test_mode_applies_from_creation_on(tmp_path: Path) -> None:
    """A file for the owner alone has that mode, and replacing a wider one narrows it."""
    (tmp_path / "file").touch(mode=0o644)
    files.write(str(tmp_path / "file"), b"", mode=0o600)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_writes_into_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name is a file of the working directory."""
    monkeypatch.chdir(tmp_path)
    files.write("file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_failed_write_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """If a step of writing fails, the old content is untouched and nothing stays beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(StorageError, match="file cannot be written: No space left on device"):
        files.write(str(path), b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system takes fewer bytes than it is given, the rest follows."""
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: whole(handle, content[:2]))
    files.write(str(tmp_path / "file"), b"1234567")
    assert (tmp_path / "file").read_bytes() == b"1234567"


def test_folder_is_not_replaced(tmp_path: Path) -> None:
    """Writing over a folder is refused, and so is writing below a file."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="folder cannot be written"):
        files.write(str(tmp_path / "folder"), b"")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        files.write(str(tmp_path / "file" / "below"), b"")
    with pytest.raises(StorageError, match="file cannot be created"), locks.locked(str(tmp_path / "file")):
        pass
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
