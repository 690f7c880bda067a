"""The documented Indexed Job, its containers as processes: shards, one of which is killed, and the merge of all."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_documents import ROOT
from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.http_server import Seen
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS
from tests.servers.registry.scenes import SECONDS_TO_END, without_proxies
from tests.support.homes import policy_document
from tests.support.kubernetes import command_of, manifests, mount_config_map
from tests.support.registry_content import STRANGER, RegistryContent

FOLDER = ROOT / "docs" / "kubernetes"
DOCUMENTED = "registry.example.com"
KILLED = 3


class _Job:
    """A Job of a manifest, whose containers have a folder for their root.

    Attributes:
        spec: Its specification.
    """

    def __init__(self, name: str, volumes: Mapping[str, Path], registry: str) -> None:
        """Takes the file, the folder of each volume, and the registry in the place of the documented one."""
        (job,) = [manifest.object for manifest in manifests(FOLDER / name) if manifest.object["kind"] == "Job"]
        self.spec: Mapping[str, Any] = job["spec"]
        (self._container,) = self.spec["template"]["spec"]["containers"]
        self._root = volumes["reports"].with_name(name)
        self._registry = registry
        for mount in self._container["volumeMounts"]:
            self._mount(volumes[mount["name"]], mount)

    def _mount(self, volume: Path, mount: Mapping[str, Any]) -> None:
        place = self._root / mount["mountPath"][1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        source = volume / mount.get("subPath", "")
        if "subPath" not in mount:
            place.symlink_to(source)
        elif source.is_dir():  # what a subPath leads to is mounted itself
            shutil.copytree(source, place)
        else:
            shutil.copy(source, place)

    def start(self, index: str = "") -> subprocess.Popen[str]:
        """Starts the container of an index, with the variables that Kubernetes sets."""
        variables = {"JOB_COMPLETION_INDEX": index} if index else {}
        variables |= {variable["name"]: self._here(variable["value"]) for variable in self._container["env"]}
        program, *arguments = map(self._here, command_of(self._container, variables))
        assert program == "notarykit"
        removed = without_proxies()
        kept = {name: value for name, value in os.environ.items() if name not in removed and "NOTATION" not in name}
        return subprocess.Popen(
            [sys.executable, "-m", "notarykit.cli", *arguments],
            env=kept | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    def _here(self, text: str) -> str:
        tops = "|".join({mount["mountPath"].split("/")[1] for mount in self._container["volumeMounts"]})
        return re.sub(rf"(?<!\w)/(?=(?:{tops})\b)", f"{self._root}/", text).replace(DOCUMENTED, self._registry)


@pytest.fixture(scope="module")
def content() -> RegistryContent:
    """Returns artifacts for all shards."""
    return RegistryContent(4, 120)


@pytest.fixture
def proxy(
    plain_registry: GoRegistries, fault_proxy: FaultProxies, content: RegistryContent, tmp_path: Path
) -> FaultProxy:
    """Returns a server in front of a registry with the artifacts, which wants a password."""
    proxy = fault_proxy(plain_registry.memory(content.write(tmp_path / "content"), page_size=5))
    refused = faults.status(401, WWW_Authenticate='Basic realm="registry"')
    proxy.fault(refused, lambda seen: seen.authorization != CREDENTIALS.basic)
    return proxy


@pytest.fixture
def volumes(content: RegistryContent, proxy: FaultProxy, tmp_path: Path) -> Mapping[str, Path]:
    """Returns the folders of the volumes, the configuration as a ConfigMap has it."""
    folders = {name: tmp_path / name for name in ("notation", "credentials", "reports", "home", "tmp")}
    for folder in folders.values():
        folder.mkdir()
    roots = b"".join(chain.pems[-1] for signer, chain in content.signers.items() if signer != STRANGER)
    configuration = {
        "trustpolicy.json": json.dumps(policy_document(["*"], ["ca:acme"])).encode(),
        "truststore/x509/ca/acme/acme.pem": roots,
    }
    mount_config_map(folders["notation"], configuration)
    login = {"auth": base64.b64encode(":".join(CREDENTIALS).encode()).decode()}
    secret = {"config.json": json.dumps({"auths": {proxy.host: login}}).encode()}
    mount_config_map(folders["credentials"], secret)
    return folders


def _ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, err = process.communicate(timeout=SECONDS_TO_END)
    return process.returncode, err


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().split("\n")[:-1]:
        record = json.loads(line)
        if "digest" in record:
            yield record


def _good_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the records that another audit takes over: what failed is audited again."""
    return (record for record in _records(path) if record["verdict"] == "verified")


def test_shards_have_each_artifact_once(
    proxy: FaultProxy, volumes: Mapping[str, Path], content: RegistryContent
) -> None:
    """The shards of the Job, one of which is killed and tried again, are merged into the inventory of all artifacts."""
    job = _Job("audit-job.yaml", volumes, proxy.host)
    report = volumes["reports"] / f"audit-{KILLED}.jsonl"
    partial = report.with_name(f"{report.name}.partial")

    def is_late(seen: Seen) -> bool:
        return "/blobs/" in seen.path and partial.exists() and any(_good_records(partial))

    gate = proxy.gate()
    gone = proxy.fault(faults.held(gate), is_late)
    killed = job.start(str(KILLED))
    assert gate.reached.wait(SECONDS_TO_END)
    os.kill(killed.pid, signal.SIGKILL)
    assert _ends(killed)[0] == -signal.SIGKILL
    assert not report.exists()
    gate.opened.set()
    gone.times = 0
    taken_over = list(_good_records(partial))
    for index in range(job.spec["completions"]):
        assert _ends(job.start(str(index))) == (0, "")
    assert [record for record in _records(report) if record in taken_over] == taken_over
    assert _ends(_Job("merge-job.yaml", volumes, proxy.host).start()) == (0, "")
    merged = list(_records(volumes["reports"] / "audit.jsonl"))
    verdicts = {(record["repository"], record["digest"]): record["verdict"] for record in merged}
    assert verdicts == {(artifact.repository, artifact.digest): artifact.verdict for artifact in content.artifacts}
    assert len(merged) == len(content.artifacts)
    assert "<html" in (volumes["reports"] / "audit.html").read_text()


def test_configuration_errors_fail_the_job(proxy: FaultProxy, volumes: Mapping[str, Path]) -> None:
    """A container with a malformed trust policy ends with the exit code for which the Job is not tried again."""
    (volumes["notation"] / "..data" / "trustpolicy.json").write_bytes(b"{}")
    job = _Job("audit-job.yaml", volumes, proxy.host)
    code, err = _ends(job.start("0"))
    (rule,) = [rule for rule in job.spec["podFailurePolicy"]["rules"] if rule["action"] == "FailJob"]
    assert code in rule["onExitCodes"]["values"], err
    assert rule["onExitCodes"]["operator"] == "In"
