"""The page on bundles: its commands and its example run, one after the other."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_documents import ROOT, blocks
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.program import GoRegistries, build
from tests.support.ca import TestChain
from tests.support.crls import make_crl
from tests.support.homes import Home, complete_home, policy_document
from tests.support.layouts import make_layout
from tests.support.ocsp_answers import responding
from tests.support.requirements import program, require
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain

PAGE = (ROOT / "docs" / "air-gap.md").read_text()


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A signer's chain whose leaf can be looked up by OCSP and whose intermediate by its CRL."""
    chain = revocable_chain(responder.url(), ocsp_at={1: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    responder.put(crl_path(1), make_crl(chain, 2))
    return chain


@pytest.fixture
def home(tmp_path: Path, chain: TestChain) -> Home:
    """Settings under which the artifact of the page was signed."""
    home = complete_home(tmp_path / ".config" / "notation", chain)
    home.set_policy(policy_document())
    layout = make_layout(tmp_path / "hello")
    reference = f"{layout.path}@{layout.digest}"
    command = [sys.executable, "-m", "notarykit.cli", "sign", "--oci-layout", reference]
    subprocess.run(command, env=home.environment(), check=True, capture_output=True)
    return home


@pytest.fixture
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The registry on the other side."""
    with contextlib.ExitStack() as stack:
        ca = RegistryCA(str(tmp_path_factory.mktemp("ca")))
        yield GoRegistries(stack, ca, build()).memory().host


def test_commands_run(tmp_path: Path, home: Home, registry: str) -> None:
    """Every shell block runs, and tells what the page says."""
    require("jq")
    commands = os.path.dirname(sys.executable)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "REGISTRY": registry}
    said = []
    for block in blocks(PAGE, "sh"):
        done = subprocess.run(
            [program("bash"), "-e", "-c", block], cwd=tmp_path, env=environment, text=True, capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    assert sum("Successfully verified signature for" in text for text in said) == 4
    assert any("Successfully created the bundle hello.tar" in text for text in said)
    assert any("Successfully refreshed the bundle hello.tar" in text for text in said)
    assert any(text.startswith(f"Pushed {registry}/hello@sha256:") for text in said)


def test_example_runs(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python block runs."""
    for name, value in home.environment(NOTATION_CACHE=str(tmp_path / "cache")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    for block in blocks(PAGE, "python"):
        exec(compile(block, "air-gap.md", "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("20")
    assert second.startswith("local/hello@sha256:")
