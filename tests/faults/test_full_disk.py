"""A disk that is full: 3, one line, the old state untouched, and everything works again when there is room."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.disks import Disk, mounted, mounted_apart
from tests.support.ca import make_chain
from tests.support.homes import OTHER_IDENTITY, SCOPE, Home, blob_policy_document, complete_home, policy_document
from tests.support.layouts import make_layout
from tests.support.requirements import leave_out
from tests.support.signatures import damaged_blobs, signature_manifests

OPTIONS = "size=256k,nr_inodes=64"
ENOUGH_PAGES = 12


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
        reason = f"needs a file system to mount: {'; '.join(reasons)}"
        leave_out(reason, "run the tests as root")


def _run(home: Home, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "notarykit.cli", *arguments]
    done = subprocess.run(command, env=home.environment(), input="", capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def _fails(home: Home, *arguments: str) -> None:
    """Runs a command that must say in one line that there is no room."""
    code, _, err = _run(home, *arguments)
    lines = [line for line in err.splitlines() if not line.startswith("Warning: existing ")]
    assert code == 3
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    assert lines[0].endswith(" cannot be written: No space left on device")


def _state(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


def test_signing(tmp_path: Path, disk: Disk) -> None:
    """With any amount of room that is too little, the layout's index and its old signature stay as they were."""
    home = complete_home(tmp_path / "home", make_chain("EC-256", 3))
    layout = make_layout(disk.path / "layout")
    reference = f"{layout.path}@{layout.digest}"
    verify = ("verify", "--oci-layout", "--scope", SCOPE, reference)
    assert _run(home, "sign", "--oci-layout", reference)[0] == 0
    index = (disk.path / "layout" / "index.json").read_bytes()
    failures = 0
    for pages in range(ENOUGH_PAGES):
        disk.fill(pages)
        code, _, err = _run(home, "sign", "--oci-layout", reference)
        if code == 0:
            break
        failures += 1
        assert (code, err.count("\n")) == (3, 1)
        assert err.endswith(" cannot be written: No space left on device\n")
        assert (disk.path / "layout" / "index.json").read_bytes() == index
        assert damaged_blobs(layout.path) == []
        assert _run(home, *verify)[0] == 0
    assert failures >= 3  # no room for the envelope, for the manifest, for the index
    assert len(signature_manifests(layout.path)) == 2
    disk.free()
    assert _run(home, "sign", "--oci-layout", reference)[0] == 0
    assert len(signature_manifests(layout.path)) == 3
    assert _run(home, *verify)[0] == 0


def test_disk_without_inodes_is_a_full_disk(tmp_path: Path, disk: Disk) -> None:
    """A disk without inodes is reported as full, however many bytes are free."""
    home = complete_home(tmp_path / "home", make_chain("EC-256", 3))
    layout = make_layout(disk.path / "layout")
    before = _state(disk.path / "layout")
    disk.use_up_names()
    _fails(home, "sign", "--oci-layout", f"{layout.path}@{layout.digest}")
    assert _state(disk.path / "layout") == before
    disk.free()
    assert _run(home, "sign", "--oci-layout", f"{layout.path}@{layout.digest}")[0] == 0


def _import(home: Home, source: Path) -> list[str]:
    (source / "new.json").write_text(json.dumps(policy_document([OTHER_IDENTITY])))
    return ["policy", "import", "--force", str(source / "new.json")]


def _import_blob_policy(home: Home, source: Path) -> list[str]:
    home.set_blob_policy()
    (source / "new.json").write_text(json.dumps(blob_policy_document("new")))
    return ["blob", "policy", "import", "--force", str(source / "new.json")]


def _add_certificate(_: Home, source: Path) -> list[str]:
    (source / "new.pem").write_bytes(make_chain().pems[-1])
    return ["certificate", "add", "-t", "ca", "-s", "tests", str(source / "new.pem")]


@pytest.mark.parametrize(
    "prepare",
    [
        lambda *_: ["key", "add", "--plugin", "local-file", "--id", "1", "far"],
        lambda *_: ["key", "delete", "build"],
        _import,
        _import_blob_policy,
    ],
    ids=["key add", "key delete", "policy import", "blob policy import"],
)
def test_full_disk_keeps_the_settings(tmp_path: Path, disk: Disk, prepare: Callable[[Home, Path], list[str]]) -> None:
    """Settings on a full disk stay as they are, to the byte, until there is room."""
    home = complete_home(disk.path / "home", make_chain("EC-256", 2))
    command = prepare(home, tmp_path)
    before = _state(home.folder)
    disk.fill(0)
    _fails(home, *command)
    assert _state(home.folder) == before
    disk.free()
    assert _run(home, *command)[0] == 0
    assert _state(home.folder) != before


def test_full_disk_keeps_partial_certificates_out(tmp_path: Path, disk: Disk) -> None:
    """A certificate that finds no room is not partly in the trust store."""
    home = complete_home(disk.path / "home", make_chain("EC-256", 2))
    command = _add_certificate(home, tmp_path)
    before = _state(home.folder)
    disk.fill(0)
    _fails(home, *command)
    assert _state(home.folder) == before
    disk.free()
    assert _run(home, *command)[0] == 0


def test_reading_works_on_a_full_disk(tmp_path: Path, disk: Disk) -> None:
    """Commands that only read work on a full disk."""
    home = complete_home(disk.path / "home", make_chain("EC-256", 2))
    layout = make_layout(disk.path / "layout")
    reference = f"{layout.path}@{layout.digest}"
    assert _run(home, "sign", "--oci-layout", reference)[0] == 0
    disk.fill(0)
    for command in (
        ("verify", "--oci-layout", "--scope", SCOPE, reference),
        ("list", "--oci-layout", reference),
        ("inspect", "--oci-layout", reference),
        ("key", "list"),
        ("certificate", "list"),
        ("policy", "show"),
    ):
        code, _, err = _run(home, *command)
        assert (code, err) == (0, "")
