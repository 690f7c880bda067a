"""Bundles that are hostile or broken: each is refused with its reason when it is opened."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notarykit.bundle import reading
from notarykit.bundle.reading import open_bundle
from notarykit.errors import ContentError, NotarykitError, StorageError
from notarykit.verification.verdict import Verified
from tests.support.bundles import Parts, members_of, write_members
from tests.support.ca import make_chain
from tests.support.layouts import make_layout
from tests.unit.bundle.making import Scene, verdicts


def _refused(path: str | Path, kind: type[NotarykitError], text: str) -> None:
    with pytest.raises(kind) as caught:
        open_bundle(str(path))
    assert text in caught.value.message, caught.value.message
    assert caught.value.message.startswith(str(path))
    assert type(caught.value) is kind


def test_whole_bundle_is_accepted(scene: Scene, parts: Parts, path: Path) -> None:
    """Taken apart and put together again unchanged, a bundle is accepted, so that each refusal has its own reason."""
    assert [type(verified.verdict) for _, verified in verdicts(parts.write(path), scene.verifier)] == [Verified] * 2


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_other_programs_may_pack_it_again(scene: Scene, made: str, path: Path, form: int) -> None:
    """Extracted and packed again by another program, with folders and in another order, it is the same bundle."""
    with tarfile.open(path, "w", format=form) as archive:
        for name in ("./", "./blobs", "./blobs/sha256"):
            folder = tarfile.TarInfo(name)
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
        for name, content in reversed(members_of(made).items()):
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.mtime, info.uname = len(content), 1_000_000_000, "user"
            archive.addfile(info, io.BytesIO(content))
    assert open_bundle(str(path)).digest == open_bundle(made).digest
    assert len(verdicts(str(path), scene.verifier)) == 2


Change = Callable[[Parts], object]


def _swap_artifacts(parts: Parts) -> None:
    first, second = parts.contents["artifacts"]
    first["artifact"], second["artifact"] = second["artifact"], first["artifact"]
    _, artifact, other, *_ = parts.index["manifests"]
    for name in ("digest", "size"):
        artifact[name], other[name] = other[name], artifact[name]
    artifact["annotations"], other["annotations"] = other["annotations"], artifact["annotations"]


def _swap_signatures(parts: Parts) -> None:
    first, second = parts.contents["artifacts"]
    first["signatures"], second["signatures"] = second["signatures"], first["signatures"]
    manifests = parts.index["manifests"]
    manifests[3], manifests[4] = manifests[4], manifests[3]


def _swap_evidence(parts: Parts) -> None:
    _, crl, response = parts.manifest["layers"]
    for name in ("digest", "size"):
        crl[name], response[name] = response[name], crl[name]


def _first_signature(parts: Parts) -> Any:
    return parts.contents["artifacts"][0]["signatures"][0]


def _change_size(parts: Parts) -> None:
    for descriptor in (_first_signature(parts), parts.index["manifests"][3]):
        descriptor["size"] = 7


def _name_signature(parts: Parts) -> None:
    entry = parts.index["manifests"][3]
    kind = entry.pop("artifactType")
    for descriptor in (_first_signature(parts), entry):
        descriptor["annotations"] = {"org.opencontainers.image.ref.name": "registry.example.com/hello:v1"}
    entry["artifactType"] = kind


def _type_artifact(parts: Parts) -> None:
    for descriptor in (parts.contents["artifacts"][0]["artifact"], parts.index["manifests"][1]):
        descriptor["artifactType"] = "application/vnd.notarykit.bundle.v1"


def _retype_signature(parts: Parts) -> None:
    first, second = parts.contents["artifacts"]
    twin = {**first, "repository": "local/twin", "signatures": [{**_first_signature(parts), "mediaType": "a/b"}]}
    parts.contents["artifacts"] = [first, second, twin]


def _annotate(parts: Parts, layer: int, name: str, value: str) -> None:
    parts.manifest["layers"][layer]["annotations"][f"com.github.notarykit.evidence.{name}"] = value


def _trust(parts: Parts, change: Callable[[dict[str, Any]], object]) -> None:
    layer = parts.manifest["layers"][0]
    document = json.loads(parts.take(layer["digest"]))
    change(document)
    layer |= parts.put(json.dumps(document, separators=(",", ":")).encode())


def _reorder(parts: Parts) -> None:
    parts.contents = dict(reversed(parts.contents.items()))


CHANGES: dict[str, tuple[Change, type[NotarykitError], str]] = {
    "artifacts swapped": (_swap_artifacts, ContentError, "is for sha256:"),
    "signatures swapped": (_swap_signatures, ContentError, "is for sha256:"),
    "evidence swapped": (_swap_evidence, ContentError, "has another file name than its content"),
    "evidence said to hold longer": (
        lambda parts: _annotate(parts, 1, "until", "2999-01-01T00:00:00Z"), ContentError, "does not hold from",
    ),
    "response said to hold longer": (
        lambda parts: _annotate(parts, 2, "until", "2999-01-01T00:00:00Z"), ContentError, "does not hold from",
    ),
    "evidence said to be newer": (
        lambda parts: _annotate(parts, 1, "since", "2026-11-29T00:00:00Z"), ContentError, "does not hold from",
    ),
    "a time that is none": (
        lambda parts: _annotate(parts, 1, "until", "tomorrow"), StorageError, "not a time of the form",
    ),
    "evidence without its URL": (
        lambda parts: parts.manifest["layers"][1]["annotations"].pop("com.github.notarykit.evidence.url"),
        StorageError, "has no annotation",
    ),
    "a layer of another type": (
        lambda parts: parts.manifest["layers"][1].update(mediaType="text/plain"), StorageError, "of the unknown type",
    ),
    "trust at another place": (
        lambda parts: parts.manifest["layers"].reverse(), StorageError, "the first layer of the manifest",
    ),
    "evidence twice": (
        lambda parts: parts.manifest["layers"].append(parts.manifest["layers"][1]), ContentError, "a part of it twice",
    ),
    "an annotation more": (
        lambda parts: parts.manifest.update(annotations={"a": "b"}), StorageError, "not in the form in which",
    ),
    "a member more": (lambda parts: parts.contents.update(note="x"), StorageError, "not in the form in which"),
    "members in another order": (_reorder, StorageError, "not in the form in which"),
    "an unknown member of an artifact": (
        lambda parts: parts.contents["artifacts"][0].update(note="x"), StorageError, "unknown member 'note'",
    ),
    "another version": (
        lambda parts: parts.contents.update(version="2.0"), StorageError, "version '2.0' is not supported",
    ),
    "another content": (
        lambda parts: parts.contents.update(content="some"), StorageError, "content 'some' is not one of",
    ),
    "a signature with a name for other programs": (
        _name_signature, StorageError, "has annotations or an artifact type",
    ),
    "an artifact of the bundle's type": (_type_artifact, StorageError, "has annotations or an artifact type"),
    "a signature of two media types": (_retype_signature, StorageError, "has two media types or sizes in it"),
    "trust with a name for other programs": (
        lambda parts: parts.manifest["layers"][0].update(annotations={"org.opencontainers.image.title": "../x"}),
        ContentError, "says other things of the trust proposal than it is",
    ),
    "no artifacts": (lambda parts: parts.contents.update(artifacts=[]), StorageError, "it has no artifact"),
    "a repository that is none": (
        lambda parts: parts.contents["artifacts"][0].update(repository="../x"), StorageError, "not registry/repository",
    ),
    "a tag that is none": (
        lambda parts: parts.contents["artifacts"][0].update(tag="../x"), StorageError, "tag '../x' is malformed",
    ),
    "an index that is no digest": (
        lambda parts: parts.contents["artifacts"][0].update(index="x"), StorageError, "index 'x' is no digest",
    ),
    "an artifact twice": (
        lambda parts: parts.contents["artifacts"].append(parts.contents["artifacts"][0]), StorageError, "twice under",
    ),
    "a size that is another": (
        _change_size, ContentError, "has 866 bytes, not 7 as is said of it",
    ),
    "an index with an entry more": (
        lambda parts: parts.index["manifests"].append(parts.index["manifests"][1]), ContentError, "lists other content",
    ),
    "an index with an entry less": (lambda parts: parts.index["manifests"].pop(), ContentError, "lists other content"),
    "a tag of the index changed": (
        lambda parts: parts.index["manifests"][1]["annotations"].update({"org.opencontainers.image.ref.name": "x"}),
        ContentError, "lists other content",
    ),
    "no entry for the bundle": (
        lambda parts: parts.index["manifests"][0].pop("artifactType"), StorageError, "is an image layout, and",
    ),
    "a file more": (lambda parts: parts.put(b"cargo"), ContentError, "which is no part of the bundle"),
    "trust with a member more": (
        lambda parts: _trust(parts, lambda document: document.update(note="x")), ContentError, "unknown member 'note'",
    ),
    "trust that is malformed": (
        lambda parts: _trust(parts, lambda document: document["trustPolicy"].update(trustPolicies=[])), ContentError,
        "'trustPolicies' is empty",
    ),
    "trust in a store that no policy names": (
        lambda parts: _trust(parts, lambda document: document["trustStores"].update({"ca:more": []})), ContentError,
        "the trust proposal",
    ),
    "trust in a leaf": (
        lambda parts: _trust(
            parts, lambda document: document["trustStores"].update({"ca:tests": ["aGVsbG8="]})
        ), ContentError, "the trust proposal is malformed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_changed_part_is_refused(parts: Parts, path: Path, name: str) -> None:
    """A bundle whose parts say something else, with all digests made anew, is refused with the reason."""
    change, kind, text = CHANGES[name]
    change(parts)
    _refused(parts.write(path), kind, text)


@pytest.mark.parametrize("position", range(10))
def test_missing_part_is_refused(made: str, path: Path, position: int) -> None:
    """Without any one of its files, a bundle is refused."""
    members = members_of(made)
    name = list(members)[position]
    del members[name]
    with pytest.raises(StorageError) as caught:
        open_bundle(write_members(path, members))
    digest = name.removeprefix("blobs/").replace("/", ":")
    assert digest in caught.value.message or f"has no file {name}" in caught.value.message


def test_small_content_is_checked_at_once(made: str, path: Path) -> None:
    """Documents, signatures' manifests, evidence and trust are checked against their digests when it is opened."""
    members = members_of(made)
    parts = Parts(made)
    digests = [parts.manifest["config"]["digest"], *(layer["digest"] for layer in parts.manifest["layers"])]
    for digest in (*digests, _first_signature(parts)["digest"], parts.index["manifests"][0]["digest"]):
        name = f"blobs/{digest.replace(':', '/')}"
        changed = members[name][:-1] + bytes([members[name][-1] ^ 1])
        _refused(write_members(path, {**members, name: changed}), ContentError, f"the content of {digest} has another")


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    """An image layout that is no bundle is refused, and so are a folder and a pipe."""
    folder = Path(make_layout(tmp_path / "layout").path)
    files = [each for each in folder.rglob("*") if each.is_file()]
    members = {str(each.relative_to(folder)): each.read_bytes() for each in files}
    _refused(write_members(tmp_path / "x.tar", members), StorageError, "is an image layout, and no bundle")
    members["oci-layout"] = b'{"imageLayoutVersion":"2.0.0"}'
    _refused(write_members(tmp_path / "y.tar", members), StorageError, "oci-layout is not that of a bundle")
    members["oci-layout"] += b"                              "  # longer, as other programs write it
    _refused(write_members(tmp_path / "z.tar", members), StorageError, "oci-layout is not that of a bundle")
    _refused(folder, StorageError, "is no regular file")
    os.mkfifo(tmp_path / "pipe")
    _refused(tmp_path / "pipe", StorageError, "is no regular file")
    _refused(tmp_path / "absent", StorageError, "cannot be read: No such file")


