"""JSON output conforms to the schemas in docs/schema, on success and on failure."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import notarykit
from notarykit import NotarykitError
from notarykit.envelope.attributes import SIGNING_AUTHORITY
from tests.cli.world import VERIFY, World
from tests.support.ca import SPECS, Changes, make_chain, ocsp_at
from tests.support.envelopes import COSE, JWS, sign_envelope
from tests.support.homes import OTHER_IDENTITY, SCOPE, policy_document
from tests.support.layouts import add_artifact
from tests.support.signatures import envelope_file, readdress, signature_manifests

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"
COMMANDS = {
    "sign": ("sign", "--oci-layout"),
    "verify": VERIFY,
    "list": ("list", "--oci-layout"),
    "inspect": ("inspect", "--oci-layout"),
}


def schema(name: str) -> Draft202012Validator:
    """The schema of a command, which is one itself."""
    document = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def _ask(world: World, code: int, command: str, *arguments: str) -> Any:
    """Runs a command with JSON output, checks exit code and schema, and returns the document."""
    done = world.run(*COMMANDS[command], "-o", "json", *arguments)
    assert done.code == code
    assert done.err.count("Error: ") == (0 if code == 0 else done.err.count("\n"))
    document = json.loads(done.out)
    schema(command).validate(document)
    return document


@pytest.mark.parametrize("name", COMMANDS)
def test_schemas_reject_other_documents(name: str) -> None:
    """A schema that would accept anything would prove nothing."""
    refusing = schema(name)
    error = {"type": "UsageError", "message": "no", "advice": "", "exitCode": 2}
    assert refusing.is_valid({"error": error})
    wrong: tuple[Any, ...] = ({}, [], {"results": []}, {"error": {}}, {"error": {**error, "exitCode": 0}})
    for document in (*wrong, {"error": error, "x": 1}):
        assert not refusing.is_valid(document)


@pytest.mark.parametrize("spec", SPECS)
def test_signed_result(world: World, spec: str) -> None:
    """Each result has the artifact, the manifest as it is stored, the algorithm and the chain's thumbprints."""
    world.home.add_key(make_chain(spec, 2), "other")
    (result,) = _ask(world, 0, "sign", "--key", "other", "--signature-format", "cose", world.reference)["results"]
    assert (result["reference"], result["signed"]) == (world.reference, True)
    assert result["artifact"]["digest"] == world.layout.digest
    assert result["signature"]["manifest"]["digest"] == signature_manifests("hello")[0]
    assert result["signature"]["mediaType"] == COSE
    hash_bits = {"2048": 256, "3072": 384, "4096": 512, "256": 256, "384": 384, "521": 512}[spec.split("-")[1]]
    scheme = "RSASSA-PSS" if spec.startswith("RSA") else "ECDSA"
    assert result["signature"]["signatureAlgorithm"] == f"{scheme}-SHA-{hash_bits}"
    assert len(result["signature"]["certificateThumbprints"]) == 2


def test_failed_signing(world: World) -> None:
    """A reference that fails has its error in its place; a command that fails has its error alone."""
    absent = f"absent@{world.layout.digest}"
    first, second = _ask(world, 3, "sign", absent, world.reference)["results"]
    assert (first["reference"], first["signed"], first["error"]["type"]) == (absent, False, "StorageError")
    assert first["error"]["exitCode"] == 3
    assert second["signed"]
    assert _ask(world, 2, "sign", "--timestamp-url", "x", world.reference)["error"]["type"] == "UsageError"
    (world.home.folder / "build.key").unlink()
    error = _ask(world, 4, "sign", world.reference)["error"]
    assert (error["type"], error["exitCode"]) == ("SigningKeyError", 4)
    assert error["advice"] == "check the path"


def test_verified_result(world: World) -> None:
    """A verified artifact comes with its signer, metadata, level and the steps."""
    world.sign("-m", "build=42")
    (result,) = _ask(world, 0, "verify", world.reference)["results"]
    assert (result["verdict"], result["level"], result["policy"]) == ("verified", "strict", "tests")
    assert result["signature"] == signature_manifests("hello")[0]
    assert result["userMetadata"] == {"build": "42"}
    assert result["signer"].startswith("CN=wabbit-networks.io,")
    assert {step["outcome"] for step in result["steps"]} == {"passed"}
    assert result["notAccepted"] == []


def test_signatures_that_were_not_accepted_are_listed(world: World) -> None:
    """Signatures that were not accepted are listed with their steps and error."""
    world.home.add_key(make_chain(), "other")
    world.sign("--key", "other")
    world.sign("--key", "build")
    (result,) = _ask(world, 0, "verify", world.reference)["results"]
    first, second = signature_manifests("hello")
    assert result["signature"] == second
    (other,) = result["notAccepted"]
    assert (other["signature"], other["error"]["type"]) == (first, "AuthenticityError")
    # A stranger is refused before the envelope is looked into.
    assert [(step["step"], step["outcome"]) for step in other["steps"]] == [("authenticity", "failed")]


