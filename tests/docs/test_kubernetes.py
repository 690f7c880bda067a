"""Kubernetes manifests of the documents: Kubernetes' own types and pod security accept them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_documents import ROOT
from tests.support.kubernetes import Manifest, command_of, manifests

FOLDER = ROOT / "docs" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))


def _jobs(path: Path) -> list[Manifest]:
    return [manifest for manifest in manifests(path) if manifest.object["kind"] == "Job"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_manifests_are_decoded_strictly(path: Path, tmp_path: Path) -> None:
    """Every member is one of Kubernetes' types, where a misspelt one is an error."""
    assert _jobs(path)
    changed = tmp_path / path.name
    changed.write_text(path.read_text().replace("restartPolicy:", "restartPolicies:"))
    with pytest.raises(ValueError, match='unknown field "restartPolicies"'):
        manifests(changed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pods_are_restricted(path: Path, tmp_path: Path) -> None:
    """The Pod Security Standard `restricted` admits the pods, and would not without the settings for it."""
    assert [job.forbidden for job in _jobs(path)] == [""]
    changed = tmp_path / path.name
    changed.write_text(path.read_text().replace("runAsNonRoot: true", "runAsNonRoot: false"))
    assert "runAsNonRoot" in _jobs(changed)[0].forbidden


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_volumes_are_those_that_are_mounted(path: Path) -> None:
    """Each volume of a pod is mounted, each mount has its volume, and the configuration is read-only."""
    for job in _jobs(path):
        pod = job.object["spec"]["template"]["spec"]
        mounts = [mount for container in pod["containers"] for mount in container["volumeMounts"]]
        assert {mount["name"] for mount in mounts} == {volume["name"] for volume in pod["volumes"]}
        assert all(mount["readOnly"] for mount in mounts if mount["mountPath"].startswith("/etc/"))


def test_shards_are_those_of_the_job() -> None:
    """The number of shards in the command is the number of indexes, each of which has one shard and one file."""
    (job,) = _jobs(FOLDER / "audit-job.yaml")
    spec: Mapping[str, Any] = job.object["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    commands = [command_of(container, {"JOB_COMPLETION_INDEX": str(index)}) for index in range(spec["completions"])]
    shards = [next(text for text in command if text.startswith("--shard=")) for command in commands]
    assert shards == [f"--shard={index}/{spec['completions']}" for index in range(spec["completions"])]
    assert len({tuple(command) for command in commands}) == spec["completions"]


def test_commands_are_expanded_as_kubernetes_does() -> None:
    """Variables are expanded where they are known, and two dollar signs are one."""
    container = {"command": ["a", "$(INDEX)/8"], "args": ["$$(INDEX)", "$(OTHER)", "$INDEX", "x$(INDEX)y$(INDEX)"]}
    assert command_of(container, {"INDEX": "3"}) == ["a", "3/8", "$(INDEX)", "$(OTHER)", "$INDEX", "x3y3"]
