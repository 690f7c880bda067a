"""Bundles taken apart and put together again, so that tests can change a part of one."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from tests.support.layouts import AnyPath

BUNDLE_TYPE = "application/vnd.notarykit.bundle.v1"


def members_of(path: AnyPath) -> dict[str, bytes]:
    """The files in a bundle, in their order."""
    with tarfile.open(path, "r:") as archive:
        return {each.name: _content(archive, each) for each in archive.getmembers()}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def write_members(path: AnyPath, members: Mapping[str, bytes]) -> str:
    """Writes files into a tar file, and returns its path."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return str(path)


def blob_name(content: bytes) -> str:
    """The name of the file for a blob."""
    return f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"


class Parts:
    """Documents of a bundle, which a test changes; `write` gives them their digests again.

    Attributes:
        members: The files.
        index: The index of the layout.
        manifest: The bundle's manifest.
        contents: The contents document.
    """

    def __init__(self, path: AnyPath) -> None:
        """Reads a bundle."""
        self.members = members_of(path)
        self.index: dict[str, Any] = json.loads(self.members["index.json"])
        self.manifest: dict[str, Any] = self.json(self.index["manifests"][0]["digest"])
        self.contents: dict[str, Any] = self.json(self.manifest["config"]["digest"])

    def json(self, digest: str) -> Any:
        """A blob that is JSON."""
        return json.loads(self.members[f"blobs/{digest.replace(':', '/')}"])

    def take(self, digest: str) -> bytes:
        """Removes a blob, and returns it."""
        return self.members.pop(f"blobs/{digest.replace(':', '/')}")

    def put(self, content: bytes) -> dict[str, Any]:
        """Adds a blob, and returns digest and size as a descriptor has them."""
        self.members[blob_name(content)] = content
        return {"digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}

    def write(self, path: AnyPath) -> str:
        """Writes the bundle with the documents as they are now, and returns its path."""
        for digest in (self.manifest["config"]["digest"], self.index["manifests"][0]["digest"]):
            self.take(digest)
        self.manifest["config"] |= self.put(_dump(self.contents))
        self.index["manifests"][0] |= self.put(_dump(self.manifest))
        self.members["index.json"] = _dump(self.index)
        return write_members(path, self.members)


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
