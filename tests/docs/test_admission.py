"""The page on admission: its commands run, its examples are read by the program, its messages are the program's own."""

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import notarykit
from notarykit_admission.judging.decision import Outcome
from notarykit_admission.policy.rules import Mode, parse_rules
from notarykit_admission.review.review import Consequence
from notarykit_admission.telemetry.verdicts import VerdictLine
from tests.docs.test_documents import ROOT, blocks
from tests.servers.registry.conftest import registry_ca, registry_program, stack
from tests.servers.registry.program import GoRegistries
from tests.support.ports import free_port
from tests.support.registries import push_artifacts
from tests.support.requirements import program, require

__all__ = ["registry_ca", "registry_program", "stack"]

_PROGRAM = os.path.join(os.path.dirname(sys.executable), "notarykit-admission")
PAGE = (ROOT / "docs" / "admission.md").read_text()
_METRICS = "curl --silent --cacert server.crt https://localhost:8443/metrics"


def section(title: str) -> str:
    """Returns a section of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _rows(head: str, column: int) -> list[str]:
    """Returns a column of the page's table whose first column has a name."""
    table = PAGE.partition(f"\n| {head} |")[2].partition("\n\n")[0]
    return [row.split(" | ")[column] for row in table.splitlines()[2:]]


@pytest.fixture
def image(stack: contextlib.ExitStack, registry_ca: Any, registry_program: str) -> str:
    """Reference by digest to an image in a registry."""
    registry = GoRegistries(stack, registry_ca, registry_program).memory()
    (digest,) = push_artifacts(registry.address, "hello", ["v1"])
    return f"{registry.host}/hello@{digest}"


def test_program_runs_without_a_cluster(tmp_path: Path, image: str) -> None:
    """The commands for a machine without a cluster run word for word, but for the port, and verify an image."""
    require("curl", "openssl")
    commands = os.path.dirname(sys.executable)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "IMAGE": image}
    port = str(free_port())
    script = "".join(blocks(section("Without a cluster"), "sh")).replace("8443", port)
    done = subprocess.run(
        [program("bash"), "-ec", f"trap 'kill %1; wait %1' EXIT\n{script}\necho\n{_METRICS.replace('8443', port)}"],
        cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert f"Successfully signed {image}" in done.stdout
    (line,) = re.findall(r"^.*\{.*\}$", done.stdout.partition("# HELP")[0], re.MULTILINE)
    answer = json.loads(line)
    schema = json.loads((ROOT / "docs" / "schema" / "verify.json").read_text())
    jsonschema.validate(answer, schema)
    assert "results" in answer, done.stderr
    (result,) = answer["results"]
    assert (result["reference"], result["verdict"]) == (image, "verified")
    found = re.findall(r"^# TYPE notarykit_admission_(\w+)", done.stdout, re.MULTILINE)
    assert set(found) == set(re.findall("`([a-z_]+)`", "".join(_rows("metric", column=0))))


def _documents() -> Iterator[dict[str, Any]]:
    yield from map(json.loads, blocks(PAGE, "json"))


def test_examples_are_read() -> None:
    """The trust policy and the rules of the page are read as the program reads them, and mean what the page says."""
    policy, rules = _documents()
    document = notarykit.parse_policy_document(json.dumps(policy).encode())
    assert document.applicable("registry.example.com/hello").name == "acme"
    parsed = parse_rules(json.dumps(rules).encode(), "rules.json")
    assert parsed.of("dev").mode is Mode.WARN
    assert parsed.of("bank").exempt == ()
    assert parsed.of("other").exempts("registry.k8s.io/pause:3.10")


def test_messages_are_our_own() -> None:
    """Each message that the page calls the program's is one that it makes."""
    sources = "\n".join(
        path.read_text()
        for path in itertools.chain(*((ROOT / name / "src").rglob("*.py") for name in ("core", "admission")))
    )
    # A message may stand there in several strings, with values in it.
    text = re.sub(r'"\s*\n\s*f?"', "", sources)
    rows = re.findall(r"^\| (`[^|]+) \|", section("Messages").partition("\n### ")[0], re.MULTILINE)
    assert len(rows) >= 12
    for message in itertools.chain(*(re.findall("`([^`]+)`", row) for row in rows)):
        if message.startswith("/"):
            continue
        for part in re.split("…|[0-9]+|ready, ", message):
            assert part.strip() in text, message


def test_policies_call_what_the_page_installs() -> None:
    """The page speaks of each file for Gatekeeper and Kyverno, and these call the Service that its commands make."""
    files = sorted(path.relative_to(ROOT) for path in ROOT.glob("admission/deploy/*/*.yaml"))
    assert [path.name for path in files if path.name not in PAGE] == []
    install = section("Kubernetes' own webhooks")
    found = re.search(r"helm install (\S+) [^`]*?--namespace (\S+)", install)
    assert found
    hosts = {host for path in files for host in re.findall(r"https://([a-z.-]+)/", (ROOT / path).read_text())}
    assert hosts == {f"{found[1]}.{found[2]}.svc"}
    mentioned = re.findall(r"(?:admission|charts)/[\w./-]+\.yaml", PAGE)
    assert mentioned
    assert [path for path in mentioned if not (ROOT / path).exists()] == []


def test_flags_are_those_of_the_program() -> None:
    """The page has each flag of the program, and no other."""
    done = subprocess.run([_PROGRAM, "--help"], capture_output=True, text=True, check=True)
    flags = set(re.findall(r"^ +(?:-h, )?(--[a-z-]+)", done.stdout.partition("\noptions:")[2], re.MULTILINE))
    assert len(flags) > 10
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", "".join(_rows("flag", column=0)))) == flags
    for flag in re.findall(r"notarykit-admission((?: --[a-z-]+(?: [^-\s]\S*)?)+)", section("Without a cluster")):
        assert set(re.findall("--[a-z-]+", flag)) <= flags


def test_members_of_the_log_are_those_of_the_program() -> None:
    """The line of the log on the page has members that the program writes."""
    (line,) = (block for block in blocks(PAGE, "text") if '"event":"verdict"' in block)
    members = json.loads(line.replace("\n", ""))
    assert members.keys() <= set(VerdictLine.__struct_fields__)
    assert (members["outcome"], members["consequence"]) == (Outcome.REFUSED, Consequence.DENIED)


def test_ca_gets_into_both_providers() -> None:
    """The page's command puts the CA into each of Gatekeeper's providers."""
    found = re.search(r"^(sed .*) \| kubectl apply", section("Gatekeeper"), re.MULTILINE)
    assert found
    command = [program("bash"), "-ec", found[1]]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "CA": "Q0E="}, text=True, capture_output=True, check=True
    )
    assert re.findall("^  caBundle: (.*)$", done.stdout, re.MULTILINE) == ["Q0E="] * done.stdout.count("kind: Provider")
    assert done.stdout.count("kind: Provider") == 2
