"""Image layouts for tests, made without the code that reads them."""

import hashlib
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from notarykit.envelope.descriptor import Descriptor
from notarykit.oci.layout import ImageLayout

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
SIGNATURE: Final = "application/vnd.cncf.notary.signature"
EMPTY: Final = "application/vnd.oci.empty.v1+json"
JWS: Final = "application/jose+json"
REF_NAME: Final = "org.opencontainers.image.ref.name"
EMPTY_DIGEST: Final = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

Entry = dict[str, Any]


def sha256(content: bytes) -> str:
    """The digest of content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def entry(content: bytes, media_type: str = MANIFEST, **annotations: str) -> Entry:
    """The descriptor of content, with annotations if any are given; `tag` stands for the annotation of that purpose."""
    made: Entry = {"mediaType": media_type, "digest": sha256(content), "size": len(content)}
    if "tag" in annotations:
        annotations[REF_NAME] = annotations.pop("tag")
    if annotations:
        made["annotations"] = annotations
    return made


def encoded(value: object) -> bytes:
    """JSON as some tool may write it."""
    return json.dumps(value, indent=1).encode()


class Layout:
    """A layout that is made blob by blob."""

    def __init__(self, folder: Path) -> None:
        """Makes an empty layout in a folder."""
        self.folder = folder
        (folder / "blobs" / "sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self.write_index([])

    @property
    def path(self) -> str:
        """Its folder as a text."""
        return str(self.folder)

    def blob_path(self, digest: str) -> Path:
        """The file of a blob."""
        return self.folder.joinpath("blobs", *digest.split(":"))

    def put(self, content: bytes) -> str:
        """Stores a blob and returns its digest."""
        self.blob_path(sha256(content)).write_bytes(content)
        return sha256(content)

    def write_index(self, entries: Sequence[Entry] | None, **members: Any) -> None:
        """Writes the index with these entries, and with further members."""
        self.write_raw_index(encoded({"schemaVersion": 2, "manifests": entries, **members}))

    def write_raw_index(self, content: bytes) -> None:
        """Writes the index as it is."""
        (self.folder / "index.json").write_bytes(content)

    def index(self) -> dict[str, Any]:
        """The index as it is now."""
        found: dict[str, Any] = json.loads((self.folder / "index.json").read_bytes())
        return found

    def put_json(self, value: object, media_type: str = MANIFEST, **annotations: str) -> Entry:
        """Stores a document as a blob and returns its descriptor."""
        content = encoded(value)
        self.put(content)
        return entry(content, media_type, **annotations)

    def put_artifact(self, text: str = "artifact", **annotations: str) -> Entry:
        """Stores an artifact's manifest and returns its descriptor."""
        return self.put_json({"schemaVersion": 2, "mediaType": MANIFEST, "text": text}, **annotations)

    def put_signature(self, subject: Entry, envelope: bytes = b"envelope", **changes: Any) -> Entry:
        """Stores an envelope and its manifest in the older form, with changes; returns the manifest's descriptor."""
        self.put(b"{}")
        self.put(envelope)
        return self.put_json({**signature_manifest(subject, envelope), **changes})


def signature_manifest(subject: Entry, envelope: bytes = b"envelope", *, current: bool = False) -> dict[str, Any]:
    """A signature's manifest in the current or in the older form."""
    config: dict[str, Any] = {"mediaType": EMPTY if current else SIGNATURE, "digest": EMPTY_DIGEST, "size": 2}
    made: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config}
    if current:
        made["artifactType"] = SIGNATURE
        config["data"] = "e30="
    bare = {name: subject[name] for name in ("mediaType", "digest", "size")}
    return {**made, "layers": [entry(envelope, JWS)], "subject": bare, "annotations": {"a": "b"}}


def tar_of(folder: Path, path: Path, *, prefix: str = "", folders: bool = True) -> Path:
    """A tar file of a layout."""
    with tarfile.open(path, "w") as archive:
        for each in sorted(folder.rglob("*")):
            if folders or each.is_file():
                archive.add(each, prefix + str(each.relative_to(folder)), recursive=False)
    return path


def without(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The members but one."""
    return {key: value for key, value in members.items() if key != name}


def descriptor_of(entry: dict[str, Any]) -> Descriptor:
    """Returns the descriptor of an entry of an index."""
    return Descriptor(entry["mediaType"], entry["digest"], entry["size"])


def digests_of(layout: Layout, subject: dict[str, Any]) -> list[str]:
    """Returns the digests of the signatures of a subject in a layout."""
    return [signature.digest for signature in ImageLayout(layout.path).signatures(descriptor_of(subject))]
