"""Audits by the command line in a process of its own."""

import json
import subprocess
from typing import Any

from tests.cli.test_json import schema
from tests.servers.registry.scenes import run
from tests.support.homes import Home

REPOSITORIES, ARTIFACTS = 6, 120


def audit(home: Home, code: int, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs an audit, which must end with an exit code."""
    done = run(home, "audit", *arguments, **variables)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def parsed(text: str) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]]:
    """Returns header, records, changes and summary of an audit in JSON Lines, which conform to the schema."""
    lines = [json.loads(line) for line in text.splitlines()]
    checker = schema("audit")
    for line in lines:
        checker.validate(line)
    header, *others, summary = lines
    records = [line for line in others if "change" not in line]
    return header["audit"], records, [line["change"] for line in others if "change" in line], summary["summary"]