def test_audited_and_skipped_results(world: World) -> None:
    """`audited` and `skipped` are verdicts of their own, and neither has a signer or metadata."""
    chain = make_chain("EC-256", 2, leaf=Changes(put=(ocsp_at("http://ocsp.invalid"),)))
    world.home.add_key(chain, "other")
    world.sign("--key", "other")
    world.home.set_policy(policy_document(level="audit", override={"revocation": "skip"}))
    done = world.run(*VERIFY, "-o", "json", world.reference)
    document = json.loads(done.out)
    schema("verify").validate(document)
    (result,) = document["results"]
    assert (done.code, result["verdict"], result["level"]) == (0, "audited", "audit")
    assert {step["step"]: step["outcome"] for step in result["steps"]}["revocation"] == "skipped"
    world.home.set_policy(policy_document(level="skip", scopes=["local/tests"]))
    (result,) = _ask(world, 0, "verify", world.reference)["results"]
    assert result == {"reference": world.reference, "verdict": "skipped", "policy": "tests"}


def test_failed_verification(world: World) -> None:
    """Each reference has its own verdict; what stops the whole command is the only thing that is printed."""
    world.sign()
    unsigned = f"hello@{add_artifact('hello', 'v2').digest}"
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    first, second = _ask(world, 1, "verify", unsigned, world.reference)["results"]
    assert (first["verdict"], first["error"]["type"], first["notAccepted"]) == ("failed", "NoSignatureError", [])
    assert (second["verdict"], second["error"]["type"]) == ("failed", "NoAcceptedSignatureError")
    assert [each["error"]["type"] for each in second["notAccepted"]] == ["AuthenticityError"]
    assert {(each["policy"], each["level"]) for each in (first, second)} == {("tests", "strict")}
    envelope_file("hello", signature_manifests("hello")[0]).write_bytes(b"")
    (result,) = _ask(world, 1, "verify", world.reference)["results"]
    assert [each["error"]["type"] for each in result["notAccepted"]] == ["ContentError"]
    world.home.policy_file.unlink()
    error = _ask(world, 2, "verify", world.reference)["error"]
    assert (error["type"], error["exitCode"]) == ("TrustPolicyError", 2)


def test_the_library_has_the_same_result(world: World) -> None:
    """A program that verifies with the user's settings makes the document that the command prints."""
    world.sign("-m", "build=42")
    for reference, code in ((world.reference, 0), (f"hello@{add_artifact('hello', 'v2').digest}", 1)):
        parsed = notarykit.parse_layout_reference(reference)
        outcome: Any
        try:
            outcome = notarykit.verify(parsed, scope=SCOPE)
        except NotarykitError as error:
            outcome = error
        assert _ask(world, code, "verify", reference)["results"] == [notarykit.verdict_document(reference, outcome)]


def test_list_result(world: World) -> None:
    """The list has the artifact and the descriptors of the manifests."""
    document = _ask(world, 0, "list", world.reference)
    assert (document["reference"], document["signatures"]) == (world.reference, [])
    world.sign()
    world.sign()
    document = _ask(world, 0, "list", world.reference)
    assert [each["digest"] for each in document["signatures"]] == signature_manifests("hello")
    error = _ask(world, 3, "list", f"absent@{world.layout.digest}")["error"]
    assert (error["type"], error["exitCode"]) == ("StorageError", 3)


def test_inspect_result(world: World) -> None:
    """Both formats, both signing schemes, an expiry and a timestamp keep to the schema."""
    assert _ask(world, 0, "inspect", world.reference)["signatures"] == []
    world.sign("-e", "1h", "-m", "build=42")
    (signature,) = _ask(world, 0, "inspect", world.reference)["signatures"]
    assert set(signature["signedAttributes"]) == {"contentType", "signingScheme", "signingTime", "expiry"}
    assert signature["userDefinedAttributes"] == {"build": "42"}
    assert len(signature["certificates"]) == 3
    assert signature["signedArtifact"]["digest"] == world.layout.digest
    readdress("hello", lambda *_: sign_envelope(world.chain, JWS, scheme=SIGNING_AUTHORITY, timestamp=b"123", agent=""))
    (signature,) = _ask(world, 0, "inspect", world.reference)["signatures"]
    assert signature["signedAttributes"]["signingScheme"] == "notary.x509.signingAuthority"
    assert "authenticSigningTime" in signature["signedAttributes"]
    assert signature["unsignedAttributes"]["timestampSignature"]["error"].startswith("failed to parse timestamp")


def test_unreadable_signature_is_skipped(world: World) -> None:
    """A signature that cannot be read is among the skipped ones."""
    world.sign()
    readdress("hello", lambda *_: b"{}")
    done = world.run("inspect", "--oci-layout", "-o", "json", world.reference)
    document = json.loads(done.out)
    schema("inspect").validate(document)
    assert (done.code, document["signatures"]) == (1, [])
    assert [each["error"]["type"] for each in document["skipped"]] == ["EnvelopeError"]
    assert _ask(world, 3, "inspect", f"absent@{world.layout.digest}")["error"]["type"] == "StorageError"
