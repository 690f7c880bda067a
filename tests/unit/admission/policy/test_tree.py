"""Folders that are read as a whole: plain ones, and volumes that Kubernetes exchanges."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.policy import tree
from notarykit_admission.policy.tree import read_tree
from tests.unit.admission.policy.volumes import Volume, write_files

_FILES = {"trustpolicy.json": b"{}", "truststore/x509/ca/acme/root.pem": b"PEM", "empty": b""}


def test_plain_folder(tmp_path: Path) -> None:
    """All files below a folder are read, hidden ones left out."""
    write_files(tmp_path, {**_FILES, ".hidden": b"x", ".git/config": b"x"})
    assert read_tree(str(tmp_path)) == _FILES


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without files has none."""
    assert read_tree(str(tmp_path)) == {}


def test_only_what_counts_is_looked_at(tmp_path: Path) -> None:
    """What does not count is neither read nor refused, whatever it is."""
    write_files(tmp_path, {**_FILES, "localkeys/a.key": b"secret"})
    (tmp_path / "plugins").symlink_to("/etc")
    assert read_tree(str(tmp_path), lambda path: not path.startswith(("localkeys", "plugins"))) == _FILES


def test_volume(tmp_path: Path) -> None:
    """A volume's present state is read, whatever older ones are there."""
    volume = Volume(tmp_path)
    volume.write({"trustpolicy.json": b"old", "gone.json": b"old"}, remove=False)
    volume.write(_FILES)
    assert read_tree(str(tmp_path)) == _FILES


def test_volumes_in_a_folder(tmp_path: Path) -> None:
    """A plain folder may have volumes mounted in it, such as one for each trust store."""
    write_files(tmp_path, {"trustpolicy.json": b"{}"})
    Volume(tmp_path / "truststore/x509/ca/acme").write({"root.pem": b"PEM"})
    assert read_tree(str(tmp_path)) == {"trustpolicy.json": b"{}", "truststore/x509/ca/acme/root.pem": b"PEM"}


def test_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """The operator names the folder, and may name it by a link."""
    write_files(tmp_path / "real", _FILES)
    (tmp_path / "link").symlink_to("real")
    assert read_tree(str(tmp_path / "link")) == _FILES


@pytest.mark.parametrize("target", ["../outside", "/etc", "..", "sub", "..state/../../outside", "..state/sub"])
def test_volume_whose_link_leads_elsewhere(tmp_path: Path, target: str) -> None:
    """The link of a volume leads to a folder of a state beside it, and nowhere else."""
    write_files(tmp_path / "outside", _FILES)
    write_files(tmp_path / "volume" / "..state" / "sub", _FILES)
    (tmp_path / "volume" / "..data").symlink_to(target)
    with pytest.raises(ConfigurationError, match=r"\.\.data does not lead to a folder beside it"):
        read_tree(str(tmp_path / "volume"))


def test_state_that_is_a_link(tmp_path: Path) -> None:
    """The folder of a state is no link to another place."""
    write_files(tmp_path / "outside", _FILES)
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "..state").symlink_to(tmp_path / "outside")
    (volume / "..data").symlink_to("..state")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_tree(str(volume))


def _link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


@pytest.mark.requirement("trust:no-links")
@pytest.mark.parametrize("make", [_link, os.mkfifo], ids=["link", "pipe"])
@pytest.mark.parametrize("place", ["", "sub/", "..state/"])
def test_what_is_no_regular_file(tmp_path: Path, make: Callable[[Path], None], place: str) -> None:
    """Links and special files are refused, in a plain folder and in a volume's state, and nothing waits for them."""
    (tmp_path / place).mkdir(exist_ok=True)
    if place == "..state/":
        (tmp_path / "..data").symlink_to("..state")
    make(tmp_path / place / "trustpolicy.json")
    with pytest.raises(ConfigurationError, match=r"trustpolicy\.json is a link or no regular file"):
        read_tree(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "exchange"),
    [
        ("trustpolicy.json", lambda path, outside: path.symlink_to(outside / "trustpolicy.json")),
        ("trustpolicy.json", lambda path, _: os.mkfifo(path)),
        ("truststore", lambda path, outside: path.symlink_to(outside / "truststore")),
    ],
    ids=["file-link", "file-pipe", "folder-link"],
)
def test_what_is_exchanged_after_the_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, exchange: Callable[[Path, Path], None]
) -> None:
    """What becomes a link or a special file between the look at it and its opening is refused all the same."""
    outside, inside = write_files(tmp_path / "outside", _FILES), write_files(tmp_path / "inside", _FILES)
    real = os.stat

    def stat(looked: Any, **options: Any) -> os.stat_result:
        found = real(looked, **options)
        if looked == name and not (tmp_path / "old").exists():
            (inside / name).rename(tmp_path / "old")
            exchange(inside / name, outside)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat)
        with pytest.raises(ConfigurationError, match=r"cannot be read: |is no regular file"):
            read_tree(str(inside))


