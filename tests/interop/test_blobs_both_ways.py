"""Blobs that one side signs, the other verifies: all key specs and formats, under each level; and what both refuse."""

import base64
import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import (
    AuthenticityError,
    ExpiryError,
    IntegrityError,
    NoApplicablePolicyError,
    NotarykitError,
    UsageError,
    UserMetadataError,
)
from notarykit.verification.verdict import Audited, Skipped, Verified
from tests.interop.blob_scene import CONTENT, CONTENT_TYPE, BlobQuestion, BlobScene, Control, accepted, payload_of
from tests.interop.differences import Difference, Kind, stricter
from tests.interop.go_peer import Peer
from tests.interop.scene import DAY, METADATA, certificates_of
from tests.support.ca import HASH_OF_SPEC, SPECS
from tests.support.envelopes import FORMATS, sign_envelope

STEPS = ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"]

# The validation that the Go side reports as failed; None where it judges outside of all validations.
FAILED_THERE: dict[Control, str | None] = {
    Control.IDENTITY: "authenticity",
    Control.ROOT: "authenticity",
    Control.METADATA: None,
    Control.PAYLOAD: "integrity",
    Control.EXPIRY: "expiry",
    Control.CONTENT: None,
    Control.LENGTH: None,
    Control.TYPE: None,
    Control.NAME: None,
    Control.GLOBAL: None,
}
FAILED_HERE: dict[Control, type[NotarykitError]] = {
    Control.IDENTITY: AuthenticityError,
    Control.ROOT: AuthenticityError,
    Control.METADATA: UserMetadataError,
    Control.PAYLOAD: IntegrityError,
    Control.EXPIRY: ExpiryError,
    Control.CONTENT: IntegrityError,
    Control.LENGTH: IntegrityError,
    Control.TYPE: IntegrityError,
    Control.NAME: NoApplicablePolicyError,
    Control.GLOBAL: NoApplicablePolicyError,
}
# What each level lets pass.
LOGGED: dict[str, set[Control]] = {
    "strict": set(),
    "permissive": {Control.EXPIRY},
    "audit": {Control.EXPIRY, Control.IDENTITY, Control.ROOT},
}

EVERY_COMBINATION = [(spec, media_type) for spec in SPECS for media_type in FORMATS]
# What may be asked for, or not.
WANTED: list[dict[str, Any]] = [{}, {"content_type": ""}, {"metadata": {}}, {"policy_name": "tests"}]


def _payload(spec: str) -> dict[str, Any]:
    """What a signer with a key of this spec has to sign."""
    algorithm = HASH_OF_SPEC[spec].name
    digest = f"{algorithm}:{hashlib.new(algorithm, CONTENT).hexdigest()}"
    target = {"mediaType": CONTENT_TYPE, "digest": digest, "size": len(CONTENT), "annotations": METADATA}
    return {"targetArtifact": target}


@pytest.mark.parametrize(("spec", "media_type"), EVERY_COMBINATION)
def test_go_verifies_our_signatures(blob_peer: Peer, tmp_path: Path, spec: str, media_type: str) -> None:
    """The Go side accepts our signature, and refuses it with any one fault."""
    scene = BlobScene(tmp_path, spec, media_type)
    envelope = scene.sign_here()
    assert payload_of(envelope, media_type) == _payload(spec)
    for wanted in WANTED:
        answer = scene.question(envelope)._replace(**wanted).ask_peer(blob_peer)
        assert answer["ok"], answer["error"]
        assert answer["metadata"] == METADATA
        assert [tuple(each.values()) for each in answer["results"]] == [(step, "enforce", "") for step in STEPS]
    for control, question in scene.spoiled(envelope).items():
        refused = question.ask_peer(blob_peer)
        assert not refused["ok"], control
        failed = [each["type"] for each in refused["results"] if each["error"]]
        assert failed == [step for step in [FAILED_THERE[control]] if step], control


@pytest.mark.parametrize(("spec", "media_type"), EVERY_COMBINATION)
def test_signatures_of_go_are_verified(blob_peer: Peer, tmp_path: Path, spec: str, media_type: str) -> None:
    """A signature of the Go side is accepted, and refused with any one fault."""
    scene = BlobScene(tmp_path, spec, media_type)
    envelope = scene.sign_there(blob_peer)
    assert payload_of(envelope, media_type) == _payload(spec)
    for wanted in WANTED:
        found = scene.question(envelope)._replace(**wanted).ask_us()
        assert isinstance(found.verdict, Verified)
        assert found.verdict.user_metadata == METADATA
        assert found.verdict.chain.ders == scene.chain.ders == certificates_of(envelope, media_type)
        assert {each.outcome for each in found.verdict.results} == {"passed"}
        assert found.blob is not None
        assert {**found.blob.to_json(), "annotations": METADATA} == _payload(spec)["targetArtifact"]
        signing_time, expiry = found.verdict.attributes.signing_time, found.verdict.attributes.expiry
        assert signing_time is not None
        assert expiry == signing_time + DAY
    for control, question in scene.spoiled(envelope).items():
        _refused(question, FAILED_HERE[control])


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("spec", ["RSA-2048", "EC-384", "EC-521"])
def test_digests_by_another_hash(blob_peer: Peer, tmp_path: Path, spec: str, media_type: str) -> None:
    """Both sides refuse a digest of the blob by another hash than that of the key, as artifacts' signatures have it."""
    scene = BlobScene(tmp_path, spec, media_type)
    for other in ("RSA-2048", "EC-384", "EC-521"):
        payload = json.dumps(_payload(other)).encode()
        question = scene.question(sign_envelope(scene.chain, media_type, payload))
        if other == spec:
            accepted(blob_peer, question)
        else:
            assert not question.ask_peer(blob_peer)["ok"]
            _refused(question, IntegrityError)


