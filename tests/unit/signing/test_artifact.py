"""Signing artifacts where they are: the signature beside the artifact, or nothing."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from notarykit.errors import (
    ArtifactNotFoundError,
    PluginResponseError,
    StorageError,
)
from notarykit.keys.chain import check_chain
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from tests.support.ca import NOT_BEFORE, TestChain
from tests.support.envelopes import (
    FORMATS,
    JWS,
    sign_envelope,
)
from tests.unit.oci.layouts import Layout
from tests.unit.signers import CHAIN, Envelopes, Key

_NOW = NOT_BEFORE + timedelta(days=10)


def _local(chain: TestChain = CHAIN) -> LocalSigner:
    return LocalSigner(chain.leaf_key, check_chain(chain.ders))


# Artifacts where they are


@pytest.mark.requirement(
    "signature:manifest-thumbprints",
    "jws:layer-media-type",
    "cose:layer-media-type",
    "workflow:push-envelope",
    "workflow:sign",
)
@pytest.mark.parametrize("media_type", FORMATS)
def test_signs_an_artifact_in_a_layout(media_type: str, tmp_path: Path) -> None:
    """The signature is stored beside the artifact, with the chain's thumbprints and the signing time."""
    layout = Layout(tmp_path / "layout")
    artifact = layout.put_artifact(tag="v1")
    layout.write_index([artifact])
    image = ImageLayout(layout.path)
    signed = sign_artifact(
        image, Tag("v1"), _local(), SignOptions(media_type=media_type, now=_NOW, user_metadata={"a": "b"})
    )
    assert signed.artifact == image.resolve(Digest(artifact["digest"]))
    assert list(image.signatures(signed.artifact)) == [signed.manifest]
    assert image.fetch_signature(signed.manifest).envelope == signed.signature.envelope
    assert signed.signature.content.target.digest == artifact["digest"]
    manifest = json.loads(layout.blob_path(signed.manifest.digest).read_bytes())
    thumbprints = [hashlib.sha256(der).hexdigest() for der in CHAIN.ders]
    assert manifest["layers"][0]["mediaType"] == media_type
    assert manifest["annotations"] == {
        "io.cncf.notary.x509chain.thumbprint#S256": json.dumps(thumbprints, separators=(",", ":")),
        "org.opencontainers.image.created": _NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.mark.requirement("plugin:envelope-annotations")
def test_annotations_of_a_plugin_are_stored_beside_those_of_the_specification(tmp_path: Path) -> None:
    """An envelope signer's annotations are added to the manifest, and replace none of the specification's."""
    layout = Layout(tmp_path / "layout")
    layout.write_index([layout.put_artifact(tag="v1")])
    forged = {"io.cncf.notary.x509chain.thumbprint#S256": "forged", "org.opencontainers.image.created": "forged"}
    annotations = {**forged, "com.example": "x"}
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, JWS, payload, now=_NOW), annotations)
    signed = sign_artifact(ImageLayout(layout.path), Tag("v1"), signer, SignOptions(now=_NOW))
    manifest = json.loads(layout.blob_path(signed.manifest.digest).read_bytes())
    assert manifest["annotations"]["com.example"] == "x"
    assert sorted(manifest["annotations"]) == sorted(annotations)
    assert "forged" not in manifest["annotations"].values()


@pytest.mark.requirement("signature:reserved-manifest-annotations")
def test_reserved_annotations_of_a_plugin_are_refused(tmp_path: Path) -> None:
    """An annotation in the specification's own namespace is not for plugins, and nothing is stored."""
    layout = Layout(tmp_path / "layout")
    layout.write_index([layout.put_artifact(tag="v1")])
    before = sorted(layout.folder.rglob("*"))
    signer = Envelopes(lambda payload: sign_envelope(CHAIN, JWS, payload, now=_NOW), {"io.cncf.notary.x": "y"})
    with pytest.raises(PluginResponseError, match=r"'io.cncf.notary.x' of the signature manifest is reserved"):
        sign_artifact(ImageLayout(layout.path), Tag("v1"), signer, SignOptions(now=_NOW))
    assert sorted(layout.folder.rglob("*")) == before


@pytest.mark.requirement("workflow:artifact-is-there")
def test_nothing_is_stored_that_does_not_hold(tmp_path: Path) -> None:
    """An artifact that is not there is not signed, and a signature that does not hold is not stored."""
    layout = Layout(tmp_path / "layout")
    layout.write_index([layout.put_artifact(tag="v1")])
    before = sorted(layout.folder.rglob("*"))
    key = Key()
    with pytest.raises(ArtifactNotFoundError):
        sign_artifact(ImageLayout(layout.path), Tag("v2"), key)
    assert not key.asked
    with pytest.raises(PluginResponseError):
        sign_artifact(ImageLayout(layout.path), Tag("v1"), Key(sign=lambda _: bytes(64)))
    assert sorted(layout.folder.rglob("*")) == before
    layout.blob_path(layout.index()["manifests"][0]["digest"]).unlink()
    with pytest.raises(StorageError):
        sign_artifact(ImageLayout(layout.path), Tag("v1"), key)
    assert not key.asked
