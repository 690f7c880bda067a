"""Documents of verifications: each verdict and each error in the form that the schema describes."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from notarykit import verdict_document
from notarykit.errors import NoApplicablePolicyError, NotarykitError, UsageError
from notarykit.oci.reference import Tag, parse_layout_reference, parse_reference
from notarykit.verification.artifact import ArtifactRequest
from notarykit.verification.verifier import Verifier
from tests.support.envelopes import sign_envelope
from tests.unit.verification.countersigned import TSA, RecordingChecker, make_timestamped, trust_store
from tests.unit.verification.places import Place, manifest_digest
from tests.unit.verification.setting import ARTIFACT, CHAIN, NOW, OTHER, SCOPE, document, forbidden, store

_SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schema" / "verify.json").read_text(encoding="utf-8"))
_RESULT = Draft202012Validator({"$ref": "#/$defs/result", "$defs": _SCHEMA["$defs"]})
_GOOD = sign_envelope(CHAIN, now=NOW)
_OTHERS = sign_envelope(OTHER, now=NOW)
_REFERENCE = f"{SCOPE}:v1"


def _document(verifier: Verifier, *signatures: bytes | NotarykitError, scope: str = SCOPE) -> dict[str, Any]:
    """The document of an artifact's verification, which conforms to the schema and is JSON."""
    request = ArtifactRequest(lambda: Place(*signatures), Tag("v1"), scope)
    try:
        made = verdict_document(_REFERENCE, verifier.artifact(request))
    except NotarykitError as error:
        made = verdict_document(_REFERENCE, error)
    _RESULT.validate(made)
    assert json.loads(json.dumps(made)) == made
    return made


def _verifier(level: str = "strict", **changes: Any) -> Verifier:
    return Verifier(document(level, **changes), store(), now=NOW, find_plugin=forbidden)


def test_verified() -> None:
    """A verified artifact comes with its signer, and with what was not accepted before."""
    found = _document(_verifier(), b"", _OTHERS, sign_envelope(CHAIN, now=NOW))
    assert list(found)[:2] == ["reference", "verdict"]
    assert (found["reference"], found["verdict"], found["policy"], found["level"]) == (
        _REFERENCE, "verified", "acme", "strict",
    )  # fmt: skip
    assert found["artifact"] == ARTIFACT.to_json()
    assert found["signature"] == manifest_digest(2)
    assert [(each["signature"], each["error"]["type"]) for each in found["notAccepted"]] == [
        (manifest_digest(0), "IntegrityError"),
        (manifest_digest(1), "AuthenticityError"),
    ]
    assert {step["outcome"] for step in found["steps"]} == {"passed"}
    assert found["signer"].startswith("CN=wabbit-networks.io,")
    assert "timestamp" not in found


def test_timestamp() -> None:
    """The time of a timestamp is there if one was verified."""
    verifier = Verifier(
        document(stores=("ca:acme", "tsa:one")), trust_store(one=TSA), now=NOW, revocation=RecordingChecker()
    )
    assert _document(verifier, make_timestamped())["timestamp"].endswith("Z")


def test_audited() -> None:
    """Where the signer is not trusted, neither a signer nor metadata are claimed."""
    found = _document(_verifier("audit"), _OTHERS)
    assert found["verdict"] == "audited"
    assert {step["step"]: step["outcome"] for step in found["steps"]}["authenticity"] == "failed"
    assert not {"signer", "userMetadata"} & set(found)


def test_skipped() -> None:
    """Where the policy skips the artifact, the statement alone is named."""
    assert _document(_verifier("skip")) == {"reference": _REFERENCE, "verdict": "skipped", "policy": "acme"}


@pytest.mark.parametrize(
    ("signatures", "kind", "rejected"), [((), "NoSignatureError", 0), ((_OTHERS, b""), "NoAcceptedSignatureError", 2)]
)
def test_not_accepted(signatures: tuple[bytes, ...], kind: str, rejected: int) -> None:
    """A failure has the statement that was applied, the error, and each signature's own."""
    found = _document(_verifier(), *signatures)
    assert (found["verdict"], found["policy"], found["level"]) == ("failed", "acme", "strict")
    assert (found["error"]["type"], found["error"]["exitCode"]) == (kind, 1)
    assert len(found["notAccepted"]) == rejected


def test_no_policy_was_applied() -> None:
    """Without a statement none is named, as for errors that are not about the signature at all."""
    found = _document(_verifier(), _GOOD, scope="registry.example.com/other")
    assert found["error"]["type"] == NoApplicablePolicyError.__name__
    assert not {"policy", "level"} & set(found)
    error = UsageError("it is none", advice="write another")
    assert verdict_document("x", error) == {
        "reference": "x",
        "verdict": "failed",
        "error": {"type": "UsageError", "message": "it is none", "advice": "write another", "exitCode": 2},
        "notAccepted": [],
    }


def test_parsed_references_are_as_they_were_written() -> None:
    """A reference that was parsed stands in the document as text."""
    error = UsageError("none")
    digest = f"sha256:{'a' * 64}"
    assert verdict_document(parse_reference(f"{SCOPE}@{digest}"), error)["reference"] == f"{SCOPE}@{digest}"
    assert verdict_document(parse_layout_reference(f"a/b@{digest}"), error)["reference"] == f"a/b@{digest}"
