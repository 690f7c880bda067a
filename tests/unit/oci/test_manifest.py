"""Signature manifests: both forms, read and written."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from notarykit._internal.strict_json import Members
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError, StorageError
from notarykit.oci.manifest import (
    ManifestForm,
    is_signature_manifest,
    make_signature_manifest,
    read_signature_manifest,
    signature_annotations,
)
from tests.unit.oci.layouts import (
    EMPTY,
    EMPTY_DIGEST,
    JWS,
    MANIFEST,
    SIGNATURE,
    encoded,
    entry,
    signature_manifest,
    without,
)

_SUBJECT = entry(b"artifact")
_TARGET = Descriptor(MANIFEST, _SUBJECT["digest"], 8)
_ENVELOPE = Descriptor(JWS, entry(b"envelope")["digest"], 8)
_CONFIG = {"mediaType": EMPTY, "digest": EMPTY_DIGEST, "size": 2}
_FORMS: list[ManifestForm] = ["current", "older"]
_THUMBPRINTS = ("00" * 32, "ab" * 32)
_ANNOTATIONS = signature_annotations(_THUMBPRINTS, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))


def _refused(manifest: Any) -> str:
    with pytest.raises(ContentError) as caught:
        read_signature_manifest(manifest if isinstance(manifest, bytes) else encoded(manifest), "sha256:m")
    start = "signature manifest sha256:m is malformed: "
    assert caught.value.message.startswith(start)
    assert caught.value.exit_code == 1
    return caught.value.message.removeprefix(start)


@pytest.mark.requirement("signature:both-manifest-forms")
@pytest.mark.parametrize("current", [True, False])
def test_reads_both_forms(current: bool) -> None:
    """The subject, the envelope and the annotations come out of both forms."""
    found = read_signature_manifest(encoded(signature_manifest(_SUBJECT, current=current)), "sha256:m")
    assert found == (_TARGET, _ENVELOPE, {"a": "b"})


@pytest.mark.parametrize("current", [True, False])
def test_null_is_absent(current: bool) -> None:
    """Null, which programs in Go write for what is empty, is as if it were not there."""
    manifest = signature_manifest(_SUBJECT, current=current)
    null = {"annotations": None, "artifactType": None, "platform": None}
    manifest = {"artifactType": None, **manifest, "annotations": None, "subject": {**_SUBJECT, **null}}
    assert read_signature_manifest(encoded(manifest), "sha256:m") == (_TARGET, _ENVELOPE, {})


def _current(**changes: Any) -> dict[str, Any]:
    return {**signature_manifest(_SUBJECT, current=True), **changes}


@pytest.mark.requirement(
    "signature:manifest-config-beside-artifact-type",
    "signature:manifest-media-type",
    "signature:manifest-config",
    "signature:manifest-layer",
    "signature:manifest-subject",
)
@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b'{"mediaType":"a","mediaType":"a"}', "member 'mediaType' occurs twice"),
        ([], "manifest must be an object, not an array"),
        (without(_current(), "mediaType"), "manifest has no member 'mediaType'"),
        (_current(mediaType="application/vnd.oci.artifact.manifest.v1+json"), f"'mediaType' is not '{MANIFEST}'"),
        (_current(artifactType="application/x"), f"neither 'artifactType' nor 'config.mediaType' is '{SIGNATURE}'"),
        (_current(artifactType=7), "neither 'artifactType' nor 'config.mediaType' is"),
        (without(_current(), "artifactType"), "neither 'artifactType' nor 'config.mediaType' is"),
        (without(without(_current(), "artifactType"), "config"), "neither 'artifactType' nor 'config.mediaType' is"),
        (_current(config={**_CONFIG, "mediaType": SIGNATURE}), f"but 'config.mediaType' is not '{EMPTY}'"),
        (without(_current(), "config"), "manifest has no member 'config'"),
        *((_current(config=without(_CONFIG, each)), f"manifest: 'config' has no member '{each}'") for each in _CONFIG),
        (without(_current(), "layers"), "manifest has no member 'layers'"),
        (_current(layers=None), "manifest: 'layers' must be an array, not null"),
        (_current(layers=[]), "'layers' has 0 entries, not the one envelope"),
        (_current(layers=[entry(b"a"), entry(b"b")]), "'layers' has 2 entries, not the one envelope"),
        (_current(layers=["x"]), "manifest: layer must be an object, not a string"),
        (_current(layers=[{**entry(b"a"), "size": -1}]), "manifest: layer: 'size' must not be negative"),
        (_current(layers=[{**entry(b"a"), "size": 1.0}]), "manifest: layer: 'size' must be an integer, not a number"),
        (_current(layers=[{**entry(b"a"), "digest": "sha256:../../a"}]), "does not have 64 lower-case"),
        (without(_current(), "subject"), "manifest has no member 'subject'"),
        (_current(subject=None), "manifest: 'subject' must be an object, not null"),
        (_current(subject=without(_SUBJECT, "digest")), "manifest: 'subject' has no member 'digest'"),
        (_current(annotations=[]), "manifest: 'annotations' must be an object, not an array"),
        (_current(annotations={"a": 1}), "manifest: 'annotations': 'a' must be a string, not an integer"),
    ],
)  # fmt: skip
def test_malformed_manifests(manifest: Any, message: str) -> None:
    """What is malformed is named by its digest and the member at fault."""
    assert message in _refused(manifest)


@pytest.mark.requirement("signature:manifest-artifact-type", "signature:manifest-older-form")
@pytest.mark.parametrize(
    ("members", "is_one"),
    [
        ({"artifactType": SIGNATURE, "config": {"mediaType": EMPTY}}, True),
        ({"artifactType": SIGNATURE}, True),
        ({"config": {"mediaType": SIGNATURE}}, True),
        ({"artifactType": "", "config": {"mediaType": SIGNATURE}}, True),
        ({"artifactType": "application/x", "config": {"mediaType": SIGNATURE}}, False),
        ({"artifactType": SIGNATURE + "x"}, False),
        ({"config": {"mediaType": EMPTY}}, False),
        ({"config": {}}, False),
        ({"config": None}, False),
        ({"config": SIGNATURE}, False),
        ({"config": {"mediaType": [SIGNATURE]}}, False),
        ({}, False),
    ],
)
def test_which_manifests_are_signatures(members: dict[str, Any], is_one: bool) -> None:
    """The artifact type decides, and where it is absent or empty the config's media type."""
    assert is_signature_manifest(Members(members, "manifest")) is is_one


