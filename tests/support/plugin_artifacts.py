"""Plugins as artifacts in an image layout, written byte by byte."""

import json
from collections.abc import Sequence
from typing import Any

from notarykit.envelope.descriptor import Descriptor
from tests.support.layouts import MANIFEST_TYPE, REF_NAME, AnyPath, add_blob, read_index, write_index

_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
TITLE = "org.opencontainers.image.title"


def add_plugin(
    path: AnyPath, tag: str, files: Sequence[bytes], *, title: str = "", config: str = _EMPTY_TYPE, **changes: Any
) -> Descriptor:
    """Adds an artifact with a layer for each file to a layout, and returns its descriptor.

    Args:
        path: Folder of the layout.
        tag: Tag of the artifact.
        files: Content of each layer.
        title: Name of the files; an empty string for none.
        config: Media type of the configuration.
        changes: Members of the manifest that are different.
    """
    annotations = {"annotations": {TITLE: title}} if title else {}
    layers = [
        {"mediaType": "application/gzip", "digest": add_blob(path, file), "size": len(file), **annotations}
        for file in files
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": "application/vnd.example.plugin",
        "config": {"mediaType": config, "digest": add_blob(path, b"{}"), "size": 2},
        "layers": layers,
        **changes,
    }
    content = json.dumps(manifest).encode()
    artifact = Descriptor(MANIFEST_TYPE, add_blob(path, content), len(content))
    index = read_index(path)
    index["manifests"].append({**artifact.to_json(), "annotations": {REF_NAME: tag}})
    write_index(path, index)
    return artifact
