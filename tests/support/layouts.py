"""OCI image layouts for tests, written byte by byte, so that none of the code that is tested has a hand in them."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from notarykit.envelope.descriptor import Descriptor
from notarykit.oci.reference import Digest

REF_NAME = "org.opencontainers.image.ref.name"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2}

AnyPath = str | os.PathLike[str]


class Layout(NamedTuple):
    """A layout and the one artifact in it.

    Attributes:
        path: The layout's folder.
        digest: The artifact's digest.
    """

    path: str
    digest: Digest


def make_layout(path: AnyPath, tag: str = "v1", *, index: Mapping[str, Any] | None = None) -> Layout:
    """A new layout with one artifact.

    Args:
        path: The folder, which is made.
        tag: The artifact's tag.
        index: Further members of the index, which nobody may lose.
    """
    os.makedirs(os.path.join(path, "blobs", "sha256"))
    Path(path, "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    write_index(path, {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [], **(index or {})})
    return Layout(os.fspath(path), Digest(add_artifact(path, tag).digest))


def add_artifact(path: AnyPath, tag: str) -> Descriptor:
    """Adds an artifact of its own to a layout, under a tag, and returns its descriptor without the tag."""
    layer = f"content of {tag}".encode("utf-8", "surrogateescape")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": "application/vnd.example.thing",
        "config": {**_EMPTY, "digest": add_blob(path, b"{}")},
        "layers": [{"mediaType": "text/plain", "digest": add_blob(path, layer), "size": len(layer)}],
    }
    content = json.dumps(manifest).encode()
    artifact = Descriptor(MANIFEST_TYPE, add_blob(path, content), len(content))
    index = read_index(path)
    index["manifests"].append({**artifact.to_json(), "annotations": {REF_NAME: tag}})
    write_index(path, index)
    return artifact


def add_blob(path: AnyPath, content: bytes) -> str:
    """Stores a blob and returns its digest."""
    digest = hashlib.sha256(content).hexdigest()
    Path(path, "blobs", "sha256", digest).write_bytes(content)
    return f"sha256:{digest}"


def blob_path(path: AnyPath, digest: str) -> Path:
    """Where a layout has a blob."""
    return Path(path, "blobs", *digest.split(":"))


def read_index(path: AnyPath) -> dict[str, Any]:
    """The index of a layout."""
    index: dict[str, Any] = json.loads(Path(path, "index.json").read_bytes())
    return index


def write_index(path: AnyPath, index: Mapping[str, Any]) -> None:
    """Writes the index of a layout."""
    Path(path, "index.json").write_text(json.dumps(index))


def add_image_index(path: AnyPath, tag: str, platforms: Sequence[str], *more: Mapping[str, Any]) -> dict[str, str]:
    """Adds an image index with a manifest for each platform, `os/architecture[/variant]`, to a layout.

    Args:
        path: Folder of the layout.
        tag: Tag of the index.
        platforms: Platforms of its manifests.
        more: Further entries.

    Returns:
        Digest of each platform's manifest, and of the index under `index`.
    """
    digests, entries = {}, []
    for platform in platforms:
        content = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "platform": platform}).encode()
        members = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
        digests[platform] = add_blob(path, content)
        entries.append({**Descriptor(MANIFEST_TYPE, digests[platform], len(content)).to_json(), "platform": members})
    content = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [*entries, *more]}).encode()
    digests["index"] = add_blob(path, content)
    index = read_index(path)
    entry = Descriptor(INDEX_TYPE, digests["index"], len(content), {REF_NAME: tag}).to_json()
    write_index(path, {**index, "manifests": [*index["manifests"], entry]})
    return digests
