"""Runs of `notarykit plugin doctor pkcs11`, whose output never contains the PIN."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from notarykit.plugin import FAILED, WARNING
from tests.servers.pkcs11.executable import environment
from tests.servers.pkcs11.token import Token

_SECONDS = 300.0


class Diagnosis(NamedTuple):
    """Result of one run.

    Attributes:
        code: Exit code.
        findings: Step, result, detail and advice of each finding.
        text: All output.
    """

    code: int
    findings: list[dict[str, str]]
    text: str

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Step and result of each finding."""
        return [(finding["step"], finding["result"]) for finding in self.findings]

    def of(self, step: str) -> list[tuple[str, str]]:
        """Returns result and detail of each finding of a step."""
        return [(finding["result"], finding["detail"]) for finding in self.findings if finding["step"] == step]

    def the(self, step: str) -> str:
        """Returns result, detail and advice of the only finding of a step."""
        (finding,) = (finding for finding in self.findings if finding["step"] == step)
        return f"{finding['result']} {finding['detail']} | {finding['advice']}"


def run_doctor(variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command."""
    return subprocess.run(
        [sys.executable, "-m", "notarykit.cli", "plugin", "doctor", "pkcs11", *arguments],
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def diagnose(variables: Mapping[str, str], key_id: str = "", *arguments: str) -> Diagnosis:
    """Returns the findings, after a check of their form, the exit code and the secrecy of the PIN."""
    key = ("--key-id", key_id) if key_id else ()
    done = run_doctor(variables, "--output", "json", *key, *arguments)
    text = done.stdout + done.stderr
    if pin := variables.get("PKCS11_PIN"):
        assert pin not in text
        assert json.dumps(pin)[1:-1] not in text
    members: dict[str, Any] = json.loads(done.stdout)
    assert (set(members), members["plugin"], done.stderr) == ({"plugin", "findings"}, "pkcs11", "")
    findings = members["findings"]
    assert all(set(finding) == {"step", "result", "detail", "advice"} for finding in findings)
    assert all(finding["advice"] for finding in findings if finding["result"] == WARNING)
    assert done.returncode == (4 if any(finding["result"] == FAILED for finding in findings) else 0)
    return Diagnosis(done.returncode, findings, text)


def key_uri(token: Token, spec: str) -> str:
    """Returns the URI of a token's key for a spec."""
    return f"pkcs11:token={quote(token.label)};object={spec}"
