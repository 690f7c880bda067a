"""Text and JSON report the same failures, for one reference and for several, in every command with `--output`."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.cli.blobs import make_blob, sign_blob
from tests.cli.every_command import COMMANDS_BY_PATH
from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World
from tests.support.ca import Changes, make_chain, ocsp_at
from tests.support.homes import OTHER_IDENTITY, SCOPE, blob_policy_document, policy_document
from tests.support.layouts import add_artifact
from tests.support.signatures import readdress

FETCH = ("revocation", "fetch", "--directory", "evidence", "--oci-layout", "--scope", SCOPE)
_COMMANDS = {" ".join(path): command for path, command in COMMANDS_BY_PATH.items()}
Prepare = Callable[[World], str]


class Failure(NamedTuple):
    """A command that fails for each of its references.

    Attributes:
        schema: Name of its schema.
        command: Command line without the reference.
        exit_code: Exit code.
        prepare: Prepares the failure and returns the reference; of a command on files, the path.
        noun: What the command is about.
    """

    schema: str
    command: tuple[str, ...]
    exit_code: int
    prepare: Prepare
    noun: str = "reference"


def absent(world: World) -> str:
    """Returns a reference to a layout that does not exist."""
    return f"absent@{world.layout.digest}"


def unforeseen(world: World) -> str:
    """Makes the artifact's look-up fail with an error of no class of ours."""
    world.break_at(world.layout.digest)
    return world.reference


def unsigned(world: World) -> str:
    """Returns a reference to an artifact without signatures."""
    return world.reference


def distrusted(world: World) -> str:
    """Signs twice with an identity that the trust policy does not list."""
    world.sign()
    world.sign()
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    return world.reference


def unknown_status(world: World) -> str:
    """Signs with a trusted certificate whose OCSP responder cannot be reached."""
    chain = make_chain("EC-256", 2, leaf=Changes(put=(ocsp_at("http://127.0.0.1:9/"),)))
    world.home.add_key(chain, "unreachable")
    world.home.trust(chain)
    world.sign("--key", "unreachable")
    return world.reference


def absent_file(world: World) -> str:
    """Returns the path of a file that does not exist."""
    world.home.set_blob_policy()
    return "absent.tar"


def absent_signature(_: World) -> str:
    """Returns the path of a signature that does not exist."""
    return "absent.tar.jws.sig"


def unforeseen_file(world: World) -> str:
    """Makes the opening of a file fail with an error of no class of ours."""
    world.home.set_blob_policy()
    return world.break_file(make_blob(world, "broken.tar"))


def unforeseen_signature(world: World) -> str:
    """Makes the opening of a signature fail with an error of no class of ours."""
    return world.break_file(make_blob(world, "broken.tar.jws.sig"))


def unsigned_blob(world: World) -> str:
    """Returns a blob without signatures."""
    world.home.set_blob_policy()
    return make_blob(world, "unsigned.tar")


def distrusted_blob(world: World) -> str:
    """Signs a blob in both formats with an identity that the trust policy does not list."""
    world.home.set_blob_policy(blob_policy_document(identities=[OTHER_IDENTITY]))
    sign_blob(world, "distrusted.tar", "--signature-format", "cose")
    return sign_blob(world, "distrusted.tar")


