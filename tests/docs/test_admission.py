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
from notarykit_admission.policy.rules import Mode, parse_rules
from tests.docs.test_documents import ROOT, blocks
from tests.servers.registry.conftest import registry_ca, registry_program, stack
from tests.servers.registry.program import GoRegistries
from tests.support.ports import free_port
from tests.support.registries import push_artifacts
from tests.support.requirements import program, require

__all__ = ["registry_ca", "registry_program", "stack"]

PAGE = (ROOT / "docs" / "admission.md").read_text()
# What others say, or what is seen elsewhere than in a message.
_FOREIGN = ("failed calling webhook", "no endpoints available", "/readyz")


def section(title: str) -> str:
    """Returns a section of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture
def image(stack: contextlib.ExitStack, registry_ca: Any, registry_program: str) -> str:
    """Reference by digest to an image in a registry."""
    registry = GoRegistries(stack, registry_ca, registry_program).memory()
    (digest,) = push_artifacts(registry.address, "hello", ["v1"])
    return f"{registry.host}/hello@{digest}"


def test_program_runs_without_a_cluster(tmp_path: Path, image: str) -> None:
    """The commands for a machine without a cluster run word for word, but for the port, and verify an image."""
    require("openssl")
    commands = os.path.dirname(sys.executable)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path), "IMAGE": image}
    port = str(free_port())
    script = "".join(blocks(section("Without a cluster"), "sh")).replace("8443", port)
    done = subprocess.run(
        [program("bash"), "-ec", f"trap 'kill %1; wait %1' EXIT\n{script}"],
        cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert f"Successfully signed {image}" in done.stdout
    answer = json.loads(done.stdout.splitlines()[-1])
    schema = json.loads((ROOT / "docs" / "schema" / "verify.json").read_text())
    jsonschema.validate(answer, schema)
    assert "results" in answer, done.stderr
    (result,) = answer["results"]
    assert (result["reference"], result["verdict"]) == (image, "verified")


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
    """Each message of the page is one that the program makes; those of others are few."""
    sources = "\n".join(
        path.read_text()
        for path in itertools.chain(*((ROOT / name / "src").rglob("*.py") for name in ("core", "admission")))
    )
    # A message may stand there in several strings, with values in it.
    text = re.sub(r'"\s*\n\s*f?"', "", sources)
    rows = re.findall(r"^\| (`[^|]+) \|", section("Messages"), re.MULTILINE)
    assert len(rows) >= 12
    for message in itertools.chain(*(re.findall("`([^`]+)`", row) for row in rows)):
        if any(each in message for each in _FOREIGN):
            continue
        for part in re.split("…|[0-9]+", message):
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
