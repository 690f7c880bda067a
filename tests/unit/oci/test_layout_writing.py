"""Image layouts, written: signatures are added, and nothing that was there is lost."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from notarykit._internal import files
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import StorageError
from notarykit.oci import layout as layouts
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Tag
from tests.unit.oci.layouts import EMPTY_DIGEST, INDEX, JWS, MANIFEST, SIGNATURE, Layout, encoded, entry, sha256

_SUBJECT = Descriptor(MANIFEST, sha256(b"artifact"), 8)
_CREATED = "2024-01-02T03:04:05Z"
_ANNOTATIONS = {"io.cncf.notary.x509chain.thumbprint#S256": '["ab"]', "org.opencontainers.image.created": _CREATED}
_PROGRAM = """
import sys
from notarykit.envelope.descriptor import Descriptor
from notarykit.oci.layout import ImageLayout
layout = ImageLayout(sys.argv[1])
subject = Descriptor(sys.argv[2], sys.argv[3], 8)
for number in range(int(sys.argv[5])):
    envelope = f"{sys.argv[4]} {number}".encode()
    layout.push_signature(subject, "application/jose+json", envelope, {})
"""


def _push(layout: Layout, envelope: bytes = b"envelope") -> Descriptor:
    return ImageLayout(layout.path).push_signature(_SUBJECT, JWS, envelope, _ANNOTATIONS)


def _pushed(layout: Layout) -> list[bytes]:
    image = ImageLayout(layout.path)
    return [image.fetch_signature(each).envelope for each in image.signatures(_SUBJECT)]


def test_pushes_the_older_form(layout: Layout) -> None:
    """A signature is stored with all of its blobs, in the form that every released notation finds in a layout."""
    manifest = ImageLayout(layout.path).push_signature(_SUBJECT, JWS, b"envelope", {**_ANNOTATIONS, "a": "b"})
    content = layout.blob_path(manifest.digest).read_bytes()
    assert (manifest.media_type, manifest.size) == (MANIFEST, len(content))
    assert json.loads(content) == {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": SIGNATURE, "digest": EMPTY_DIGEST, "size": 2},
        "layers": [entry(b"envelope", JWS)],
        "subject": {"mediaType": MANIFEST, "digest": _SUBJECT.digest, "size": 8},
        "annotations": {
            "a": "b",
            "io.cncf.notary.x509chain.thumbprint#S256": '["ab"]',
            "org.opencontainers.image.created": _CREATED,
        },
    }
    assert layout.blob_path(EMPTY_DIGEST).read_bytes() == b"{}"
    assert layout.blob_path(sha256(b"envelope")).read_bytes() == b"envelope"
    assert layout.index()["manifests"] == [{"mediaType": MANIFEST, "digest": manifest.digest, "size": len(content)}]
    assert _pushed(layout) == [b"envelope"]


def test_keeps_everything_else_in_the_index(layout: Layout) -> None:
    """Other members of the index, other entries and what is in them stay as they are, and in their order."""
    entries = [
        {**entry(b"a", tag="v1", x="y"), "platform": {"os": "linux"}, "urls": ["https://example.com"]},
        entry(b"b", INDEX),
    ]
    layout.write_index(entries, mediaType=INDEX, annotations={"é": "ü"}, future={"a": [1.5, None, True]})
    before = layout.index()
    manifest = _push(layout)
    after = layout.index()
    added = after["manifests"].pop()
    assert added["digest"] == manifest.digest
    assert after == before
    assert list(after) == list(before)


@pytest.mark.parametrize("content", [b'{"manifests":null,"schemaVersion":2}', b'{"schemaVersion":2,"manifests":[]}'])
def test_pushes_into_an_empty_index(content: bytes, layout: Layout) -> None:
    """The first entry of an index that was empty or null is the signature."""
    layout.write_raw_index(content)
    _push(layout)
    assert _pushed(layout) == [b"envelope"]
    assert layout.index()["schemaVersion"] == 2


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_of_the_index_stays(mode: int, layout: Layout) -> None:
    """An index that was for some to read is for the same people afterwards."""
    path = layout.folder / "index.json"
    path.chmod(mode)
    _push(layout)
    assert path.stat().st_mode & 0o777 & ~0o022 == mode & ~0o022


@pytest.mark.parametrize("name", ["blobs", "blobs/sha256"])
def test_links_are_not_written_through(name: str, layout: Layout, tmp_path: Path) -> None:
    """A layout whose folder of blobs is a link gets nothing written to where that leads."""
    folder, elsewhere = layout.folder / name, tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    before = layout.index()
    with pytest.raises(StorageError, match=f"^{folder} is a link, which is not written through$"):
        _push(layout)
    assert layout.index() == before
    assert not [path for path in elsewhere.rglob("*") if path.is_file()]


def test_the_same_signature_twice_is_one(layout: Layout) -> None:
    """A signature that is there already is not added again."""
    assert _push(layout) == _push(layout)
    assert len(layout.index()["manifests"]) == 1


def test_a_damaged_blob_is_written_afresh(layout: Layout) -> None:
    """What a writer that was cut off left in the place of a blob is replaced."""
    manifest = _push(layout)
    for digest in (manifest.digest, sha256(b"envelope"), EMPTY_DIGEST):
        for damage in (b"", b"{", b"{} and much more than that" * 100):
            layout.blob_path(digest).write_bytes(damage)
            _push(layout)
            assert sha256(layout.blob_path(digest).read_bytes()) == digest
    assert _pushed(layout) == [b"envelope"]


def test_a_whole_blob_is_left_alone(layout: Layout) -> None:
    """A blob that is there and whole is not written again."""
    layout.put(b"envelope")
    path = layout.blob_path(sha256(b"envelope"))
    before = path.stat().st_ino
    _push(layout)
    assert path.stat().st_ino == before


def test_pushes_where_the_folder_of_blobs_is_missing(tmp_path: Path) -> None:
    """A layout without any blob yet gets the folders for them."""
    layout = Layout(tmp_path / "layout")
    (layout.folder / "blobs" / "sha256").rmdir()
    (layout.folder / "blobs").rmdir()
    _push(layout)
    assert _pushed(layout) == [b"envelope"]


@pytest.mark.parametrize("failing", range(4))
def test_the_index_comes_last(failing: int, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of the four writes fails, the index is the old one and nothing is left over in the layout's folder."""
    before = (layout.folder / "index.json").read_bytes()
    write, written = files.write, list[str]()

    def fail(path: str, content: bytes, mode: int = 0o644) -> None:
        if len(written) == failing:
            raise StorageError(f"{path} cannot be written: full")
        written.append(path)
        write(path, content, mode)

    monkeypatch.setattr(files, "write", fail)
    with pytest.raises(StorageError, match="full"):
        _push(layout)
    assert (layout.folder / "index.json").read_bytes() == before
    assert sorted(path.name for path in layout.folder.iterdir()) == ["blobs", "index.json", "oci-layout"]


