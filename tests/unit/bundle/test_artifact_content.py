"""Content of artifacts: what belongs to one, in the order in which a registry takes it."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pytest

from notarykit.bundle.artifact_content import artifact_nodes
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import ContentError
from tests.support.layouts import INDEX_TYPE, MANIFEST_TYPE

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def _blob(name: str, media_type: str = LAYER) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(name.encode()).hexdigest()}", "size": len(name)}


class _Store:
    """Manifests by digest."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, media_type: str, **members: Any) -> dict[str, Any]:
        content = json.dumps({"schemaVersion": 2, "mediaType": media_type, **members}).encode()
        return self.put_bytes(media_type, content)

    def put_bytes(self, media_type: str, content: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self._contents[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def nodes(self, artifact: dict[str, Any], *, blobs: bool = True) -> Sequence[str]:
        descriptor = Descriptor(artifact["mediaType"], artifact["digest"], artifact["size"])
        found = artifact_nodes(descriptor, lambda each: self._contents.get(each.digest), blobs=blobs)
        return [node.descriptor.digest for node in found]


@pytest.fixture
def store() -> _Store:
    """Manifests."""
    return _Store()


@pytest.mark.parametrize("media_type", [MANIFEST_TYPE, DOCKER])
def test_image(store: _Store, media_type: str) -> None:
    """The config and the layers come before the manifest that names them; each blob is there once."""
    config, layer = _blob("config", "application/vnd.oci.image.config.v1+json"), _blob("layer")
    image = store.put(media_type, config=config, layers=[layer, layer])
    assert store.nodes(image) == [config["digest"], layer["digest"], image["digest"]]
    assert store.nodes(image, blobs=False) == [image["digest"]]


@pytest.mark.parametrize("media_type", [INDEX_TYPE, LIST])
def test_index(store: _Store, media_type: str) -> None:
    """Manifests below an index come before it; absent ones and entries of other kinds are left out."""
    image = store.put(MANIFEST_TYPE, config=_blob("config"), layers=[])
    nested = store.put(INDEX_TYPE, manifests=[image])
    absent = _blob("absent", MANIFEST_TYPE)
    index = store.put(media_type, manifests=[nested, image, absent, _blob("other", "text/plain")])
    assert store.nodes(index) == [_blob("config")["digest"], image["digest"], nested["digest"], index["digest"]]
    assert store.nodes(index, blobs=False) == [index["digest"]]


def test_layers_that_are_elsewhere(store: _Store) -> None:
    """Layers that are not distributed with their image are left out."""
    foreign = _blob("windows", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    kept_back = _blob("own", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
    image = store.put(MANIFEST_TYPE, config=_blob("config"), layers=[foreign, kept_back, _blob("layer")])
    assert store.nodes(image) == [_blob("config")["digest"], _blob("layer")["digest"], image["digest"]]


def test_kind_of_its_own(store: _Store) -> None:
    """An artifact whose manifest is of an unknown kind is that manifest alone."""
    artifact = store.put_bytes("application/vnd.example+json", b"anything")
    assert store.nodes(artifact) == [artifact["digest"]]


def test_absent_artifact(store: _Store) -> None:
    """The artifact itself has to be there."""
    with pytest.raises(ContentError, match="is absent"):
        store.nodes(_blob("absent", MANIFEST_TYPE))


@pytest.mark.parametrize("members", [{"layers": {}}, {"layers": [1]}, {"layers": [{"mediaType": "x"}]}, {"config": []}])
def test_malformed_manifests(store: _Store, members: dict[str, Any]) -> None:
    """A manifest that cannot be read is refused."""
    with pytest.raises(ContentError, match="is malformed"):
        store.nodes(store.put(MANIFEST_TYPE, **members))


def test_nesting_has_an_end(store: _Store) -> None:
    """Indexes are followed eight deep, as everywhere."""
    index = store.put(INDEX_TYPE, manifests=[])
    for _ in range(8):
        index = store.put(INDEX_TYPE, manifests=[index])
    store.nodes(index)
    with pytest.raises(ContentError, match="nested more than 8 deep"):
        store.nodes(store.put(INDEX_TYPE, manifests=[index]))
