"""Commands on a Dask cluster of real processes (`--dask`): the same output, also when one of two workers is killed."""

import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_documents import ROOT
from tests.servers.dask.cluster import Cluster
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import SECONDS_TO_END, run, without_proxies
from tests.support.homes import Home
from tests.support.registry_content import RegistryContent

ARTIFACTS = 400
_BEFORE_THE_KILL = 40


@pytest.fixture(scope="module")
def content() -> RegistryContent:
    """Content of which each artifact has another digest, and whose signatures are of every usual kind."""
    return RegistryContent(8, ARTIFACTS)


@pytest.fixture
def home(content: RegistryContent, tmp_path: Path) -> Home:
    """Settings with which the teams are trusted."""
    return content.home(tmp_path / "home")


@pytest.fixture
def registry(registries: GoRegistries, content: RegistryContent, tmp_path: Path) -> Registry:
    """A registry with the content."""
    return registries.memory(content.write(tmp_path / "content"))


def _killed_in_the_middle(cluster: Cluster, home: Home, *arguments: str) -> "tuple[int, list[dict[str, Any]], str]":
    """Runs a command, kills a worker while outcomes come; returns its exit code, JSON Lines and standard error."""
    command = [sys.executable, "-m", "notarykit.cli", *arguments, "--output", "jsonl", "--dask", cluster.address]
    environment = {name: value for name, value in home.environment().items() if name not in without_proxies()}
    with tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=err, text=True)
        assert process.stdout is not None
        with process.stdout as stdout:
            lines = [stdout.readline() for _ in range(_BEFORE_THE_KILL)]
            assert process.poll() is None
            cluster.workers[0].kill()
            lines += stdout
        process.wait(SECONDS_TO_END)
        err.seek(0)
        return process.returncode, [json.loads(line) for line in lines], err.read()


def _without_times(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the records of an audit without the time at which each was made."""
    return [{name: value for name, value in line.items() if name != "auditedAt"} for line in lines]


def test_audit_whose_worker_is_killed(cluster: Cluster, registry: Registry, home: Home, tmp_path: Path) -> None:
    """The inventory has each artifact once, with the record that this machine alone makes."""
    file = tmp_path / "audit.jsonl"
    code, lines, err = _killed_in_the_middle(cluster, home, "audit", registry.host, "--output-file", str(file))
    alone = run(home, "audit", registry.host, "--output", "jsonl")
    _, *expected, summary = map(json.loads, alone.stdout.splitlines())
    _, *records, merged = lines
    assert (code, err) == (1, "")
    assert len(records) == ARTIFACTS
    assert _without_times(records) == _without_times(expected)
    assert merged["summary"]["verdicts"] == summary["summary"]["verdicts"]
    assert [json.loads(line) for line in file.read_text().splitlines()] == lines


def test_verify_whose_worker_is_killed(
    cluster: Cluster, registry: Registry, content: RegistryContent, home: Home, tmp_path: Path
) -> None:
    """Each reference has one line, in its order, and the errors are those of this machine alone."""
    references = tmp_path / "references"
    references.write_text("".join(f"{reference}\n" for reference in [*content.references(registry.host), "nonsense"]))
    code, lines, err = _killed_in_the_middle(cluster, home, "verify", "--from", str(references))
    alone = run(home, "verify", "--from", str(references), "--output", "jsonl")
    assert (code, err) == (1, alone.stderr)
    assert lines == [json.loads(line) for line in alone.stdout.splitlines()]
    assert len(lines) == ARTIFACTS + 1
    assert f"{ARTIFACTS + 1} references: " in err


def test_one_reference_goes_to_the_cluster_too(
    cluster: Cluster, registry: Registry, content: RegistryContent, home: Home
) -> None:
    """Credentials of the command line are refused for one reference as for many, since they would be sent."""
    (reference, *_) = content.references(registry.host)
    arguments = ("verify", "--dask", cluster.address, reference)
    assert run(home, *arguments).stdout == f"Successfully verified signature for {reference}\n"
    for done in (
        run(home, *arguments, NOTATION_USERNAME="tester", NOTATION_PASSWORD="swordfish"),
        run(home, "audit", registry.host, "--dask", cluster.address, "-u", "tester", "-p", "swordfish"),
    ):
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Error: credentials for registries are not sent to other machines: store them")
        assert "swordfish" not in done.stderr


def test_documented_command_runs(cluster: Cluster, registry: Registry, home: Home) -> None:
    """The audit on a cluster that the page shows runs as it stands there."""
    page = (ROOT / "docs" / "audit.md").read_text()
    (line,) = re.findall(r"^notarykit (.*--dask.*)$", page, re.MULTILINE)
    words = shlex.split(line.replace("registry.example.com", registry.host))
    words = [cluster.address if word.startswith("tcp://") else word for word in words]
    file = home.folder / words[-1]
    assert run(home, *words[:-1], str(file)).returncode == 1
    assert len(file.read_text().splitlines()) == ARTIFACTS + 2
