"""The page on trust policies: its commands and its example run, one after the other."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from notarykit.explanation.lint import __file__ as lint_file
from tests.docs.test_documents import ROOT, blocks
from tests.support.layouts import make_layout
from tests.support.requirements import program

PAGE = (ROOT / "docs" / "policies.md").read_text()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Environment of a user without settings, beside the layout `app`."""
    make_layout(tmp_path / "app")
    commands = os.path.dirname(sys.executable)
    return {"PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def _run(folder: Path, environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_commands_and_example_run(tmp_path: Path, environment: dict[str, str]) -> None:
    """Every block runs, and prints what the page says of it."""
    bash = program("bash")
    _, explained, for_blobs, linted, tested, prefixed, exported = (
        _run(tmp_path, environment, bash, "-ec", block) for block in blocks(PAGE, "sh")
    )
    assert "Statement 'team' applies, at level strict, by the scope 'registry.example.com/team/app'." in explained
    assert "component 2 is 'app' in the scope, and 'other' in the repository" in " ".join(explained.split())
    assert "exit code 1" in explained
    assert explained.endswith("\nVerdict: verified\n")
    assert "Statement 'files' applies, at level strict, since it is the global one." in for_blobs
    assert for_blobs.endswith("\nVerdict: verified\n")
    assert "certificate-ends-soon" in linted
    assert tested.endswith("\n3 passed\n")
    assert "Statement 'tools' applies, at level permissive" in prefixed
    assert "Successfully verified signature" in prefixed
    assert exported == ""
    policy = json.loads((tmp_path / "trustpolicy.json").read_bytes())
    assert (policy["version"], [each["registryScopes"] for each in policy["trustPolicies"]]) == (
        "1.0", [["registry.example.com/team/app"]],
    )  # fmt: skip
    (example,) = blocks(PAGE, "python")
    lines = _run(tmp_path, environment, sys.executable, "-c", example).splitlines()
    assert lines[:2] == ["team registry.example.com/team/*", "3. Validate Integrity enforce"]
    assert "Verified [0]" in lines
    assert "('registry.example.com/team/app',)" in lines
    assert lines[-3:] == [
        "the team's image True",
        "nobody trusts the others True",
        "what we have signed is accepted True",
    ]


def test_page_has_every_rule() -> None:
    """The table of the linter's rules has those of the code, and no others."""
    code = "".join(path.read_text() for path in Path(lint_file).parent.glob("*.py"))
    in_code = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', code))
    table = PAGE.partition("| rule | severity | finding |")[2].partition("\n\n")[0]
    in_page = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", re.sub(r"\|[^|]*\|[^|]*\|$", "", table, flags=re.MULTILINE)))
    assert in_page == in_code
