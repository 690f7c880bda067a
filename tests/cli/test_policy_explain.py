"""`policy explain`, and `verify --explain`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_imports import LOADED
from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World
from tests.support.homes import IDENTITY, OTHER_IDENTITY, SCOPE, policy_document

EXPLAIN = ("policy", "explain")
_IN_LAYOUT = ("--oci-layout", "--scope", SCOPE)


def _explained(world: World, code: int, *arguments: str) -> dict[str, Any]:
    """The explanation in JSON, which keeps its schema."""
    done = world.run(*EXPLAIN, "-o", "json", *arguments)
    assert done.code == code, done
    document: dict[str, Any] = json.loads(done.out)
    schema("policy-explain").validate(document)
    return document


def test_repository_is_not_contacted(world: World) -> None:
    """Of a repository the statement, the stores and the steps are explained, without a registry."""
    document = _explained(world, 0, "registry.invalid/hello")
    assert (document["statement"], document["scope"], document["level"]) == ("tests", "*", "strict")
    assert document["scopes"] == ["registry.invalid/hello", "*"]
    assert [each["store"] for each in document["trustStores"]] == ["ca:tests"]
    assert len(document["steps"]) == 7
    assert "verdict" not in document
    text = world.did(*EXPLAIN, "registry.invalid/hello")
    assert "Statement 'tests' applies, at level strict, by the scope '*'." in text
    assert "4. Validate Authenticity" in text
    assert document["trustStores"][0]["certificates"][0]["thumbprint"] in text


def test_nothing_applies(world: World) -> None:
    """Where no statement applies, the nearest scope is told, and the exit code is that of a verification."""
    world.home.set_policy(policy_document(scopes=["r.test/teams/a"]))
    document = _explained(world, 1, "r.test/team/a")
    assert (document["statement"], document["verdict"], document["error"]["type"]) == (
        None, "failed", "NoApplicablePolicyError",
    )  # fmt: skip
    assert document["nearest"]["scope"] == "r.test/teams/a"
    done = world.run(*EXPLAIN, "r.test/team/a")
    assert done.code == 1
    assert "Nearest scope that does not match: r.test/teams/a (statement 'tests'): component 1 is" in done.out
    assert done.err.startswith("Error: no trust policy applies to r.test/team/a")


@pytest.mark.parametrize("command", [EXPLAIN, ("verify", "--explain")], ids=" ".join)
def test_verdict_of_an_artifact(world: World, command: tuple[str, ...]) -> None:
    """Each signature of an artifact has its steps with their sections, and the verdict that `verify` prints."""
    world.sign()
    done = world.run(*command, *_IN_LAYOUT, "-o", "json", world.reference)
    document = json.loads(done.out)
    schema("policy-explain").validate(document)
    (signature,) = document["signatures"]
    assert (done.code, document["verdict"], signature["verdict"]) == (0, "verified", "verified")
    assert signature["anchor"] == len(signature["chain"]) - 1
    assert [each["matches"] for each in signature["trustedIdentities"]] == [True]
    assert [each["section"].partition(".")[0] for each in signature["steps"]] == list("3456789")
    text = world.did(*command, *_IN_LAYOUT, world.reference)
    assert f"Signature {signature['signature']}: verified\n" in text
    assert text.endswith("\nVerdict: verified\n")


def test_refusal_is_that_of_verify(world: World) -> None:
    """Where a signature is refused, error and exit code are those of `verify`, and the difference is shown."""
    world.sign()
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    refused = world.run(*VERIFY, "-o", "json", world.reference)
    document = _explained(world, 1, *_IN_LAYOUT, world.reference)
    (result,) = json.loads(refused.out)["results"]
    assert (document["verdict"], document["error"]) == (result["verdict"], result["error"])
    assert refused.code == 1
    (identity,) = document["signatures"][0]["trustedIdentities"]
    assert identity["matches"] is False
    assert "has no CN=acme-rockets.io, but CN is 'wabbit-networks.io'" in identity["remark"]


def test_empty_path_of_a_signature(world: World) -> None:
    """A path that is empty does not have the artifact's own signatures explained in place of the file's."""
    error = world.refused(2, *EXPLAIN, "--signature", "", f"{SCOPE}@{world.layout.digest}")
    assert error == "--signature is set, but with an empty value"


def test_signature_in_a_file(world: World) -> None:
    """A signature out of a file is explained in place of the artifact's own."""
    world.sign()
    index = json.loads(Path("hello/index.json").read_bytes())
    (digest,) = [
        json.loads(blob.read_bytes())["layers"][0]["digest"]
        for blob in Path("hello/blobs/sha256").iterdir()
        if b"application/vnd.cncf.notary.signature" in blob.read_bytes()
    ]
    assert index
    Path("good.jws.sig").write_bytes(Path("hello/blobs", *digest.split(":")).read_bytes())
    Path("bad.jws.sig").write_bytes(b"{}")
    document = _explained(world, 0, *_IN_LAYOUT, "--signature", "good.jws.sig", world.reference)
    assert (document["verdict"], document["signatures"][0]["signature"]) == ("verified", "good.jws.sig")
    document = _explained(world, 1, *_IN_LAYOUT, "--signature", "bad.jws.sig", world.reference)
    assert (document["verdict"], document["error"]["type"]) == ("failed", "IntegrityError")
    assert "--signature is for a reference" in world.refused(2, *EXPLAIN, "--signature", "good.jws.sig", "r.test/a")


