"""Several writers at once: nothing that one of them wrote is lost to another."""

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from tests.faults.starters import run_at_once, start, wait_for_a_waiter
from tests.support.ca import make_chain
from tests.support.homes import SCOPE, Home, complete_home
from tests.support.layouts import Layout, add_artifact, make_layout, read_index
from tests.support.signatures import damaged_blobs, signature_manifests

SIGNERS = 8

_HOLDER = """
import sys
from notarykit._internal import locks
with locks.locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Settings with a key that signs."""
    return complete_home(tmp_path / "home", make_chain("EC-256", 2))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A layout with one artifact."""
    return make_layout(tmp_path / "layout")


def test_concurrent_processes_keep_all_signatures(home: Home, layout: Layout) -> None:
    """Signatures by several processes in one layout are all present and valid."""
    other = add_artifact(layout.path, "v2").digest
    digests = [layout.digest, other] * (SIGNERS // 2)
    formats = ["jws", "jws", "cose", "cose"] * (SIGNERS // 4)
    commands = [
        ["sign", "--oci-layout", "-m", f"signer={number}", "--signature-format", short, f"{layout.path}@{digest}"]
        for number, (digest, short) in enumerate(zip(digests, formats, strict=True))
    ]
    ends = run_at_once(commands, home.environment(), layout.path)
    assert [(end.code, end.err) for end in ends] == [(0, "")] * SIGNERS
    assert len(set(signature_manifests(layout.path))) == SIGNERS
    assert damaged_blobs(layout.path) == []
    verify = [sys.executable, "-m", "notarykit.cli", "verify", "--oci-layout", "--scope", SCOPE]
    for number, digest in enumerate(digests):
        command = [*verify, "-m", f"signer={number}", f"{layout.path}@{digest}"]
        done = subprocess.run(command, env=home.environment(), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_concurrent_threads_share_a_signer(home: Home, layout: Layout) -> None:
    """One signer and one layout object serve several threads."""
    signer = LocalSigner.from_files(str(home.folder / "build.key"), str(home.folder / "build.chain.pem"))
    place = ImageLayout(layout.path)

    def sign(number: int) -> str:
        return sign_artifact(
            place, layout.digest, signer, SignOptions(user_metadata={"signer": str(number)})
        ).manifest.digest

    with ThreadPoolExecutor(SIGNERS) as pool:
        made = list(pool.map(sign, range(4 * SIGNERS)))
    assert sorted(signature_manifests(layout.path)) == sorted(made)
    assert len(set(made)) == 4 * SIGNERS
    assert len(read_index(layout.path)["manifests"]) == 1 + 4 * SIGNERS


def test_concurrent_key_changes_are_all_kept(home: Home) -> None:
    """Keys added and deleted concurrently are all added and deleted."""
    commands = [["key", "add", "--plugin", "local-file", "--id", "1", f"key{number}"] for number in range(SIGNERS)]
    ends = run_at_once([*commands, ["key", "delete", "build"]], home.environment(), home.folder)
    assert [(end.code, end.err) for end in ends] == [(0, "")] * (SIGNERS + 1)
    keys = json.loads(home.keys_file.read_bytes())
    assert sorted(key["name"] for key in keys["keys"]) == [f"key{number}" for number in range(SIGNERS)]
    assert "default" not in keys


def test_one_of_concurrent_keys_of_a_name_is_added(home: Home) -> None:
    """Exactly one of several keys of the same name is added."""
    ends = run_at_once(
        [["key", "add", "--plugin", "local-file", "--id", "1", "same"]] * SIGNERS, home.environment(), home.folder
    )
    assert sorted(end.code for end in ends) == [0, *[4] * (SIGNERS - 1)]
    keys = json.loads(home.keys_file.read_bytes())["keys"]
    assert [key["name"] for key in keys] == ["build", "same"]


def test_one_of_concurrent_certificates_of_a_name_is_added(tmp_path: Path, home: Home) -> None:
    """Exactly one of several certificates of the same name is added, and it is whole."""
    commands = []
    for number in range(SIGNERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "root.pem").write_bytes(make_chain().pems[-1])
        commands.append(["certificate", "add", "-t", "ca", "-s", "new", str(folder / "root.pem")])
    ends = run_at_once(commands, home.environment(), home.store("new"))
    assert sorted(end.code for end in ends) == [0, *[2] * (SIGNERS - 1)]
    (winner,) = [number for number, end in enumerate(ends) if end.code == 0]
    assert [each.name for each in home.store("new").iterdir()] == ["root.pem"]
    assert (home.store("new") / "root.pem").read_bytes() == (tmp_path / str(winner) / "root.pem").read_bytes()


def test_lock_of_a_killed_process_is_released(home: Home, layout: Layout) -> None:
    """A writer waits for the lock's holder, and continues once that process is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, layout.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "held\n"
    waiting = start(["sign", "--oci-layout", f"{layout.path}@{layout.digest}"], home.environment())
    wait_for_a_waiter(waiting, layout.path)
    assert signature_manifests(layout.path) == []
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, err) == (0, "")
    assert out == f"Successfully signed {layout.path}@{layout.digest}\n"
    assert len(signature_manifests(layout.path)) == 1
