"""`python demo/layout.py FOLDER`: creates a small image layout for a trial."""

import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Layout:
    """OCI image layout, written without notarykit."""

    def __init__(self, path: str) -> None:
        self.path = path
        os.makedirs(os.path.join(path, "blobs", "sha256"))
        self.write("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def write(self, name: str, content: bytes) -> None:
        with open(os.path.join(self.path, name), "wb") as file:
            file.write(content)

    def read(self, name: str) -> bytes:
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def add_blob(self, content: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        self.write(f"blobs/sha256/{digest}", content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def blob(self, descriptor: dict[str, str]) -> bytes:
        return self.read("blobs/" + descriptor["digest"].replace(":", "/"))

    @property
    def index(self) -> dict[str, list[dict[str, object]]]:
        return json.loads(self.read("index.json"))  # type: ignore[no-any-return]

    @index.setter
    def index(self, value: dict[str, object]) -> None:
        self.write("index.json", json.dumps(value).encode())


def make_artifact(path: str) -> str:
    """A layout with one artifact, this project's licence, tagged v1; returns its digest."""
    layout = Layout(path)
    with open(os.path.join(os.path.dirname(HERE), "LICENSE"), "rb") as file:
        layer = layout.add_blob(file.read(), "text/plain")
    config = layout.add_blob(b"{}", "application/vnd.oci.empty.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.example.licence",
        "config": config,
        "layers": [layer],
    }
    descriptor = layout.add_blob(json.dumps(manifest).encode(), MANIFEST)
    entry = {**descriptor, "annotations": {"org.opencontainers.image.ref.name": "v1"}}
    layout.index = {"schemaVersion": 2, "manifests": [entry]}
    return str(descriptor["digest"])


if __name__ == "__main__":
    if len(sys.argv) != 2 or os.path.lexists(sys.argv[1]):  # noqa: PLR2004 - itself and the folder
        sys.exit("Usage: python demo/layout.py FOLDER, which is not there yet")
    print(f"{sys.argv[1]}:v1 is {make_artifact(sys.argv[1])}")
