"""Audits of real registries: every artifact once, with the verdict that `verify` comes to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.registry.audits.commands import ARTIFACTS, REPOSITORIES, audit, parsed
from tests.servers.registry.docker import DockerRegistries
from tests.servers.registry.factories import FaultProxies, TokenServers
from tests.servers.registry.fault_proxy import Exchange
from tests.servers.registry.faults import at
from tests.servers.registry.program import GoRegistries
from tests.servers.registry.running import CREDENTIALS, Registry
from tests.servers.registry.scenes import run
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home, complete_home
from tests.support.registries import push_artifacts
from tests.support.registry_content import Artifact, RegistryContent


def _key(artifact: Artifact) -> tuple[str, str]:
    return artifact.repository, str(artifact.digest)


def test_every_artifact_has_the_verdict_of_verify(registry: Registry, content: RegistryContent, home: Home) -> None:
    """The inventory has each artifact once, with its tag, its index and its signers, and verify agrees."""
    done = audit(home, 1, registry.host, "--output", "jsonl")
    header, records, changes, summary = parsed(done.stdout)
    found = {(record["repository"], record["digest"]): record for record in records}
    assert (len(found), len(records), changes) == (ARTIFACTS, ARTIFACTS, [])
    assert header["registries"] == [registry.host]
    assert (summary["repositories"], summary["artifacts"]) == (REPOSITORIES, ARTIFACTS)
    for artifact in content.artifacts:
        record = found[_key(artifact)]
        assert record["verdict"] == artifact.verdict
        assert record["tags"] == ([artifact.tag] if artifact.tag else [])
        assert record["parent"] == artifact.parent
        signers = [content.signers[signer].certificates[0].subject.rfc4514_string() for signer in artifact.signers]
        assert sorted(signature["signer"] for signature in record["signatures"]) == sorted(signers)
    references = [reference for reference, _ in zip(content.references(registry.host), range(40), strict=False)]
    verified = run(home, "verify", "--output", "json", *references)
    for result in json.loads(verified.stdout)["results"]:
        record = found[tuple(result["reference"].removeprefix(f"{registry.host}/").split("@"))]
        assert record["verdict"].replace("unsigned", "failed") == result["verdict"]
        assert record["reason"] == (result["error"]["message"] if "error" in result else "")


def test_all_outputs_at_once(registry: Registry, home: Home, tmp_path: Path) -> None:
    """One audit writes every format, and the table has the counts."""
    files = [tmp_path / f"audit.{form}" for form in ("jsonl", "csv", "sarif", "html")]
    done = audit(home, 1, registry.host, *(word for file in files for word in ("--output-file", str(file))))
    _, records, _, summary = parsed(files[0].read_text())
    assert summary["verdicts"]["failed"] == sum(record["verdict"] == "failed" for record in records) > 0
    assert len(files[1].read_text().splitlines()) == ARTIFACTS + 1
    (log,) = json.loads(files[2].read_text())["runs"]
    assert (
        sum(result["ruleId"] == "signature-not-accepted" for result in log["results"]) == summary["verdicts"]["failed"]
    )
    assert files[3].read_text().startswith("<!DOCTYPE html>")
    assert f"Not accepted ({summary['verdicts']['failed']}):" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "audit.csv", "audit.html", "audit.jsonl", "audit.sarif", "content", "home"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ((), 1),
        (("--fail-on", "none"), 0),
        (("--fail-on", "no-policy,audited"), 0),
        (("--fail-on", "no-policy,unsigned"), 1),
        (("--fail-on", "ends"), 1),
        (("--fail-on", "ends", "--ends-within", "1h"), 0),
    ],
)
def test_exit_code_is_for_what_ci_asks(flags: tuple[str, ...], code: int, registry: Registry, home: Home) -> None:
    """The exit code is 1 for the findings that are named."""
    audit(home, code, f"{registry.host}/data", "--output", "none", *flags)


def test_shards_together_are_theaudit(registry: Registry, home: Home, tmp_path: Path) -> None:
    """Each artifact is in one shard, and the merged file is that of the whole audit but for times and order."""
    files = [str(tmp_path / f"audit-{number}.jsonl") for number in range(3)]
    flags = ("--output", "none", "--fail-on", "none")
    for number, file in enumerate(files):
        audit(home, 0, registry.host, *flags, "--shard", f"{number}/3", "--output-file", file)
    whole, merged = str(tmp_path / "whole.jsonl"), str(tmp_path / "merged.jsonl")
    audit(home, 0, registry.host, *flags, "--output-file", whole)
    audit(home, 0, "merge", *files, *flags, "--output-file", merged)
    (header, records, _, summary), (wanted_header, wanted, _, wanted_summary) = (
        parsed(Path(file).read_text()) for file in (merged, whole)
    )

    def sorted_records(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(({**record, "auditedAt": ""} for record in records), key=lambda record: str(record["digest"]))

    assert sorted_records(records) == sorted_records(wanted)
    assert {**header, "startedAt": ""} == {**wanted_header, "startedAt": ""}
    assert {**summary, "finishedAt": ""} == {**wanted_summary, "finishedAt": ""}
    refused = audit(home, 2, "merge", files[0], files[2])
    assert refused.stderr.startswith("Error: shard 1/3 is missing")
    partial = audit(home, 3, "merge", files[0], files[2], "--partial", *flags)
    assert partial.stderr == "Warning: shard 1/3 is missing\n"


def test_changes_since_anaudit(registry: Registry, content: RegistryContent, home: Home, tmp_path: Path) -> None:
    """What is new, and what is of another verdict since another policy, is told; the rest is not."""
    file = str(tmp_path / "audit.jsonl")
    audit(home, 0, registry.host, "--output-file", file, "--fail-on", "none", "--output", "none")
    (digest,) = push_artifacts(registry.address, "data/app-000", ["new"])
    done = audit(home, 0, registry.host, "--since", file, "--fail-on", "none", "--output", "jsonl")
    _, _, changes, _ = parsed(done.stdout)
    new = {"kind": "new", "reference": f"{registry.host}/data/app-000@{digest}", "before": "", "after": "unsigned"}
    assert changes == [{**new, "ends": None}]
    (home.store() / "root0.pem").unlink()  # of the team data
    done = audit(home, 0, f"{registry.host}/data", "--since", file, "--fail-on", "none", "--output", "jsonl")
    _, _, changes, _ = parsed(done.stdout)
    changed = [change for change in changes if change["kind"] == "changed"]
    assert {(change["before"], change["after"]) for change in changed} == {("verified", "failed")}
    # Another team has signed, too, what is signed twice.
    lost = [artifact for artifact in content.artifacts if artifact.verdict == "verified" and artifact.kind != "twice"]
    assert len(changed) == sum(artifact.repository.startswith("data/") for artifact in lost)


@pytest.mark.parametrize("path", ["data", "data/app-000"])
def test_part_of_a_registry(path: str, registry: Registry, content: RegistryContent, home: Home) -> None:
    """A path selects what is below it, and a repository of that name."""
    done = audit(home, 1, f"{registry.host}/{path}", "--output", "jsonl")
    _, records, _, _ = parsed(done.stdout)
    wanted = {_key(artifact) for artifact in content.artifacts if artifact.repository.startswith(path)}
    assert {(record["repository"], record["digest"]) for record in records} == wanted


def test_repositories_from_a_file(registry: Registry, home: Home, tmp_path: Path) -> None:
    """Lines name repositories; comments and blank lines are left out, and a malformed line is an error."""
    lines = tmp_path / "repositories"
    lines.write_text(f"# two\n{registry.host}/data/app-000\n\n{registry.host}/web/app-003\n")
    _, records, _, _ = parsed(audit(home, 1, "--from", str(lines), "--output", "jsonl").stdout)
    assert {record["repository"] for record in records} == {"data/app-000", "web/app-003"}
    lines.write_text(f"{registry.host}/data/app-000\n{registry.host}\n")
    refused = audit(home, 2, "--from", str(lines))
    assert refused.stderr.startswith(f"Error: {lines}, line 2: '{registry.host}' names a registry and no repository")


def _signed(registry: Registry, folder: Path, chain: TestChain, *flags: str, authorization: str = "") -> Home:
    """Pushes two artifacts and signs the first, and returns the settings that trust the signer."""
    home = complete_home(folder / "signer", chain)
    first, _ = push_artifacts(registry.address, "some/thing", ["v1", "v2"], authorization=authorization)
    assert run(home, "sign", *flags, f"{registry.host}/some/thing@{first}").returncode == 0
    return home


@pytest.mark.parametrize("referrers", [True, False])
def test_go_containerregistry(referrers: bool, plain_registry: GoRegistries, tmp_path: Path) -> None:
    """A registry without filters, or without referrers at all, is audited; the referrers tag is no artifact."""
    registry = plain_registry(referrers=referrers)
    home = _signed(registry, tmp_path, make_chain())
    _, records, _, _ = parsed(audit(home, 0, registry.host, "--output", "jsonl").stdout)
    assert [(record["tags"], record["verdict"]) for record in records] == [(["v1"], "verified"), (["v2"], "unsigned")]


@pytest.mark.parametrize("kind", ["open", "basic", "tokens"])
def test_distribution(kind: str, docker_registry: DockerRegistries, token_server: TokenServers, tmp_path: Path) -> None:
    """CNCF distribution is audited with every way of authentication, its catalogue included."""
    tokens = token_server("ES256") if kind == "tokens" else None
    registry = docker_registry(htpasswd=kind == "basic", tokens=tokens)
    flags = () if kind == "open" else ("-u", CREDENTIALS.name, "-p", CREDENTIALS.password)
    allowed = ""
    if tokens is not None:
        allowed = f"Bearer {tokens.token('repository:some/thing:pull,push')}"
    elif kind == "basic":
        allowed = CREDENTIALS.basic
    home = complete_home(tmp_path / "home", make_chain())
    (home.folder / "config.json").write_text(json.dumps({"insecureRegistries": [tokens.address] if tokens else []}))
    first, _ = push_artifacts(registry.address, "some/thing", ["v1", "v2"], authorization=allowed)
    signed = run(home, "sign", *flags, f"{registry.host}/some/thing@{first}")
    assert signed.returncode == 0, signed.stderr
    _, records, _, _ = parsed(audit(home, 0, registry.host, *flags, "--output", "jsonl").stdout)
    assert sorted((record["tags"], record["verdict"]) for record in records) == [
        (["v1"], "verified"), (["v2"], "unsigned")
    ]  # fmt: skip


def test_registry_without_a_catalogue(registry: Registry, fault_proxy: FaultProxies, home: Home) -> None:
    """The error says what to name, and a repository that is named is audited with a warning."""
    proxy = fault_proxy(registry)
    proxy.fault(_status(404), at("_catalog"))
    done = audit(home, 3, proxy.host)
    assert done.stderr == (
        f"Warning: {proxy.host} has no catalogue of repositories (status 404): "
        "name repositories, as arguments REGISTRY/REPOSITORY or in a file with --from\n"
    )
    done = audit(home, 1, f"{proxy.host}/data/app-000", "--output", "jsonl")
    assert done.stderr == (
        f"Warning: {proxy.host} has no catalogue of repositories (status 404): "
        f"{proxy.host}/data/app-000 is taken for one repository\n"
    )
    assert {record["repository"] for record in parsed(done.stdout)[1]} == {"data/app-000"}


def _status(code: int) -> Callable[[Exchange], None]:
    from tests.servers.registry import faults

    return faults.status(code)