@pytest.mark.parametrize("form", _FORMS)
def test_what_is_written_is_read(form: ManifestForm) -> None:
    """Both forms are read as what they were made of."""
    content = make_signature_manifest(_TARGET, _ENVELOPE, _ANNOTATIONS, form=form)
    found = read_signature_manifest(content, "sha256:m")
    assert found.subject == _TARGET
    assert found.envelope == _ENVELOPE
    assert found.annotations == {
        "io.cncf.notary.x509chain.thumbprint#S256": f'["{"00" * 32}","{"ab" * 32}"]',
        "org.opencontainers.image.created": "2024-01-02T03:04:05Z",
    }


@pytest.mark.requirement(
    "signature:manifest-config-beside-artifact-type",
    "signature:manifest-older-form",
    "signature:manifest-media-type",
    "signature:manifest-artifact-type",
    "signature:manifest-config",
    "signature:manifest-layer",
    "signature:manifest-subject",
    "workflow:push-manifest",
)
@pytest.mark.parametrize("form", _FORMS)
def test_the_parts_of_each_form(form: ManifestForm) -> None:
    """The current form has the artifact type and an empty config, the older one has the type in the config."""
    content = make_signature_manifest(_TARGET, _ENVELOPE, _ANNOTATIONS, form=form)
    wanted = signature_manifest(_SUBJECT, current=form == "current")
    assert without(json.loads(content), "annotations") == without(wanted, "annotations")
    assert json.loads(content)["config"]["digest"] == EMPTY_DIGEST


@pytest.mark.parametrize("form", _FORMS)
def test_subject_and_layer_are_bare(form: ManifestForm) -> None:
    """Annotations and artifact types of the descriptors stay out of the manifest."""
    subject = _TARGET._replace(annotations={"user": "data"}, artifact_type="application/x")
    made = make_signature_manifest(subject, _ENVELOPE._replace(annotations={"x": "y"}), {}, form=form)
    assert json.loads(made)["subject"] == _SUBJECT
    assert json.loads(made)["layers"] == [entry(b"envelope", JWS)]


@pytest.mark.requirement("signature:manifest-thumbprints", "workflow:push-manifest")
def test_annotations_that_the_specification_requires() -> None:
    """The thumbprints are a JSON array of hexadecimal texts, and the signing time is in RFC 3339."""
    assert {
        "io.cncf.notary.x509chain.thumbprint#S256": f'["{"00" * 32}","{"ab" * 32}"]',
        "org.opencontainers.image.created": "2024-01-02T03:04:05Z",
    } == _ANNOTATIONS
    content = make_signature_manifest(_TARGET, _ENVELOPE, _ANNOTATIONS, form="older")
    assert json.loads(content)["annotations"] == _ANNOTATIONS


def test_a_manifest_that_nobody_would_read() -> None:
    """A signature whose manifest is larger than what readers accept is not stored."""
    note = {"note": "x" * 5_000_000}
    with pytest.raises(StorageError, match="more than 4194304"):
        make_signature_manifest(_TARGET, _ENVELOPE, note, form="current")
