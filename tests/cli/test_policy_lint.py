"""`policy lint` and `blob policy lint`."""

import json
from pathlib import Path
from typing import Any

from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.homes import IDENTITY, blob_policy_document, policy_document


def _linted(world: World, code: int, *arguments: str) -> list[dict[str, Any]]:
    done = world.run(*arguments, "-o", "json")
    assert (done.code, done.err) == (code, "")
    document = json.loads(done.out)
    schema("policy-lint").validate(document)
    findings: list[dict[str, Any]] = document["findings"]
    return findings


def test_good_policies_have_no_findings(world: World) -> None:
    """A good policy of either kind ends with 0 and one line."""
    world.home.set_blob_policy()
    lint = ("lint", "--ends-within", "1s")
    assert world.did("policy", *lint) == f"{world.home.policy_file}: nothing was found\n"
    assert world.did("blob", "policy", *lint) == f"{world.home.blob_policy_file}: nothing was found\n"
    assert _linted(world, 0, "policy", *lint) == []


def test_errors_come_first_and_end_with_2(world: World) -> None:
    """An error ends with 2, after whose row those of warnings come."""
    Path("new.json").write_text(json.dumps(policy_document(["*"], ["ca:absent"], scopes=["acme/a"])))
    found = _linted(world, 2, "policy", "lint", "new.json")
    assert [(each["severity"], each["rule"]) for each in found] == [
        ("error", "store-cannot-be-read"), ("warning", "any-identity"), ("warning", "registry-unqualified"),
    ]  # fmt: skip
    done = world.run("policy", "lint", "new.json")
    assert done.code == 2
    head, first, *_ = done.out.splitlines()
    assert head.split() == ["SEVERITY", "STATEMENT", "MEMBER", "PROBLEM", "AND", "REMEDY"]
    assert first.split()[:3] == ["error", "tests", "trustStores"]


def test_warnings_end_with_0_unless_asked_for(world: World) -> None:
    """Warnings alone are no error, but with --fail-on."""
    world.home.set_policy(policy_document(["*"]))
    lint = ("policy", "lint", "--ends-within", "1s")
    assert [each["rule"] for each in _linted(world, 0, *lint)] == ["any-identity"]
    assert len(_linted(world, 2, *lint, "--fail-on", "warning")) == 1


def test_ends_of_certificates(world: World) -> None:
    """How soon is soon is the user's to say."""
    world.home.set_policy(policy_document([IDENTITY]))
    (found,) = _linted(world, 0, "policy", "lint", "--ends-within", "36500d")
    assert found["rule"] == "certificate-ends-soon"


def test_blob_policy_has_its_own_file(world: World) -> None:
    """A policy for blobs is read as one, from the user's own or another file."""
    Path("blobs.json").write_text(json.dumps(blob_policy_document(level="audit")))
    assert "strangers-pass" in [each["rule"] for each in _linted(world, 0, "blob", "policy", "lint", "blobs.json")]
    done = world.run("policy", "lint", "blobs.json", "-o", "json")
    assert (done.code, json.loads(done.out)["error"]["type"]) == (2, "TrustPolicyError")
    schema("policy-lint").validate(json.loads(done.out))
    assert not schema("policy-lint").is_valid({"policy": "a", "findings": [{"severity": "note"}]})
