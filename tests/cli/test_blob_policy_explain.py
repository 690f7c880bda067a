"""`blob policy explain`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.homes import OTHER_IDENTITY, blob_policy_document

EXPLAIN = ("blob", "policy", "explain")


@pytest.fixture
def signed(world: World) -> tuple[str, ...]:
    """The arguments for a file that is signed."""
    world.home.set_blob_policy()
    Path("notes.txt").write_text("hello")
    world.did("blob", "sign", "notes.txt")
    return "--signature", "notes.txt.jws.sig", "notes.txt"


def _explained(world: World, code: int, *arguments: str) -> dict[str, Any]:
    done = world.run(*EXPLAIN, "-o", "json", *arguments)
    assert done.code == code, done
    document: dict[str, Any] = json.loads(done.out)
    schema("blob-policy-explain").validate(document)
    return document


def test_policy_alone(world: World) -> None:
    """The global statement, or the one of a name, is explained without a blob."""
    world.home.set_blob_policy()
    document = _explained(world, 0)
    assert (document["statement"], document["isGlobal"], document["blob"]) == ("tests", True, None)
    assert "applies, at level strict, since it is the global one." in world.did(*EXPLAIN)
    assert "applies, at level strict, by its name." in world.did(*EXPLAIN, "--policy-name", "tests")
    absent = _explained(world, 1, "--policy-name", "test")
    assert (absent["statement"], absent["error"]["advice"]) == (None, "did you mean 'tests'?")


def test_verdict_on_a_file(world: World, signed: tuple[str, ...]) -> None:
    """The verdict is explained step by step, and is that of `blob verify`."""
    document = _explained(world, 0, *signed)
    assert (document["verdict"], document["blob"]) == ("verified", "notes.txt")
    assert document["signatures"][0]["signature"] == "notes.txt.jws.sig"
    assert world.did(*EXPLAIN, *signed).endswith("\nVerdict: verified\n")
    world.home.set_blob_policy(blob_policy_document(identities=[OTHER_IDENTITY]))
    document = _explained(world, 1, *signed)
    verified = json.loads(world.run("blob", "verify", "-o", "json", *signed).out)["results"][0]
    assert document["verdict"] == verified["verdict"] == "failed"
    assert document["error"]["message"] in verified["error"]["message"]


def test_blob_and_signature_go_together(world: World, signed: tuple[str, ...]) -> None:
    """One without the other is refused, as is a policy for artifacts."""
    for arguments in (signed[:2], signed[2:]):
        assert "go together" in world.refused(2, *EXPLAIN, *arguments)
    assert "this is a trust policy for artifacts" in world.refused(2, *EXPLAIN, "--policy", str(world.home.policy_file))
    assert not schema("blob-policy-explain").is_valid({"blob": None})


@pytest.mark.parametrize("name", ["policy-name", "media-type", "signature"])
def test_empty_values_are_refused(world: World, signed: tuple[str, ...], name: str) -> None:
    """A variable that is not set in a script does not choose another policy, nor leave the verification out."""
    error = world.refused(2, *EXPLAIN, f"--{name}=", *(signed[2:] if name == "signature" else signed))
    assert error == f"--{name} is set, but with an empty value"
    assert world.refused(2, *EXPLAIN, *signed[:2], "") == "the path of the blob is empty"
    assert "empty value" in world.refused(2, *EXPLAIN, "--signature", "", "")
    for command in (
        (*EXPLAIN, "--policy", ""),
        ("blob", "policy", "lint", ""),
        ("policy", "explain", "--policy", "", "a/b"),
    ):
        assert "trust policy is empty" in world.refused(2, *command)


def test_policy_that_cannot_be_read(world: World) -> None:
    """A folder, and what is not there, are said to be none."""
    for name, reason in ((".", ". is not a regular file"), ("none", "none does not exist")):
        error = world.refused(2, *EXPLAIN, "--policy", name)
        assert error.startswith(f"failed to read blob trust policy file: {reason}")


def test_skipped_blob(world: World, signed: tuple[str, ...]) -> None:
    """A statement that skips has no steps, and no signature is looked at."""
    world.home.set_blob_policy(blob_policy_document("skipping", is_global=False, level="skip"))
    document = _explained(world, 0, "--policy-name", "skipping", *signed)
    assert (document["verdict"], document["steps"], document["signatures"]) == ("skipped", [], [])
    assert "It skips verification" in world.did(*EXPLAIN, "--policy-name", "skipping")
