"""Files of detached signatures: names that tell the format, and writing that loses nothing."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.blob.signature_file import (
    DetachedSignature,
    detected_format,
    format_of,
    is_signature_name,
    read_signature,
    read_signatures,
    signature_path,
    write_signature,
)
from notarykit.errors import EnvelopeError, NoSignatureError, SignatureSizeError, StorageError, UsageError
from tests.support.ca import make_chain
from tests.support.envelopes import COSE, FORMATS, JWS, sign_envelope

CHAIN = make_chain()


def _envelope(media_type: str) -> bytes:
    return sign_envelope(CHAIN, media_type)


@pytest.mark.requirement("signature:signature-file-extensions", "workflow:signature-file")
@pytest.mark.parametrize(
    ("blob", "directory", "path"),
    [
        ("release.tar.gz", None, "release.tar.gz.jws.sig"),
        ("/a/b/model.bin", None, "/a/b/model.bin.jws.sig"),
        ("./b/model.bin", None, "./b/model.bin.jws.sig"),
        ("/a/b/model.bin", "/sigs", "/sigs/model.bin.jws.sig"),
        ("/a/b/model.bin", "", "model.bin.jws.sig"),
    ],
)
def test_names(blob: str, directory: str | None, path: str) -> None:
    """The signature is beside its blob, or in the directory, and is named after the blob and the format."""
    assert signature_path(blob, JWS, directory) == path
    assert signature_path(Path(blob), COSE, directory) == os.path.normpath(path).replace(
        ".jws.", ".cose."
    ) or blob.startswith("./")


@pytest.mark.parametrize("media_type", FORMATS)
def test_signatures_are_known_by_their_names(media_type: str) -> None:
    """What is named as a signature is known as one, and a blob that merely has an extension of its kind is not."""
    assert is_signature_name(signature_path("dist/release.tar", media_type))
    for name in ("release.tar", "release.sig", "release.jws", "cose.sig", "release.jws.sig/blob"):
        assert not is_signature_name(name)


def test_no_name_for_another_format() -> None:
    """A format that does not exist has no name."""
    with pytest.raises(EnvelopeError, match="'text/plain' is not supported"):
        signature_path("blob", "text/plain")


@pytest.mark.requirement(
    "signature:signature-file-extensions",
    "jws:blob-signature-extension",
    "cose:blob-signature-extension",
    "trust:blob-envelope-type",
    "workflow:signature-file",
    "workflow:signature-file-format",
)
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("blob.jws.sig", JWS),
        ("blob.tar.gz.cose.sig", COSE),
        ("BLOB.JWS.SIG", JWS),
        ("folder.cose.sig/blob.jws.sig", JWS),
        ("blob.jws", JWS),
        ("blob.cose", COSE),
        ("signature", None),
        ("folder.sig/signature", None),
    ],
)
def test_formats_by_name(name: str, media_type: str | None) -> None:
    """The last two extensions tell the format, or the envelope specifications' own; without one, nothing does."""
    assert format_of(name) == media_type


@pytest.mark.requirement(
    "signature:signature-file-extensions",
    "trust:blob-envelope-type",
    "workflow:signature-file-format",
)
@pytest.mark.parametrize(
    "name", ["blob.sig", "blob.pgp.sig", "blob.jws.txt", ".jws.sig", "jws.sig", "cose.sig", "blob.jwssig", "blob.json"]
)
def test_names_that_tell_no_format(name: str) -> None:
    """Another extension, or a format without a name before it, is a mistake that is said before anything is read."""
    with pytest.raises(UsageError, match="does not tell the signature's format") as caught:
        format_of(name)
    assert ".jws.sig or .cose.sig" in caught.value.advice


@pytest.mark.requirement("trust:blob-envelope-type", "workflow:signature-file-format")
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("has_extension", [True, False])
def test_reading(media_type: str, has_extension: bool, tmp_path: Path) -> None:
    """A signature is read with the format of its name; where that has no extension, the formats are tried."""
    path = signature_path(tmp_path / "blob", media_type) if has_extension else str(tmp_path / "signature")
    write_signature(path, _envelope(media_type))
    read = read_signature(path)
    assert read == DetachedSignature(media_type, read.envelope)
    assert read.envelope.startswith(b"{" if media_type == JWS else b"\xd2")


@pytest.mark.requirement("trust:blob-envelope-type")
@pytest.mark.parametrize("content", [b"{}", b"\xd2", b"text"])
def test_content_of_no_format(content: bytes, tmp_path: Path) -> None:
    """What is of no format is refused with what each of them lacks, and the name of its file."""
    with pytest.raises(
        EnvelopeError, match=r"^the signature is not application/jose\+json \(.*not application/cose \("
    ):
        detected_format(content)
    (tmp_path / "name").write_bytes(content)
    with pytest.raises(EnvelopeError, match=rf"^signature {tmp_path}/name is not application/jose"):
        read_signature(tmp_path / "name")


def test_empty_signature() -> None:
    """An empty file, as a download that failed leaves it, is called that."""
    with pytest.raises(EnvelopeError, match=r"^the signature is empty$"):
        detected_format(b"")