def test_a_malformed_index_is_left_as_it_is(layout: Layout) -> None:
    """An index that cannot be read is not overwritten."""
    layout.write_raw_index(b'{"manifests":{}}')
    with pytest.raises(StorageError, match="is malformed"):
        _push(layout)
    assert (layout.folder / "index.json").read_bytes() == b'{"manifests":{}}'


def test_an_index_does_not_grow_beyond_what_is_read(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that would make the index too large for readers is refused, and the index stays as it is."""
    _push(layout, b"one")
    _push(layout, b"two")
    before = (layout.folder / "index.json").read_bytes()
    monkeypatch.setattr(layouts, "_LARGEST_INDEX", len(before) + 100)
    with pytest.raises(StorageError, match=rf"index.json would be larger than {len(before) + 100} bytes"):
        _push(layout, b"three")
    assert (layout.folder / "index.json").read_bytes() == before
    assert b"one" in _pushed(layout)


def test_an_absent_index_is_not_made_up(layout: Layout) -> None:
    """A folder without an index is no layout to push to."""
    (layout.folder / "index.json").unlink()
    with pytest.raises(StorageError, match=r"has no index.json"):
        _push(layout)


def test_threads_lose_nothing(layout: Layout) -> None:
    """Threads that sign at once, through one object, find all of their signatures in the index."""
    image = ImageLayout(layout.path)
    errors = []

    def push(name: str) -> None:
        try:
            for number in range(10):
                image.push_signature(_SUBJECT, JWS, f"{name} {number}".encode(), _ANNOTATIONS)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=push, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(_pushed(layout)) == sorted(f"{name} {number}".encode() for name in "ab" for number in range(10))


def test_processes_lose_nothing(layout: Layout) -> None:
    """Processes that sign at once find all of their signatures in the index, beside what was there."""
    layout.write_index([layout.put_artifact(tag="v1")], future="kept")
    names = "abcd"
    processes = [
        subprocess.Popen([sys.executable, "-c", _PROGRAM, layout.path, MANIFEST, _SUBJECT.digest, name, "8"])
        for name in names
    ]
    assert [process.wait(60) for process in processes] == [0] * len(names)
    assert sorted(_pushed(layout)) == sorted(f"{name} {number}".encode() for name in names for number in range(8))
    assert ImageLayout(layout.path).resolve(Tag("v1"))
    assert layout.index()["future"] == "kept"
    assert encoded(layout.index())
    assert not list(layout.folder.rglob(".notarykit-tmp-*"))


def test_the_index_keeps_its_mode(layout: Layout) -> None:
    """Who may read the index after a signature is who might before."""
    layout.write_index([layout.put_artifact(tag="v1")])
    path = layout.folder / "index.json"
    path.chmod(0o640)
    _push(layout)
    assert path.stat().st_mode & 0o777 == 0o640