def test_absent_folder(tmp_path: Path) -> None:
    """A folder that is not there is an error, and so is a file in its place."""
    with pytest.raises(ConfigurationError, match="does not exist"):
        read_tree(str(tmp_path / "none"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be read: Not a directory"):
        read_tree(str(tmp_path / "file"))


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many files, too large ones and too deep folders are errors."""
    deep = write_files(tmp_path / "deep", {f"{'d/' * 9}file": b""})
    with pytest.raises(ConfigurationError, match="folders more than 8 deep"):
        read_tree(str(deep))
    assert read_tree(str(write_files(tmp_path / "less", {f"{'d/' * 8}file": b""}))) == {f"{'d/' * 8}file": b""}
    monkeypatch.setattr(tree, "LARGEST_FILE", 3)
    large = write_files(tmp_path / "large", {"a": b"123", "b": b"1234"})
    with pytest.raises(ConfigurationError, match=r"large/b is larger than 3 bytes"):
        read_tree(str(large))
    monkeypatch.setattr(tree, "MOST_FILES", 2)
    many = write_files(tmp_path / "many", {"a": b"", "b": b"", "c": b""})
    with pytest.raises(ConfigurationError, match="more than 2 files"):
        read_tree(str(many))


def test_no_handle_stays_open(tmp_path: Path) -> None:
    """Whether reading succeeds or fails, all handles are closed."""
    write_files(tmp_path, _FILES)
    before = len(os.listdir("/proc/self/fd"))
    read_tree(str(tmp_path))
    (tmp_path / "truststore" / "link").symlink_to("x")
    (tmp_path / "truststore" / "..data").symlink_to("/etc")
    for _ in range(3):
        with pytest.raises(ConfigurationError):
            read_tree(str(tmp_path))
    assert len(os.listdir("/proc/self/fd")) == before


def test_each_read_is_of_one_state(tmp_path: Path) -> None:
    """While a volume is exchanged all the time, every read has the files of one state."""
    volume, done = Volume(tmp_path), threading.Event()
    names = [f"{number}.json" for number in range(20)]
    volume.write(dict.fromkeys(names, b"0"))

    def exchange() -> None:
        number = 0
        while not done.is_set():
            number += 1
            volume.write(dict.fromkeys(names, b"%d" % number))

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        states = set()
        for _ in range(200):
            try:
                files = read_tree(str(tmp_path))
            except ConfigurationError as error:  # it was exchanged five times while it was read
                assert "changes all the time" in error.message  # noqa: PT017 - it may also succeed
                continue
            assert sorted(files) == sorted(names)
            (state,) = set(files.values())
            states.add(state)
    finally:
        done.set()
        thread.join()
    assert states


def test_state_that_is_being_removed_is_not_read_in_part(tmp_path: Path) -> None:
    """A state that loses files without an error while it is read has been replaced, and the next one counts."""
    volume = Volume(tmp_path)
    volume.write({"a.json": b"old", "truststore/root.pem": b"old"})
    old = (tmp_path / "..data").resolve()

    def exchange(path: str) -> bool:
        if path == "truststore" and (old / "truststore" / "root.pem").exists():
            volume.write({"a.json": b"new", "truststore/root.pem": b"new"}, remove=False)
            (old / "truststore" / "root.pem").unlink()
        return True

    assert read_tree(str(tmp_path), exchange) == {"a.json": b"new", "truststore/root.pem": b"new"}
