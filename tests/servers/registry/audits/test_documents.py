"""The page on audits: its commands run against a registry, one after the other."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb

from tests.docs.test_documents import ROOT, blocks
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.scenes import without_proxies
from tests.support.registry_content import RegistryContent
from tests.support.requirements import program, require

ARTIFACTS = 80


def test_commands_run(plain_registry: GoRegistries, tmp_path: Path) -> None:
    """Every command ends as the page says, with 1 where the findings are not said to be none, and writes its files."""
    require("jq")
    content = RegistryContent(4, ARTIFACTS)
    registry = plain_registry.memory(content.write(tmp_path / "content"))
    home = content.home(tmp_path / "home")
    home.add_key(content.signers["data"])
    commands = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    environment = {
        name: value for name, value in home.environment(PATH=commands).items() if name not in without_proxies()
    }
    page = (ROOT / "docs" / "audit.md").read_text().replace("registry.example.com", registry.host)
    script = "".join(blocks(page, "sh")).replace("\\\n", "")
    for line in script.splitlines():
        done = subprocess.run(
            [program("bash"), "-e", "-c", line],
            cwd=tmp_path,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
        )
        has_findings = line.startswith("notarykit audit") and "--fail-on" not in line
        assert done.returncode == int(has_findings), f"{line}\n{done.stdout}\n{done.stderr}"
        for file in re.findall(r"--output-file (\S+)", line):
            assert (tmp_path / file).stat().st_size > 1000, line
    lines = (tmp_path / "merged.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["summary"]["artifacts"] == ARTIFACTS
    signed = [json.loads(line)["reference"] for line in (tmp_path / "signed.journal").read_text().splitlines()[1:]]
    wanted = {
        f"{registry.host}/{artifact.repository}@{artifact.digest}"
        for artifact in content.artifacts
        if artifact.repository.startswith("data/") and artifact.kind == "unsigned" and artifact.tag
    }
    assert 0 < len(wanted) < len(signed) == len(set(signed))
    assert wanted <= set(signed)
    _check_parquet(page, tmp_path, environment)


def _check_parquet(page: str, folder: Path, environment: dict[str, str]) -> None:
    """Runs the page's Python, and compares what it wrote with the audit that it was made of."""
    (code,) = blocks(page, "python")
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)
    records = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    wanted = sorted((record["digest"], record["verdict"], len(record["signatures"])) for record in records[1:-1])
    query = f"SELECT digest, verdict, len(signatures) FROM '{folder / 'audit.parquet'}' ORDER BY digest"
    assert duckdb.connect().execute(query).fetchall() == wanted