def test_skipped_artifact(world: World) -> None:
    """An artifact that is skipped has no steps."""
    world.home.set_policy(policy_document(level="skip", scopes=[SCOPE]))
    document = _explained(world, 0, *_IN_LAYOUT, world.reference)
    assert (document["level"], document["verdict"], document["steps"]) == ("skip", "skipped", [])
    assert "It skips verification" in world.did(*EXPLAIN, *_IN_LAYOUT, world.reference)


def test_another_policy_and_stores_that_are_missing(world: World) -> None:
    """A file may be explained before it is imported; a store that is not there has its error in its place."""
    Path("new.json").write_text(json.dumps(policy_document([IDENTITY], ["ca:absent"], scopes=["r.test/a"])))
    document = _explained(world, 0, "--policy", "new.json", "r.test/a")
    assert document["trustStores"][0]["error"]["type"] == "TrustStoreError"
    assert "trust store ca:absent does not exist" in world.did(*EXPLAIN, "--policy", "new.json", "r.test/a")
    assert world.refused(2, *EXPLAIN, "--policy", "absent.json", "r.test/a").endswith("absent.json does not exist")


def test_malformed_policy_is_an_error_in_json(world: World) -> None:
    """What is no trust policy cannot be explained."""
    world.home.policy_file.write_text("{}")
    done = world.run(*EXPLAIN, "-o", "json", "r.test/a")
    document = json.loads(done.out)
    schema("policy-explain").validate(document)
    assert (done.code, document["error"]["type"]) == (2, "TrustPolicyError")


def test_explain_of_verify_is_for_one_reference(world: World) -> None:
    """`verify --explain` takes one reference and no flags for many."""
    verify = ("verify", "--explain", *_IN_LAYOUT)
    for flags in (["--recursive"], ["--platform", "linux/amd64"], ["--jobs", "2"], ["--resume", "journal"]):
        assert "exclude each other" in world.refused(2, *verify, *flags, world.reference)
    assert "--explain is for one reference" in world.refused(2, *verify, world.reference, world.reference)
    assert world.run(*verify, "-o", "jsonl", world.reference).code == 2


def test_verify_without_explain_imports_nothing_of_it(world: World) -> None:
    """What explains stays out of a verification that is not explained."""
    world.sign()
    command = [sys.executable, "-c", LOADED, *VERIFY, world.reference]
    done = subprocess.run(command, env=world.home.environment(), capture_output=True, text=True, check=True)
    loaded = set(done.stdout.partition("-- modules\n")[2].split())
    assert not {each for each in loaded if "expla" in each or "nearest" in each or ".policies" in each}


@pytest.mark.parametrize("wrong", [{}, {"error": {}}, {"reference": "a"}])
def test_schema_refuses_other_documents(wrong: dict[str, Any]) -> None:
    """A schema that would accept anything would prove nothing."""
    assert not schema("policy-explain").is_valid(wrong)