def test_signatures_that_cannot_be_read(tmp_path: Path) -> None:
    """What is absent, no regular file, or larger than the limit is refused."""
    os.mkfifo(tmp_path / "pipe.jws.sig")
    (tmp_path / "large.jws.sig").write_bytes(b"12345")
    assert read_signature(tmp_path / "large.jws.sig", 5).envelope == b"12345"
    for name, kind, reason in (
        ("none.jws.sig", StorageError, "does not exist"),
        ("pipe.jws.sig", StorageError, "is not a regular file"),
        ("large.jws.sig", SignatureSizeError, "larger than 4 bytes"),
    ):
        with pytest.raises(kind, match=reason):
            read_signature(tmp_path / name, 4)


@pytest.mark.requirement("workflow:signature-file")
def test_writing_is_new(tmp_path: Path) -> None:
    """A new file is written for others to read, nothing else stays, and it is not written over."""
    path = tmp_path / "blob.jws.sig"
    write_signature(path, b"one")
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) & 0o777 == 0o644 & ~_umask()
    with pytest.raises(StorageError, match=r"blob.jws.sig exists already"):
        write_signature(path, b"two")
    assert path.read_bytes() == b"one"
    write_signature(path, b"two", overwrite=True)
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["blob.jws.sig"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    """A link at the place is something that exists; overwritten, it is replaced itself."""
    (tmp_path / "other").write_bytes(b"other")
    path = tmp_path / "blob.jws.sig"
    path.symlink_to("other")
    with pytest.raises(StorageError, match="exists already"):
        write_signature(path, b"one")
    write_signature(path, b"one", overwrite=True)
    assert (tmp_path / "other").read_bytes() == b"other"
    assert not path.is_symlink()


@pytest.mark.parametrize("name", ["id_ed25519", "key.pem"])
def test_what_is_no_signature_is_not_replaced(name: str, tmp_path: Path) -> None:
    """A mistyped path costs no other file; a signature, and an empty file that was made for one, are replaced."""
    path = tmp_path / name
    path.write_bytes(b"a private key")
    with pytest.raises(UsageError, match=f"{name} is no signature, and is not replaced by one"):
        write_signature(path, _envelope(JWS), overwrite=True)
    assert path.read_bytes() == b"a private key"
    for content in (b"", _envelope(JWS), _envelope(COSE)):
        path.write_bytes(content)
        write_signature(path, b"new", overwrite=True)
        assert path.read_bytes() == b"new"
    write_signature(tmp_path / f"{name}.jws.sig", b"one")
    write_signature(tmp_path / f"{name}.jws.sig", b"two", overwrite=True)
    assert (tmp_path / f"{name}.jws.sig").read_bytes() == b"two"


@pytest.mark.parametrize("name", ["signature", "blob.jws.sig"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "directory"])
def test_only_files_are_replaced(name: str, make: Callable[[Path], None], tmp_path: Path) -> None:
    """What is no regular file stays, whatever its name is."""
    make(tmp_path / name)
    kind = (tmp_path / name).lstat().st_mode
    with pytest.raises(UsageError, match="is no signature"):
        write_signature(tmp_path / name, b"one", overwrite=True)
    assert (tmp_path / name).lstat().st_mode == kind


def test_links_without_an_extension_are_followed_before_they_are_replaced(tmp_path: Path) -> None:
    """`/dev/stdout` is a link, and its name tells nothing: what it leads to has to be a signature."""
    link = tmp_path / "out"
    link.symlink_to("/dev/null")
    for target in ("/dev/null", "nowhere"):
        link.unlink()
        link.symlink_to(target)
        with pytest.raises(UsageError, match="out is no signature"):
            write_signature(link, b"one", overwrite=True)
        assert link.readlink() == Path(target)


def test_no_directory_is_made(tmp_path: Path) -> None:
    """A directory that does not exist may be a typo, and is said."""
    with pytest.raises(StorageError, match=f"directory {tmp_path}/none does not exist"):
        write_signature(tmp_path / "none" / "blob.jws.sig", b"x")
    assert not (tmp_path / "none").exists()


def test_signatures_of_a_blob(tmp_path: Path) -> None:
    """Each that is where `blob sign` writes it is read, or has the error of that; where there is none, that is one."""
    blob, folder = tmp_path / "blob", tmp_path / "sigs"
    folder.mkdir()
    for absent, advice in ((blob, "name it with"), (f"{blob}.jws.sig", "leave signatures out")):
        with pytest.raises(NoSignatureError, match=r"neither .*\.jws\.sig nor .*\.cose\.sig exists") as caught:
            list(read_signatures(absent))
        assert caught.value.advice.startswith(advice)
    write_signature(folder / "blob.cose.sig", b"x" * 10)
    (tmp_path / "blob.jws.sig").symlink_to("nothing")
    assert list(read_signatures(blob, folder)) == [(str(folder / "blob.cose.sig"), DetachedSignature(COSE, b"x" * 10))]
    ((_, large),) = read_signatures(blob, folder, 9)
    assert isinstance(large, SignatureSizeError)
    ((path, missing),) = read_signatures(blob)
    assert path == f"{blob}.jws.sig"
    assert isinstance(missing, StorageError)
