"""Putting a folder in the place of another."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notarykit.plugin.install import atomic_swap
from notarykit.plugin.install.atomic_swap import replace_folder


def _folder(path: Path, content: str) -> Path:
    path.mkdir(parents=True)
    (path / "file").write_text(content)
    return path


@pytest.fixture(params=["exchange", "two steps"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The system's own way, and that of a system which cannot exchange folders."""
    if request.param == "two steps":
        monkeypatch.setattr(atomic_swap, "_exchanged", lambda *_: False)
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_where_nothing_is(tmp_path: Path) -> None:
    """A folder moves to a place where nothing is."""
    new = _folder(tmp_path / "new", "new")
    replace_folder(str(new), str(tmp_path / "place"))
    assert (tmp_path / "place" / "file").read_text() == "new"
    assert not new.exists()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["folder", "file", "link", "broken link"])
def test_what_was_there_comes_back(kind: str, tmp_path: Path) -> None:
    """What was there, of whatever kind, is at the new one's old path; a link itself and not what it leads to."""
    new, place = _folder(tmp_path / "stage" / "new", "new"), tmp_path / "place"
    target = _folder(tmp_path / "target", "target")
    if kind == "folder":
        _folder(place, "old")
    elif kind == "file":
        place.write_text("old")
    else:
        place.symlink_to(target if kind == "link" else tmp_path / "nowhere")
    replace_folder(str(new), str(place))
    assert not place.is_symlink()
    assert (place / "file").read_text() == "new"
    assert (target / "file").read_text() == "target"
    if kind == "folder":
        assert (new / "file").read_text() == "old"
    else:
        assert new.is_symlink() if "link" in kind else new.read_text() == "old"


@pytest.mark.parametrize("error", [OSError(28, "full"), KeyboardInterrupt()])
def test_the_first_step_is_taken_back(error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second of two steps fails, what was there is there again."""
    monkeypatch.setattr(atomic_swap, "_exchanged", lambda *_: False)
    new, place = _folder(tmp_path / "new", "new"), _folder(tmp_path / "place", "old")
    real: Callable[..., Any] = os.rename

    def rename(source: str, target: str) -> None:
        if (source, target) == (str(new), str(place)):
            raise error
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(type(error)):
        replace_folder(str(new), str(place))
    assert (place / "file").read_text() == "old"
    assert (new / "file").read_text() == "new"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new", "place"]


def test_a_new_one_that_is_not_there(tmp_path: Path) -> None:
    """A replacement that does not exist leaves what is there."""
    place = _folder(tmp_path / "place", "old")
    with pytest.raises(OSError, match="No such file"):
        replace_folder(str(tmp_path / "none"), str(place))
    assert (place / "file").read_text() == "old"


def _look(path: str, stop: Any, looked: Any, missed: Any) -> None:
    """Opens a file again and again, and counts how often, and how often it is not there or not whole."""
    while not stop.is_set():
        looked.value += 1
        try:
            with open(path, encoding="ascii") as file:
                missed.value += file.read() not in ("old", "new")
        except OSError:
            missed.value += 1


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="only there can two folders be exchanged")
def test_nobody_misses_it(tmp_path: Path) -> None:
    """However often the folder is exchanged, whoever looks for what is in it finds it whole."""
    new, place = _folder(tmp_path / "new", "new"), _folder(tmp_path / "place", "old")
    assert atomic_swap._exchanged(str(new), str(place)), "this file system cannot exchange two folders"
    context = multiprocessing.get_context("spawn")
    stop, looked, missed = context.Event(), context.Value("i", 0), context.Value("i", 0)
    looking = context.Process(target=_look, args=(str(place / "file"), stop, looked, missed))
    looking.start()
    try:
        while looked.value < 3000 and looking.is_alive():
            replace_folder(str(new), str(place))
    finally:
        stop.set()
        looking.join()
    assert looked.value >= 3000
    assert missed.value == 0
