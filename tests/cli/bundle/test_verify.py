"""`bundle verify`: the verdicts of `verify`, with nothing but the bundle and the trust that counts."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.verification import options as verifier_options
from tests.cli.bundle.making import CREATE, FILE
from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World, error_of
from tests.support.bundles import Parts
from tests.support.ca import TestChain, make_chain
from tests.support.crls import make_crl, revoked
from tests.support.homes import OTHER_IDENTITY, SCOPE, policy_document
from tests.support.layouts import add_artifact
from tests.support.ocsp_answers import REVOKED, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path


def _json(world: World, code: int, *arguments: str) -> Sequence[Mapping[str, Any]]:
    done = world.run("bundle", "verify", FILE, "-o", "json", *arguments)
    assert done.code == code, done
    document = json.loads(done.out)
    schema("verify").validate(document)
    results: Sequence[Mapping[str, Any]] = document["results"]
    return results


def test_verdict_is_that_of_verify(world: World, bundle: str) -> None:
    """The document is that of `verify` for the same artifact, but for the sources of evidence."""
    (here,) = json.loads(world.verify("-o", "json"))["results"]
    (there,) = _json(world, 0)
    assert there["reference"] == f"{SCOPE}@{world.layout.digest}"
    for name in ("verdict", "policy", "level", "artifact", "signature", "userMetadata", "signer", "notAccepted"):
        assert there[name] == here[name]
    assert [(step["step"], step["outcome"]) for step in there["steps"]] == [
        (step["step"], step["outcome"]) for step in here["steps"]
    ]


def test_nothing_is_requested(world: World, bundle: str, responder: Responder) -> None:
    """Neither responders nor CRLs are requested, whatever is in the bundle, nor is the cache read."""
    responder.forget()
    shutil.rmtree("cache")
    world.did("bundle", "verify", bundle)
    assert not responder.asked


def test_own_trust_counts(world: World, bundle: str) -> None:
    """A signer whom the user's own policy does not trust is refused, whatever the bundle proposes."""
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    (result,) = _json(world, 1)
    assert result["notAccepted"][0]["error"]["type"] == "AuthenticityError"
    Path("policy.json").write_text(json.dumps(policy_document()))
    world.did("bundle", "verify", bundle, "--policy", "policy.json")
    shutil.rmtree(world.home.store())
    assert world.run("bundle", "verify", bundle, "--policy", "policy.json").code == 2


def test_trust_from_the_bundle(world: World, bundle: str) -> None:
    """Policy and trust stores of the bundle count if their digest is named, and then the user's own do not."""
    world.home.policy_file.unlink()
    shutil.rmtree(world.home.store())
    assert "no trust policy" in world.refused(2, "bundle", "verify", bundle)
    digest = Parts(bundle).manifest["layers"][0]["digest"]
    world.did("bundle", "verify", bundle, "--trust-from-bundle", digest)
    other = "sha256:" + "0" * 64
    error = world.refused(2, "bundle", "verify", bundle, "--trust-from-bundle", other)
    assert f"the trust proposal of {FILE} is {digest}, not {other}: ask its maker for the digest again" in error
    for part in (digest.removeprefix("sha256:"), digest[:20], digest.upper()):
        error = world.refused(2, "bundle", "verify", bundle, "--trust-from-bundle", part)
        assert error.endswith("as sha256: and 64 lower-case hexadecimal digits")
    both = ("--trust-from-bundle", digest, "--policy", "policy.json")
    assert "exclude each other" in world.refused(2, "bundle", "verify", bundle, *both)


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("policy", "the path of the trust policy is empty"),
        ("trust-from-bundle", "--trust-from-bundle is set, but with an empty value"),
        ("for", "--for is set, but with an empty value"),
    ],
)
def test_empty_values_are_refused(world: World, bundle: str, flag: str, text: str) -> None:
    """A flag with an unset variable of a script does not mean what no flag means: other trust, or other statements."""
    for command in (("verify", bundle), ("push", bundle, "localhost:1")):
        assert world.refused(2, "bundle", *command, f"--{flag}", "").startswith(text)


def test_trust_of_another_cannot_be_slipped_in(world: World, bundle: str) -> None:
    """A bundle whose trust was replaced is refused by the digest that was told before."""
    digest = Parts(bundle).manifest["layers"][0]["digest"]
    world.home.set_policy(policy_document(level="audit"))
    world.did(*CREATE, world.reference, "-o", FILE)
    world.did("bundle", "verify", FILE)
    assert f", not {digest}" in world.refused(2, "bundle", "verify", FILE, "--trust-from-bundle", digest)


def test_revoked_signer_is_refused(world: World, responder: Responder, chain: TestChain) -> None:
    """A bundle whose evidence says that the signer is revoked is refused, as `verify` refuses it."""
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    done = world.run(*CREATE, world.reference, "-o", FILE)
    assert done.code == 1
    assert "is revoked" in done.err
    assert world.run(*CREATE, "--allow-unverified", world.reference, "-o", FILE).code == 0
    assert "is revoked (on 20" in error_of(world.run("bundle", "verify", FILE).err)


def test_later_evidence_counts_too(world: World, bundle: str, chain: TestChain) -> None:
    """A CRL that is given beside the bundle, and says that the signer is revoked, counts."""
    Path("new.crl").write_bytes(make_crl(chain, 1, [revoked(chain)]))
    assert "is revoked" in world.refused(1, "bundle", "verify", bundle, "--crl", "new.crl")


