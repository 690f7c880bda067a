"""Writing of bundles: what is written is opened before it gets its name, and parts are in a fixed order."""

import errno
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notarykit.bundle import writing
from notarykit.bundle.contents import Content
from notarykit.bundle.creation import collect_artifact, new_bundle
from notarykit.bundle.evidence import BundledEvidence
from notarykit.bundle.reading import open_bundle
from notarykit.bundle.refreshing import collect_again, refreshed_bundle
from notarykit.bundle.tar_writer import TarWriter
from notarykit.bundle.writing import NewBundle, Sink
from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.errors import ContentError, NetworkError, StorageError
from notarykit.oci.tar_header import BLOCK
from notarykit.verification.artifact import ArtifactRequest
from tests.support.bundles import members_of
from tests.support.homes import SCOPE
from tests.unit.bundle.making import Scene

if TYPE_CHECKING:
    from typing_extensions import Buffer


def _new(scene: Scene) -> NewBundle:
    requests = [ArtifactRequest(lambda: scene.repository, digest, SCOPE) for digest in scene.digests]
    collected = [collect_artifact(scene.verifier, request, Content.MANIFEST) for request in requests]
    return new_bundle(Content.MANIFEST, scene.verifier, collected)


def test_what_a_reader_refuses_is_not_written(scene: Scene, path: Path) -> None:
    """A bundle that no reader would open does not get its name, and nothing of it is left."""
    new = _new(scene)
    missing = next(iter(new.small))
    with pytest.raises(ContentError):
        new._replace(small={digest: each for digest, each in new.small.items() if digest != missing}).write(str(path))
    with pytest.raises(StorageError):
        new._replace(small={**new.small, "sha256:" + "0" * 64: b"cargo"}).write(str(path))
    assert list(path.parent.iterdir()) == []
    new.write(str(path))
    assert open_bundle(str(path)).digest == new.bundle.digest


def test_order_of_the_files(scene: Scene, path: Path) -> None:
    """The layout's own files come first, then the bundle's documents, then everything else by its digest."""
    new = _new(scene)
    new.write(str(path))
    names = list(members_of(path))
    assert names[:2] == ["oci-layout", "index.json"]
    manifest = new.bundle.digest.replace(":", "/")
    assert names[2] == f"blobs/{manifest}"
    assert names[5:] == sorted(names[5:])


def test_order_of_collection_does_not_count(scene: Scene, path: Path) -> None:
    """Evidence and signatures that came in another order give the same bytes; artifacts are in the order of naming."""
    new = _new(scene)
    new.write(str(path))
    bundle = open_bundle(str(path))
    found = [each for artifact in bundle.artifacts for each in collect_again(bundle, artifact, scene.verifier).evidence]
    again = refreshed_bundle(bundle, BundledEvidence.of(reversed(found)))
    other = path.with_name("other.tar")
    again.write(str(other))
    assert other.read_bytes() == path.read_bytes()


def test_too_many_artifacts(scene: Scene) -> None:
    """More artifacts than a reader takes are refused when the bundle is made."""
    contents = _new(scene).bundle.contents
    (first, _) = contents.artifacts
    many = tuple(first._replace(tag=f"v{number}") for number in range(20_000))
    with pytest.raises(StorageError, match="more than the 4194304 that are read"):
        contents._replace(artifacts=many).check()


def test_one_name_for_two_artifacts(scene: Scene) -> None:
    """A tag that was moved while the bundle was made would name two artifacts, and is refused."""
    contents = _new(scene).bundle.contents
    first, second = (artifact._replace(tag="v1") for artifact in contents.artifacts)
    with pytest.raises(StorageError, match="stands for two artifacts"):
        contents._replace(artifacts=(first, second)).check()


class _FullDisk(io.BytesIO):
    """File that takes a header, and nothing more."""

    def write(self, content: "Buffer") -> int:
        """Takes what there is room for."""
        if self.tell() >= BLOCK:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(content)


def test_full_disk_is_no_fault_of_the_network() -> None:
    """An error of the file while content is downloaded is not taken for the network's, and not tried again."""
    tries: list[int] = []

    def stream(sink: Sink) -> None:
        tries.append(1)
        try:
            sink(b"content")
        except OSError:
            raise NetworkError("the connection is broken") from None

    file = _FullDisk()
    with pytest.raises(OSError, match="No space left on device"):
        writing._write_large(TarWriter(file), file, Descriptor("", digest_of(b"content"), 7), stream)
    assert tries == [1]