def _with_member(made: str, path: Path, **members: Any) -> str:
    """A bundle with a member more, which is no plain file."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members_of(made).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo("blobs/sha256/x")
        for name, value in members.items():
            setattr(info, name, value)
        archive.addfile(info)
    return str(path)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "a symbolic link"),
        ({"type": tarfile.LNKTYPE, "linkname": "index.json"}, "a hard link"),
        ({"type": tarfile.CHRTYPE}, "a device"),
        ({"type": tarfile.FIFOTYPE}, "a pipe"),
        ({"name": "/etc/passwd"}, "is not a plain name"),
        ({"name": "../x"}, "is not a plain name"),
        ({"name": "index.json"}, "is there twice"),
        ({"name": "INDEX.json"}, "is there twice"),
        ({"name": "index.json/x"}, "is a file and a folder"),
    ],
)
def test_hostile_members_are_refused(made: str, path: Path, members: dict[str, Any], text: str) -> None:
    """Links, devices, paths and names that two readers understand differently are refused."""
    _refused(_with_member(made, path, **members), StorageError, text)


def test_bombs_are_refused(made: str, path: Path) -> None:
    """A member that says to have more than the file holds is refused before anything is read of it."""
    content = bytearray(Path(made).read_bytes())
    content[124:136] = b"%011o\0" % (8**11 - 1)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    path.write_bytes(content)
    _refused(path, StorageError, "is cut off")


@pytest.mark.parametrize("name", ["index.json", "config", "trust", "crl"])
def test_large_documents_are_refused(parts: Parts, path: Path, name: str) -> None:
    """Documents beyond the limits of a reader are refused, not read."""
    parts.index["manifests"][0]["size"] = 0
    large = b" " * (17 << 20)
    if name == "index.json":
        parts.members["index.json"] = large
        _refused(write_members(path, parts.members), StorageError, "is larger than")
        return
    digest = f"sha256:{hashlib.sha256(large).hexdigest()}"
    if name == "config":
        parts.manifest["config"] = {**parts.manifest["config"], **parts.put(large)}
        manifest = json.dumps(parts.manifest, separators=(",", ":")).encode()
        parts.index["manifests"][0] |= parts.put(manifest)
        parts.members["index.json"] = json.dumps(parts.index).encode()
        _refused(write_members(path, parts.members), StorageError, f"{digest} has")
        return
    layer = parts.manifest["layers"][0 if name == "trust" else 1]
    layer |= parts.put(b" " * (129 << 20) if name == "crl" else large)
    _refused(parts.write(path), StorageError, "more than the")


def test_too_much_evidence_is_refused(made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More evidence than a verification holds in memory is refused before any of it is read."""
    size = sum(part.descriptor.size for part in open_bundle(made).contents.evidence)
    monkeypatch.setattr(reading, "MOST_EVIDENCE", size)
    open_bundle(made)
    monkeypatch.setattr(reading, "MOST_EVIDENCE", size - 1)
    _refused(made, StorageError, f"it has more than {size - 1} bytes of revocation evidence")


def test_signature_of_another_signer_is_no_danger(scene: Scene, parts: Parts, path: Path) -> None:
    """A repository that is relabelled, with everything else in order, opens; its policy statement decides."""
    for artifact in parts.contents["artifacts"]:
        artifact["repository"] = "local/other"
    for entry, artifact in zip(parts.index["manifests"][1:3], parts.contents["artifacts"], strict=True):
        name = f"local/other@{artifact['artifact']['digest']}"
        entry["annotations"]["org.opencontainers.image.ref.name"] = name
    bundle = open_bundle(parts.write(path))
    assert {artifact.repository for artifact in bundle.artifacts} == {"local/other"}
    assert make_chain().ders[-1] not in bundle.trust.stores["ca:tests"]