def test_missing_evidence(world: World, responder: Responder) -> None:
    """Where the bundle never had the evidence, the advice is to collect it, and not to look at the network here."""
    responder.fail(ocsp_path(0), 500)
    assert world.run(*CREATE, "--allow-unverified", world.reference, "-o", FILE).code == 0
    error = world.refused(1, "bundle", "verify", FILE)
    assert "is unknown: " in error
    assert "the bundle has no evidence for it: run 'notarykit bundle refresh' with a network, or give" in error
    assert "can be reached" not in error


def test_ended_evidence(world: World, bundle: str, responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the end of evidence the artifact is not verified, and the advice is to refresh what has ended."""
    later = datetime.now(UTC) + timedelta(days=30)
    monkeypatch.setattr(verifier_options, "utc_now", lambda: later)
    error = world.refused(1, "bundle", "verify", bundle)
    assert "is unknown" in error
    assert f"evidence in the bundle ended (crl from {responder.url(crl_path(1))} at 20" in error
    assert f"ocsp from {responder.url(ocsp_path(0))} at 20" in error
    assert "): run 'notarykit bundle refresh' with a network" in error


def test_advice_to_refresh_is_for_missing_evidence_alone(
    world: World, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an artifact is refused for another reason, nothing is said of evidence that has ended."""
    later = datetime.now(UTC) + timedelta(days=30)
    monkeypatch.setattr(verifier_options, "utc_now", lambda: later)
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    assert "refresh" not in world.refused(1, "bundle", "verify", bundle)


def test_references_that_must_be_in_it(world: World) -> None:
    """With references, these alone are verified, and one that the bundle does not contain is an error."""
    second = add_artifact("hello", "v2").digest
    world.sign(reference=f"hello@{second}")
    world.run(*CREATE, "hello:v1", f"hello@{second}", "-o", FILE)
    assert len(_json(world, 0)) == 2
    assert [each["artifact"]["digest"] for each in _json(world, 0, f"{SCOPE}@{second}")] == [second]
    assert [each["artifact"]["digest"] for each in _json(world, 0, f"{SCOPE}:v1")] == [world.layout.digest]
    for reference in (f"{SCOPE}:v2", f"local/other@{second}", f"{SCOPE}@sha256:{'0' * 64}"):
        assert f"{FILE} does not contain {reference}" in world.refused(3, "bundle", "verify", FILE, reference)


def test_scope_of_the_other_side(world: World, bundle: str) -> None:
    """With `--for`, statements are chosen by the names that the repositories will have in another registry."""
    world.home.set_policy(policy_document(scopes=["mirror.example.com/all/tests"]))
    assert "no trust policy applies to local/tests" in world.refused(1, "bundle", "verify", bundle)
    assert "mirror.example.com/all/tests@sha256:" in world.did(
        "bundle", "verify", bundle, "--for", "mirror.example.com/all"
    )
    assert world.run("bundle", "verify", bundle, "--for", "mirror.example.com").code == 1
    assert "is not of the form" in world.refused(2, "bundle", "verify", bundle, "--for", "https://x")


def test_skipped_artifact(world: World, bundle: str) -> None:
    """What the policy of the other side skips is said to be skipped, as by `verify`."""
    world.home.set_policy(policy_document(level="skip", scopes=[SCOPE]))
    assert [each["verdict"] for each in _json(world, 0)] == ["skipped"]


def test_user_metadata(world: World, bundle: str) -> None:
    """Metadata can be required, and is shown."""
    assert "build" in world.did("bundle", "verify", bundle, "-m", "build=42")
    assert "'build' is '42', not '43'" in world.refused(1, "bundle", "verify", bundle, "-m", "build=43")


def test_each_has_its_verdict(world: World) -> None:
    """An artifact that is refused does not keep the others from their verdicts, and decides the exit code."""
    world.home.add_key(make_chain(), "other")
    second = add_artifact("hello", "v2").digest
    world.sign("--key", "other", reference=f"hello@{second}")
    arguments = ("--allow-unverified", f"hello@{second}", world.reference, "-o", FILE)
    assert world.run(*CREATE, *arguments).code == 0
    assert [each["verdict"] for each in _json(world, 1)] == ["failed", "verified"]


def test_damaged_content(world: World, bundle: str) -> None:
    """Content of an artifact that is not what its digest says is refused (1), though its signature holds."""
    content = Path(bundle).read_bytes()
    Path(bundle).write_bytes(content.replace(b"content of v1", b"content of v2"))
    (result,) = _json(world, 1)
    assert result["error"]["type"] == "ContentError"
    assert world.run(*VERIFY, world.reference).code == 0


def test_lines_of_json(world: World, bundle: str) -> None:
    """`--output jsonl` has a line for each artifact, and one for an error that ends the command."""
    document = json.loads(world.did("bundle", "verify", bundle, "-o", "jsonl"))
    line = schema("verify").evolve(schema={"$ref": "#/$defs/line", **_definitions("verify")})
    line.validate(document)
    assert document["verdict"] == "verified"
    done = world.run("bundle", "verify", "absent.tar", "-o", "jsonl")
    assert done.code == 3
    line.validate(json.loads(done.out))


def _definitions(name: str) -> Mapping[str, Any]:
    document: Any = schema(name).schema
    return {"$defs": document["$defs"]}


def test_unreadable_bundle(world: World) -> None:
    """What is no bundle is an error of the whole command, in JSON too, whatever else is wrong."""
    done = world.run("bundle", "verify", "absent.tar", "-o", "json")
    document = json.loads(done.out)
    schema("verify").validate(document)
    assert (done.code, document["error"]["type"]) == (3, "StorageError")
    assert "cannot be read" in world.refused(3, "bundle", "refresh", "absent.tar")
    assert "cannot be read" in world.refused(3, "bundle", "push", "absent.tar", "localhost:1")