SIGN, LIST, INSPECT = (("sign", "--oci-layout"), ("list", "--oci-layout"), ("inspect", "--oci-layout"))
FAILURES = [
    Failure("sign", SIGN, 3, absent),
    Failure("sign", SIGN, 70, unforeseen),
    Failure("verify", VERIFY, 3, absent),
    Failure("verify", VERIFY, 70, unforeseen),
    Failure("verify", VERIFY, 1, unsigned),
    Failure("verify", VERIFY, 1, distrusted),
    Failure("verify", VERIFY, 1, unknown_status),
    Failure("revocation", FETCH, 3, absent),
    Failure("revocation", FETCH, 70, unforeseen),
    Failure("revocation", FETCH, 1, distrusted),
    Failure("revocation", FETCH, 3, unknown_status),
    Failure("blob-sign", ("blob", "sign", "--force"), 3, absent_file, "blob"),
    Failure("blob-sign", ("blob", "sign", "--force"), 70, unforeseen_file, "blob"),
    Failure("blob-verify", ("blob", "verify"), 3, absent_file, "blob"),
    Failure("blob-verify", ("blob", "verify"), 70, unforeseen_file, "blob"),
    Failure("blob-verify", ("blob", "verify"), 1, unsigned_blob, "blob"),
    Failure("blob-verify", ("blob", "verify"), 1, distrusted_blob, "blob"),
]
SEVERAL = [
    Failure("list", LIST, 3, absent),
    Failure("list", LIST, 70, unforeseen),
    Failure("inspect", INSPECT, 3, absent),
    Failure("inspect", INSPECT, 70, unforeseen),
    Failure("blob-inspect", ("blob", "inspect"), 3, absent_signature, "signature"),
    Failure("blob-inspect", ("blob", "inspect"), 70, unforeseen_signature, "signature"),
]
ALONE = [
    Failure("list", LIST, 3, absent),
    Failure("list", LIST, 70, unforeseen),
    Failure("inspect", INSPECT, 3, absent),
    Failure("inspect", INSPECT, 70, unforeseen),
    Failure("blob-inspect", ("blob", "inspect"), 3, absent_signature),
    Failure("blob-inspect", ("blob", "inspect"), 70, unforeseen_signature),
    Failure("blob-policy-explain", ("blob", "policy", "explain", "--signature=a.jws.sig"), 2, lambda _: "a"),
    Failure("blob-sign", ("blob", "sign", "--key", "none"), 4, unsigned_blob),
    Failure("blob-verify", ("blob", "verify", "--policy-name="), 2, unsigned_blob),
    Failure(
        "bundle", ("bundle", "create", "--output-file", "b.tar", "--oci-layout", "--scope", "malformed"), 2, unsigned
    ),
    Failure("bundle", ("bundle", "inspect"), 3, absent_file),
    Failure("bundle-push", ("bundle", "push", "absent.tar"), 3, lambda _: "localhost:1"),
    Failure("bundle", ("bundle", "refresh", "--output-file", "b.tar"), 3, absent_file),
    Failure("bundle", ("bundle", "verify"), 3, absent_file),
    Failure("policy-explain", ("policy", "explain"), 2, lambda _: "malformed"),
    Failure("policy-lint", ("policy", "lint"), 2, absent_file),
    Failure("policy-lint", ("blob", "policy", "lint"), 2, absent_file),
    Failure("policy-test", ("policy", "test"), 2, absent_file),
    Failure("plugin-install", ("plugin", "install", "--file"), 3, absent_file),
    Failure("plugin-doctor", ("plugin", "doctor"), 4, lambda _: "no-such-plugin"),
    Failure("plugin-test", ("plugin", "test"), 4, lambda _: "no-such-plugin"),
    Failure("sign", (*SIGN, "--key", "none"), 4, unsigned),
    Failure("verify", ("verify", "--oci-layout", "--scope", "malformed"), 2, unsigned),
    Failure("revocation", ("revocation", "fetch", "--oci-layout", "--scope", SCOPE), 2, unsigned),
]

# Their arguments are a bundle and what is in it, or goes into it.
BUNDLES = {"bundle create", "bundle push", "bundle verify"}


def _names(failure: Failure) -> str:
    return f"{' '.join(failure.command[:2]).removesuffix(' --oci-layout')}-{failure.prepare.__name__}"


def _error_lines(err: str) -> list[str]:
    return [line.removeprefix("Error: ") for line in err.splitlines() if line.startswith("Error: ")]


def _both(world: World, failure: Failure, *references: str) -> tuple[Any, list[str]]:
    """Runs a command with text and with JSON output; returns the document and the error lines, which are the same."""
    text = world.run(*failure.command, *references)
    as_json = world.run(*failure.command, "--output", "json", *references)
    assert (text.code, as_json.code) == (failure.exit_code, failure.exit_code)
    assert as_json.err == text.err
    document = json.loads(as_json.out)
    schema(failure.schema).validate(document)
    return document, _error_lines(text.err)


def _one_line(error: dict[str, Any]) -> str:
    return f"{error['message']}: {error['advice']}" if error["advice"] else error["message"]


def test_every_command_with_json_output_is_compared() -> None:
    """A command that gets `--output json` gets a row in the tables above."""
    with_output = {name for name, command in _COMMANDS.items() if any("json" in flag.choices for flag in command.flags)}
    assert with_output == set(map(_command, (*FAILURES, *ALONE)))
    several = {name for name, command in _COMMANDS.items() if name in with_output and command.arguments.most > 1}
    assert several - BUNDLES == set(map(_command, (*FAILURES, *SEVERAL)))


