"""The payload: what is written, and what is read."""

import json
from typing import Any

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.payload import MEDIA_TYPE, make_payload, read_payload
from notarykit.errors import EnvelopeError, UsageError
from tests.support.envelopes import DIGEST, PAYLOAD, PAYLOAD_TYPE, TARGET

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.requirement("signature:payload-versions")
def test_media_type_is_that_of_the_specification() -> None:
    """The payload's media type is the one of the specification."""
    assert MEDIA_TYPE == PAYLOAD_TYPE


@pytest.mark.requirement("signature:payload-oci-descriptor", "signature:metadata-outside-the-payload")
def test_payload_has_target_and_metadata_alone() -> None:
    """Of the artifact go media type, digest and size into the payload, and the user's metadata as annotations."""
    target = Descriptor(_MANIFEST, DIGEST, 16724, {"its": "own"}, "its/type")
    assert json.loads(make_payload(target, {"b": "2", "a": "1"})) == {
        "targetArtifact": {**TARGET, "annotations": {"a": "1", "b": "2"}}
    }
    assert make_payload(target, {}) == PAYLOAD


@pytest.mark.requirement("signature:payload-oci-descriptor")
@pytest.mark.parametrize("media_type", ["", "manifest", "a/b/c", "a/b\n", "text/ü", "a/b; c"])
def test_malformed_media_type_is_not_signed(media_type: str) -> None:
    """A target without a media type is not described, whatever a registry says of it."""
    with pytest.raises(UsageError, match=r"^what is to be signed has the media type .* malformed"):
        make_payload(Descriptor(media_type, DIGEST, 1), {})


def test_order_of_metadata_does_not_matter() -> None:
    """The order in which the metadata comes does not show."""
    target = Descriptor(_MANIFEST, DIGEST, 16724)
    assert make_payload(target, {"a": "1", "b": "2"}) == make_payload(target, {"b": "2", "a": "1"})


@pytest.mark.requirement("signature:reserved-annotations")
@pytest.mark.parametrize("key", ["io.cncf.notary", "io.cncf.notary.expiry", "io.cncf.notaryx"])
def test_reserved_metadata_is_refused(key: str) -> None:
    """A key of the user's metadata with the reserved prefix is refused by name."""
    with pytest.raises(UsageError, match=f"user metadata key '{key}' starts with the reserved prefix"):
        make_payload(Descriptor(_MANIFEST, DIGEST, 1), {key: "x"})


@pytest.mark.requirement("signature:payload-annotations")
@pytest.mark.parametrize("metadata", [{"build": 42}, {"build": None}, {1: "x"}])
def test_metadata_other_than_text_is_refused(metadata: Any) -> None:
    """A number in the place of text is the caller's mistake, named by its key before anything is signed."""
    with pytest.raises(UsageError, match=r"^user metadata ('build'|1) and its value must be strings"):
        make_payload(Descriptor(_MANIFEST, DIGEST, 1), metadata)


def test_payload_of_other_tools_is_read() -> None:
    """Annotations, the artifact type, members that nobody knows, and white space are read or left aside."""
    annotations = {"io.wabbit-networks.buildId": "123", "": "ü"}
    target = {**TARGET, "annotations": annotations, "artifactType": "a/b", "urls": [], "data": "e30=",
              "platform": {"os": "linux", "os.features": ["a"], "more": 1}}  # fmt: skip
    payload = json.dumps({"targetArtifact": target, "other": None}, indent=2).encode()
    assert read_payload(payload) == Descriptor(_MANIFEST, DIGEST, 16724, annotations, "a/b")
    assert read_payload(PAYLOAD) == Descriptor(_MANIFEST, DIGEST, 16724)


@pytest.mark.requirement("signature:payload-oci-descriptor", "signature:payload-annotations")
@pytest.mark.parametrize(
    "target",
    [
        None, [], "x", {}, *({name: value for name, value in TARGET.items() if name != one} for one in TARGET),
        {**TARGET, "size": -1}, {**TARGET, "size": "16724"}, {**TARGET, "size": 16724.0}, {**TARGET, "size": None},
        {**TARGET, "digest": "sha256:00"}, {**TARGET, "digest": "sha1:" + "0" * 40}, {**TARGET, "mediaType": ""},
        {**TARGET, "digest": DIGEST.upper()}, {**TARGET, "annotations": []}, {**TARGET, "annotations": {"a": 1}},
        {**TARGET, "artifactType": 1}, {**TARGET, "urls": "https://example.com"}, {**TARGET, "urls": [1]},
        {**TARGET, "data": 1}, {**TARGET, "data": "~"}, {**TARGET, "platform": "linux"}, {**TARGET, "URLs": 1},
        {**TARGET, "platform": {"os": 1}}, {**TARGET, "platform": {"os.features": "a"}},
    ],
)  # fmt: skip
def test_malformed_target_is_refused(target: Any) -> None:
    """A target that is no descriptor is refused, and the message says that it is the payload's."""
    with pytest.raises(EnvelopeError, match=r"^payload: 'targetArtifact'|^payload: 'targetArtifact' must be an object"):
        read_payload(json.dumps({"targetArtifact": target}).encode())


@pytest.mark.requirement("signature:payload-annotations")
@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{}", b"[]", b"null", PAYLOAD[:-1], PAYLOAD + b"x", b"\xef\xbb\xbf" + PAYLOAD,
        PAYLOAD.decode().encode("utf-16"),
        PAYLOAD[:-1] + b"," + PAYLOAD[1:], PAYLOAD.replace(b'"size":16724', b'"size":1,"size":16724'),
        PAYLOAD.replace(b"16724", b'16724,"annotations":{"a":"1","a":"2"}'),
        PAYLOAD.replace(b"16724", b"NaN"), PAYLOAD.replace(b"targetArtifact", b"TargetArtifact"),
    ],
)  # fmt: skip
def test_malformed_document_is_refused(payload: bytes) -> None:
    """A payload that is not one strict JSON document with its member is refused."""
    with pytest.raises(EnvelopeError, match=r"^payload"):
        read_payload(payload)
