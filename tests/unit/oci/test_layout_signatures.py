"""Image layouts, read: which signatures an artifact has."""

import pytest

from notarykit._internal import files
from notarykit.errors import ContentError, NotarykitWarning
from notarykit.oci.layout import ImageLayout
from tests.unit.oci.layouts import (
    JWS,
    Layout,
    descriptor_of,
    digests_of,
    entry,
    signature_manifest,
    without,
)


@pytest.mark.requirement("signature:both-manifest-forms")
@pytest.mark.parametrize("current", [True, False])
def test_signatures_of_both_forms(current: bool, layout: Layout) -> None:
    """A signature is found and fetched in the current and in the older form of its manifest."""
    artifact = layout.put_artifact()
    layout.put(b"envelope")
    signature = layout.put_json(signature_manifest(artifact, current=current))
    layout.write_index([artifact, signature])
    (found,) = ImageLayout(layout.path).signatures(descriptor_of(artifact))
    stored = ImageLayout(layout.path).fetch_signature(found)
    assert (stored.manifest.digest, stored.media_type, stored.envelope) == (signature["digest"], JWS, b"envelope")


@pytest.mark.requirement("signature:manifest-subject", "workflow:referrers")
def test_what_is_no_signature_of_the_artifact(layout: Layout) -> None:
    """Other artifacts, other types and other subjects are left aside, and so is what cannot be read as a manifest."""
    artifact, other = layout.put_artifact("a"), layout.put_artifact("b")
    good = layout.put_signature(artifact)
    good_manifest = signature_manifest(artifact)
    layout.write_index(
        [
            artifact,
            layout.put_signature(other),
            layout.put_json(without(good_manifest, "subject")),
            layout.put_json({**good_manifest, "subject": None}),
            layout.put_json({**good_manifest, "subject": {**artifact, "size": artifact["size"] + 1}}),
            layout.put_json({**good_manifest, "subject": {**artifact, "mediaType": "a/b"}}),
            layout.put_json({**good_manifest, "config": {"mediaType": "application/vnd.oci.empty.v1+json"}}),
            layout.put_json({**good_manifest, "artifactType": "application/x"}),
            layout.put_json({**good_manifest, "x": 1}, "application/vnd.oci.artifact.manifest.v1+json"),
            layout.put_json([]),
            entry(b"absent"),
            {**entry(b""), "size": 1 << 60},
            good,
        ]
    )
    assert digests_of(layout, artifact) == [good["digest"]]


def test_a_damaged_signature_brings_a_warning(layout: Layout) -> None:
    """A manifest that is not what its digest says is no signature, and a person is told."""
    artifact = layout.put_artifact()
    good, damaged = layout.put_signature(artifact), layout.put_signature(artifact, b"other")
    layout.write_index([artifact, damaged, good])
    layout.blob_path(damaged["digest"]).write_bytes(b"x")
    with pytest.warns(NotarykitWarning, match=f"the content of {damaged['digest']} has another digest") as caught:
        assert digests_of(layout, artifact) == [good["digest"]]
    assert len(caught) == 1


def test_signatures_that_are_malformed_elsewhere_are_listed(layout: Layout) -> None:
    """A signature with a malformed layer is one; fetching it says what is wrong."""
    artifact = layout.put_artifact()
    broken = layout.put_signature(artifact, layers=[])
    layout.write_index([artifact, broken])
    (found,) = ImageLayout(layout.path).signatures(descriptor_of(artifact))
    with pytest.raises(ContentError, match=f"signature manifest {broken['digest']} is malformed: 'layers' has 0"):
        ImageLayout(layout.path).fetch_signature(found)


def test_manifests_are_read_once(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout's manifests are read once, for however many artifacts their signatures are listed."""
    artifacts = [layout.put_artifact(text) for text in ("one", "two", "three")]
    signatures = [layout.put_signature(artifact) for artifact in artifacts]
    layout.write_index([*artifacts, *signatures])
    read: list[str] = []
    read_file = files.read

    def noted(path: str, limit: int) -> bytes:
        read.append(path)
        return read_file(path, limit)

    monkeypatch.setattr(files, "read", noted)
    image = ImageLayout(layout.path)
    for artifact, signature in zip(artifacts, signatures, strict=True):
        assert [entry.digest for entry in image.signatures(descriptor_of(artifact))] == [signature["digest"]]
    blobs = [path for path in read if "blobs" in path]
    assert len(blobs) == len(set(blobs)) == 6
