"""The page on multi-platform images: its commands and its example run, one after the other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_documents import ROOT, blocks
from tests.support.layouts import add_image_index, make_layout
from tests.support.requirements import program

PAGE = (ROOT / "docs" / "multi-arch.md").read_text()
_PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")


@pytest.fixture
def digests(tmp_path: Path) -> dict[str, str]:
    """Digests of the index v1 in the layout `app`, and of its manifests."""
    make_layout(tmp_path / "app", "other")
    return add_image_index(tmp_path / "app", "v1", _PLATFORMS)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Environment of a user whose key signs and is trusted."""
    commands = os.path.dirname(sys.executable)
    return {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def _run(folder: Path, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_commands_and_example_run(tmp_path: Path, environment: dict[str, str], digests: dict[str, str]) -> None:
    """Every block runs, and prints what the page says of it for each part of the index."""
    bash, notarykit = program("bash"), os.path.join(os.path.dirname(sys.executable), "notarykit")
    _run(tmp_path, environment, notarykit, "certificate", "generate-test", "--default", "acme")
    identity = ("--trusted-identity", "x509.subject: C=US, ST=WA, O=Notary")
    _run(tmp_path, environment, notarykit, "policy", "init", "--name", "all", "--trust-store", "ca:acme", *identity)
    everything, one, skipping = (_run(tmp_path, environment, bash, "-ec", block) for block in blocks(PAGE, "sh"))
    for digest in digests.values():
        assert f"Successfully signed app@{digest}" in everything
        assert f"Successfully verified signature for app@{digest}" in everything
    assert one.count(f"app@{digests['linux/arm64']} (linux/arm64)") == 2
    assert digests["index"] not in one
    assert skipping.count("Already signed ") == skipping.count("\n") == 4
    (example,) = blocks(PAGE, "python")
    assert _run(tmp_path, environment, sys.executable, "-c", example).splitlines() == [
        f"{'index' if name == 'index' else name} {digests[name]}" for name in ("index", *_PLATFORMS)
    ]
