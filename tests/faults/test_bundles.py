"""Bundles on bad days: killed at any moment, a full disk. The old file stays until the new one is whole."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.disks import Disk, mounted, mounted_apart
from tests.faults.mortal import Mortal
from tests.support.ca import TestChain, make_chain
from tests.support.homes import SCOPE, Home, complete_home
from tests.support.layouts import Layout, make_layout
from tests.support.requirements import leave_out

MOST_MOMENTS = 100
ENOUGH_PAGES = 12
# The first needs one page more than the tar file has; there is no room for the second.
OPTIONS = "size=256k,nr_inodes=64"


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """The signer's chain, whose certificates name no responder, so that nothing is fetched."""
    return make_chain("EC-256", 2)


@pytest.fixture
def home(tmp_path: Path, chain: TestChain) -> Home:
    """The settings."""
    return complete_home(tmp_path / "home", chain)


@pytest.fixture
def mortal(home: Home) -> Iterator[Mortal]:
    """Runs command lines under these settings."""
    with Mortal(home.environment()) as running:
        yield running


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk."""
    with contextlib.ExitStack() as stack:
        reasons = []
        for way in (mounted, mounted_apart):
            try:
                found = stack.enter_context(way(tmp_path / "disk", OPTIONS))
            except OSError as error:
                reasons.append(str(error))
            else:
                yield found
                return
        leave_out(f"needs a file system to mount: {'; '.join(reasons)}", "run the tests as root")


@pytest.fixture
def layout(tmp_path: Path, home: Home) -> Layout:
    """A layout with a signed artifact."""
    made = make_layout(tmp_path / "layout")
    assert _run(home, "sign", "--oci-layout", f"{made.path}@{made.digest}")[0] == 0
    return made


def _run(home: Home, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "notarykit.cli", *arguments]
    done = subprocess.run(command, env=home.environment(), input="", capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def _create(layout: Layout, path: Path) -> Sequence[str]:
    reference = f"{layout.path}@{layout.digest}"
    return ["bundle", "create", "--oci-layout", "--scope", SCOPE, reference, "-o", str(path)]


def _every_moment(
    mortal: Mortal, prepare: Callable[[], object], arguments: Sequence[str], check: Callable[[str], bool]
) -> list[str]:
    """Kills a command at every moment of its life, each time from the same beginning, and returns the moments."""
    moments: list[str] = []
    states: list[bool] = []
    for moment in range(MOST_MOMENTS):
        prepare()
        end = mortal.run(*arguments, moment=moment)
        if not end.killed:
            assert (end.code, end.err) == (0, "")
            break
        moments.append(end.moment)
        states.append(check(end.moment))
    else:
        pytest.fail("the command does not come to an end")
    assert states == sorted(states), "the new state is there once and for all"
    assert {"before open", "before fsync", "after fsync", "before replace", "after replace"} <= set(moments)
    return moments


@pytest.mark.parametrize("has_old", [False, True])
def test_killed_create(tmp_path: Path, home: Home, mortal: Mortal, layout: Layout, *, has_old: bool) -> None:
    """At every death of `bundle create` the old file is there, or the new one; the next run leaves nothing else."""
    path = tmp_path / "out" / "x.tar"
    path.parent.mkdir()
    assert _run(home, *_create(layout, tmp_path / "whole.tar"))[0] == 0
    whole = (tmp_path / "whole.tar").read_bytes()

    def prepare() -> None:
        for each in path.parent.iterdir():
            each.unlink()
        if has_old:
            path.write_bytes(b"old")

    def check(moment: str) -> bool:
        content = path.read_bytes() if path.exists() else None
        assert content in (b"old" if has_old else None, whole), moment
        end = mortal.run(*_create(layout, path))
        assert (end.code, end.err) == (0, ""), moment
        assert path.read_bytes() == whole
        assert list(path.parent.iterdir()) == [path], moment
        return content == whole

    _every_moment(mortal, prepare, _create(layout, path), check)


def test_killed_refresh(tmp_path: Path, home: Home, mortal: Mortal, layout: Layout) -> None:
    """At every death of `bundle refresh` the bundle is whole and verified."""
    path = tmp_path / "out" / "x.tar"
    path.parent.mkdir()
    assert _run(home, *_create(layout, tmp_path / "whole.tar"))[0] == 0
    whole = (tmp_path / "whole.tar").read_bytes()
    inodes: list[int] = []

    def prepare() -> None:
        path.write_bytes(whole)
        inodes.append(path.stat().st_ino)

    def check(moment: str) -> bool:
        assert path.read_bytes() == whole, moment
        is_new = path.stat().st_ino != inodes[-1]
        assert mortal.run("bundle", "verify", str(path)).code == 0
        assert mortal.run("bundle", "refresh", str(path)).code == 0
        assert list(path.parent.iterdir()) == [path], moment
        return is_new

    _every_moment(mortal, prepare, ["bundle", "refresh", str(path)], check)


@pytest.mark.parametrize("command", ["create", "refresh"])
def test_full_disk(home: Home, disk: Disk, layout: Layout, command: str) -> None:
    """With any amount of room that is too little, the old file stays, one line says so, and nothing is left over."""
    path = disk.path / "x.tar"
    assert _run(home, *_create(layout, path))[0] == 0
    whole = path.read_bytes()
    arguments = _create(layout, path) if command == "create" else ["bundle", "refresh", str(path)]
    failures = 0
    for pages in range(ENOUGH_PAGES):
        disk.fill(pages)
        code, err = _run(home, *arguments)
        assert path.read_bytes() == whole
        assert not os.path.lexists(f"{path}.partial")
        if code == 0:
            break
        failures += 1
        assert (code, err.count("\n")) == (3, 1)
        assert err == f"Error: {path} cannot be written: No space left on device\n"
    assert 3 <= failures < ENOUGH_PAGES
    disk.use_up_names()
    code, err = _run(home, *arguments)
    assert (code, err) == (3, f"Error: {path} cannot be written: No space left on device\n")
    assert path.read_bytes() == whole
    disk.free()
    assert _run(home, *arguments) == (0, "")
