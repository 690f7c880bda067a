"""Image layouts in tar files: what Go writes is read here, and ORAS finds the artifact there that we find."""

import tarfile
from pathlib import Path

import pytest

from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Tag
from tests.interop.go_peer import Peer
from tests.support.layouts import make_layout


@pytest.mark.parametrize("form", ["", "pax", "gnu"])
def test_tar_files_of_go_are_read(peer: Peer, form: str, tmp_path: Path) -> None:
    """A tar file of Go's archive/tar, in each of its formats, is read like the folder, by both sides."""
    layout, path = make_layout(tmp_path / "hello"), str(tmp_path / "hello.tar")
    answer = peer.ask("writeArchive", folder=layout.path, layout=path, name=form)
    assert answer["ok"], answer
    assert ImageLayout(path).resolve(Tag("v1")).digest == layout.digest
    assert peer.ask("resolveArchive", layout=path, reference="v1")["digest"] == layout.digest


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_files_of_python_are_read(peer: Peer, form: int, tmp_path: Path) -> None:
    """A tar file of the standard library's, in each of its formats, leads both sides to one artifact."""
    layout, path = make_layout(tmp_path / "hello"), tmp_path / "hello.tar"
    with tarfile.open(path, "w", format=form) as archive:
        archive.add(layout.path, arcname="")
    assert ImageLayout(str(path)).resolve(Tag("v1")).digest == layout.digest
    assert peer.ask("resolveArchive", layout=str(path), reference="v1")["digest"] == layout.digest