def _command(failure: Failure) -> str:
    """Returns the name of the command: as many of its words as are one."""
    names = (" ".join(failure.command[:count]) for count in (3, 2, 1))
    return next(name for name in names if name in _COMMANDS)


@pytest.mark.parametrize("failure", FAILURES, ids=_names)
def test_error_of_a_reference_is_the_same_in_text_and_json(world: World, failure: Failure) -> None:
    """One line per reference ends with the message and advice in JSON, which do not depend on other references."""
    reference = failure.prepare(world)
    document, (line,) = _both(world, failure, reference)
    (alone,) = document["results"]
    text = _one_line(alone["error"])
    assert line.removesuffix(" (see --verbose for each)").endswith(text)
    document, lines = _both(world, failure, reference, reference)
    assert document["results"] == [alone, alone]
    assert len(lines) == 2
    for line in lines:
        assert line.removesuffix(" (see --verbose for each)").endswith(text)
        assert reference in line


def _other(world: World, noun: str) -> str:
    """Signs something else, and returns what a command on it takes."""
    if noun == "reference":
        reference = f"hello@{add_artifact('hello', 'other').digest}"
        world.sign(reference=reference)
        return reference
    path = sign_blob(world, "other.tar")
    return f"{path}.jws.sig" if noun == "signature" else path


@pytest.mark.parametrize("failure", [*FAILURES, *SEVERAL], ids=_names)
def test_error_between_successes_is_reported_for_its_reference(world: World, failure: Failure) -> None:
    """Results are in the references' order, and an error is that of the reference alone."""
    other = _other(world, failure.noun)
    reference = failure.prepare(world)
    alone = _both(world, failure, reference)[0]
    document = json.loads(world.run(*failure.command, "--output", "json", other, reference, other).out)
    schema(failure.schema).validate(document)
    assert [result[failure.noun] for result in document["results"]] == [other, reference, other]
    assert document["results"][1] == (alone["results"][0] if "results" in alone else {failure.noun: reference, **alone})


@pytest.mark.parametrize("failure", ALONE, ids=_names)
def test_error_of_a_command_is_the_same_in_text_and_json(world: World, failure: Failure) -> None:
    """An error that ends the whole command is the only member in JSON and the only line in text."""
    document, lines = _both(world, failure, failure.prepare(world))
    assert set(document) == {"error"}
    assert lines == [_one_line(document["error"])]


def test_refused_signatures_are_the_same_in_text_and_json(world: World) -> None:
    """`verify --verbose` prints the step, outcome and reason that JSON has for each signature that was not accepted."""
    document, _ = _both(world, Failure("verify", (*VERIFY, "--verbose"), 1, distrusted), distrusted(world))
    err = world.run(*VERIFY, "--verbose", world.reference).err
    refused = document["results"][0]["notAccepted"]
    assert len(refused) == 2
    for signature in refused:
        assert f"{world.reference}: signature {signature['signature']}" in err
        for step in signature["steps"]:
            reason = f" ({step['reason']})" if step["reason"] else ""
            assert f"  {step['step']}: {step['outcome']}{reason}\n" in err


def test_skipped_signatures_are_the_same_in_text_and_json(world: World) -> None:
    """`inspect` warns of each unreadable signature with the message that JSON has for it."""
    world.sign()
    readdress("hello", lambda *_: b"{}")
    done = world.run(*INSPECT, "--output", "json", world.reference)
    (skipped,) = json.loads(done.out)["skipped"]
    warning = f"Warning: Skipping signature {skipped['digest']} because of error: {_one_line(skipped['error'])}\n"
    assert warning in done.err
    assert world.run(*INSPECT, world.reference).err == done.err


def test_missing_evidence_is_the_same_in_text_and_json(world: World) -> None:
    """`revocation fetch` warns of each problem with the message that JSON has for it."""
    reference = unknown_status(world)
    document, _ = _both(world, Failure("revocation", FETCH, 3, unknown_status), reference)
    (problem,) = document["results"][0]["problems"]
    err = world.run(*FETCH, reference).err
    assert f"Warning: {problem['signature']}: {problem['error']['message']}" in err