def _refused(question: BlobQuestion, kind: type[NotarykitError]) -> None:
    with pytest.raises(kind) as refused:
        question.ask_us()
    assert type(refused.value) is kind


@pytest.mark.parametrize("level", LOGGED)
@pytest.mark.parametrize("media_type", FORMATS)
def test_levels(blob_peer: Peer, tmp_path: Path, media_type: str, level: str) -> None:
    """Both sides let pass what a level only logs, and report it, and refuse everything else."""
    scene = BlobScene(tmp_path, media_type=media_type)
    for control, question in scene.spoiled(scene.sign_there(blob_peer), level=level).items():
        there = question.ask_peer(blob_peer)
        assert there["ok"] is (control in LOGGED[level]), control
        if control in LOGGED[level]:
            verdict = question.ask_us().verdict
            assert isinstance(verdict, Verified if control is Control.EXPIRY else Audited)
            failed = [str(each.step) for each in verdict.results if each.error]
            assert failed == [each["type"] for each in there["results"] if each["error"]] == [FAILED_THERE[control]]
        else:
            _refused(question, FAILED_HERE[control])


def test_level_skip(blob_peer: Peer, tmp_path: Path) -> None:
    """A statement of the level skip that is chosen by its name is kept here; the Go side breaks down over it."""
    scene = BlobScene(tmp_path)
    policy = {"level": "skip", "is_global": False, "name": "none"}
    question = scene.question(scene.sign_here(), **policy)._replace(policy_name="none")
    assert isinstance(question.ask_us().verdict, Skipped)
    there = question.ask_peer(blob_peer)
    assert there["error"] == "panic: runtime error: invalid memory address or nil pointer dereference"


# Media types of blobs that one side alone signs.
MEDIA_TYPES: dict[str, Difference] = {
    **stricter(
        "RFC 6838, section 4.2: a type, a slash and a subtype, of restricted names",
        "text", " text/plain", "text/plain ", "*/*", "a/*", "!/b", "-a/b", "a/" + "b" * 200, "text;c=d",
    ),
    **stricter(
        "RFC 9110, section 5.6.6: a parameter is a name, = and a value, without blanks around it",
        "a/b; c = d", "a/b;c=d\n", "a/b;", "a/b;c=d;",
    ),
    **stricter("RFC 6838, section 4.3: no parameter twice, even with the same value", "a/b;c=d;c=d"),
    **stricter("a limit of the house: no quoted pairs, and nothing beyond ASCII", 'a/b;c="\\""', 'a/b;c="ä"'),
    **stricter("a limit of the house: a thousand characters", "a/b;c=" + "d" * 1000),
    **stricter(
        "the signature would be one of an image's manifest, too",
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json;a=b",
    ),
}  # fmt: skip
SAME_MEDIA_TYPES = [
    "text/plain", "TEXT/Plain", "application/vnd.example+json", "text/plain;charset=utf-8", 'a/b; c="d e"',
    "a/b;c=d;e=f", 'a/b;c="c=d"', "a/b;c=", "text/", "/plain", "", " ", "a b", "a/b c", "a/b/c", "a/b; c", "a/b;;",
    "a/b;c=d;c=e", "a/b;c=d;C=e", 'a/b; c="d', "a/b;c=ä", "ä/b", "a\n/b",
]  # fmt: skip


@pytest.mark.parametrize("media_type", [*MEDIA_TYPES, *SAME_MEDIA_TYPES])
def test_media_types(blob_peer: Peer, tmp_path: Path, media_type: str) -> None:
    """Both sides sign the same media types, but for the differences; what Go signs is verified, whatever it is."""
    scene = BlobScene(tmp_path)
    there = scene.ask_to_sign(blob_peer, "sign", **scene.key(), contentMediaType=media_type)
    envelope = b""
    with contextlib.suppress(UsageError):
        envelope = scene.sign_here(content_type=media_type)
    kinds = {
        (True, True): Kind.NONE,
        (False, False): Kind.NONE,
        (True, False): Kind.LAXER,
        (False, True): Kind.STRICTER,
    }
    expected = MEDIA_TYPES[media_type].kind if media_type in MEDIA_TYPES else Kind.NONE
    assert kinds[bool(envelope), there["ok"]] is expected
    if envelope:
        assert scene.question(envelope)._replace(content_type=media_type).ask_peer(blob_peer)["ok"]
    if there["ok"]:
        question = scene.question(base64.b64decode(there["envelope"]))
        assert isinstance(question._replace(content_type=media_type).ask_us().verdict, Verified)
