"""Tar files that two readers could understand differently are refused; those of honest writers are not."""

import io
import json
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import StorageError
from notarykit.oci import archive as archives
from notarykit.oci.archive import LayoutArchive
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Tag
from tests.support.requirements import program
from tests.unit.oci.layouts import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A layout with an artifact that is tagged v1."""
    made = Layout(tmp_path / "layout")
    made.write_index([made.put_artifact(tag="v1")])
    return made


def _head(
    name: str, size: int | bytes = 0, kind: bytes = b"0", *, prefix: bytes = b"", magic: bytes = b"ustar\x0000"
) -> bytes:
    """A header, with its sum; a size that is bytes is written as it is."""
    digits = b"%011o\0" % size if isinstance(size, int) else size
    block = bytearray(512)
    for place, value in ((0, name.encode()), (100, b"0000644\0"), (124, digits), (136, b"0" * 11), (156, kind)):
        block[place : place + len(value)] = value
    block[257 : 257 + len(magic)] = magic
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _member(name: str, content: bytes, kind: bytes = b"0") -> bytes:
    return _head(name, len(content), kind) + content + bytes(-len(content) % 512)


def _pax(*records: str, kind: bytes = b"x") -> bytes:
    """An extended header; each record gets its length."""
    content = b""
    for record in records:
        text = f" {record}\n".encode()
        length = len(text) + len(str(len(text) + 2))
        content += str(length).encode() + text
    return _member("PaxHeaders/x", content, kind)


def _files(layout: Layout, *, but: str = "") -> bytes:
    paths = sorted(path for path in layout.folder.rglob("*") if path.is_file() and path.name != but)
    return b"".join(_member(str(path.relative_to(layout.folder)), path.read_bytes()) for path in paths)


END = bytes(1024)
OTHER = b'{"schemaVersion":2,"manifests":[]}'
LONG = "././@LongLink"

# Each is put before the files of a layout, or in place of its index.
REFUSED = {
    "file above a file": (_member("index.json/x", OTHER), "'index.json' is a file and a folder"),
    "file above a folder in another case": (_head("INDEX.JSON/X/", kind=b"5"), "'index.json' is a file and a folder"),
    "dot at the end": (_member("index.json.", OTHER), "'index.json.' is not a plain name"),
    "blank at the end": (_member("blobs /sha256/0", OTHER), "'blobs /sha256/0' is not a plain name"),
    "stream of a file": (_member("index.json::$DATA", OTHER), "'index.json::$DATA' is not a plain name"),
    "hard link": (_head("index.json", kind=b"1"), "'index.json' is a hard link"),
    "symbolic link": (_head("index.json", kind=b"2"), "'index.json' is a symbolic link"),
    "link elsewhere": (_head("latest", kind=b"2"), "'latest' is a symbolic link"),
    "device": (_head("null", kind=b"3"), "'null' is a device"),
    "pipe": (_head("pipe", kind=b"6"), "'pipe' is a pipe"),
    "contiguous file": (_member("a", b"x", b"7"), "'a' is of an unusual type"),
    "unknown type": (_member("a", b"x", b"Z"), "'a' is of an unusual type"),
    "sparse file of GNU's": (_member("index.json", OTHER, b"S"), "'index.json' is a sparse file"),
    "long name": (_member(LONG, b"index.json\0", b"L") + _member("a", OTHER), "is a long name"),
    "long name of a link": (_member(LONG, b"index.json\0", b"K") + _member("a", OTHER), "is a long name of a link"),
    "Solaris' header": (_member("a", b"19 path=index.json\n", b"X"), "'a' is of an unusual type"),
    "pax path": (_pax("path=index.json") + _member("a", OTHER), "it has a pax header with 'path'"),
    "pax path that is not used": (_pax("path=") + _member("a", OTHER), "it has a pax header with 'path'"),
    "pax linkpath": (_pax("linkpath=a") + _member("a", OTHER), "it has a pax header with 'linkpath'"),
    "pax size": (_pax("size=512") + _member("a", OTHER), "it has a pax header with 'size'"),
    "pax size of all": (_pax(f"size={2**33}", kind=b"g"), "it has a pax header with 'size'"),
    "pax path of all": (_pax("path=index.json", kind=b"g"), "it has a pax header with 'path'"),
    "sparse file of pax": (_pax("GNU.sparse.major=1") + _member("a", OTHER), "it has a pax header with 'GNU.sparse."),
    "sparse file of star": (_pax("SCHILY.realsize=9") + _member("a", OTHER), "it has a pax header with 'SCHILY.real"),
    "sparse file of Solaris": (_pax("SUN.holesdata= 0") + _member("a", OTHER), "it has a pax header with 'SUN.holes"),
    "pax keyword of nobody": (_pax("whatever=a"), "it has a pax header with 'whatever'"),
    "pax without end": (_member("x", b"10 mtime=1", b"x"), "it has a malformed pax header"),
    "pax of another length": (_member("x", b"12 mtime=1\n", b"x"), "it has a malformed pax header"),
    "pax without length": (_member("x", b"mtime=1\n", b"x"), "it has a malformed pax header"),
    "pax of no length": (_member("x", b"0 mtime=1\n", b"x"), "it has a malformed pax header"),
    "pax without a blank": (_member("x", b"00000018Xmtime=1\n", b"x"), "it has a malformed pax header"),
    "pax without value": (_member("x", b"9 mtime1\n", b"x"), "it has a malformed pax header"),
    "dots": (_member("././index.json", OTHER), "'././index.json' is not a plain name"),
    "a dot inside": (_member("blobs/./a", OTHER), "'blobs/./a' is not a plain name"),
    "back again": (_member("a/../index.json", OTHER), "'a/../index.json' is not a plain name"),
    "outside": (_member("../index.json", OTHER), "'../index.json' is not a plain name"),
    "two slashes": (_member("blobs//a", OTHER), "'blobs//a' is not a plain name"),
    "absolute": (_member("/index.json", OTHER), "'/index.json' is not a plain name"),
    "a slash behind": (_member("index.json/", OTHER), "'index.json/' is not a plain name"),
    "a slash behind in V7": (_member("index.json/", OTHER, b"\0"), "'index.json/' is a folder with content"),
    "backslashes": (_member(".\\index.json", OTHER), "is not a plain name"),
    "no name": (_member("", OTHER), "'' is not a plain name"),
    "twice": (_member("index.json", OTHER), "'index.json' is there twice"),
    "twice, once with a dot": (_member("./index.json", OTHER), "'index.json' is there twice"),
    "twice but for case": (_member("Index.JSON", OTHER), "'index.json' is there twice"),
    "file and folder": (_head("index.json/", kind=b"5"), "'index.json' is there twice"),
    "folder with content": (_member("a/", OTHER, b"5"), "'a/' is a folder with content"),
    "a prefix in GNU's form": (_head("a", prefix=b".", magic=b"ustar  \0"), "'a' has a header in an unusual form"),
    "parts in GNU's form": (_head("a", prefix=bytes(30) + b"1", magic=b"ustar  \0"), "'a' has a header in an unusual"),
    "prefix in V7": (_head("a", prefix=b"blobs", magic=b""), "'a' has a header in an unusual form"),
    "small binary size": (_head("a", b"\x80" + bytes(10) + b"\1") + bytes(512), "'a' has a size in an unusual form"),
    "negative size": (_head("a", b"\xff" * 12), "'a' has a size in an unusual form"),
    "two sizes": (_head("a", b"0000\0001\0\0\0\0\0\0\0"), "'a' has a size in an unusual form"),
    "no size": (_head("a", bytes(12)), "'a' has a size in an unusual form"),
    "size of no digits": (_head("a", b"0000000000x\0"), "'a' has a size in an unusual form"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_readers_could_understand_differently(case: str, layout: Layout, tmp_path: Path) -> None:
    """The archive is refused as a whole, with the reason."""
    before, reason = REFUSED[case]
    path = tmp_path / "layout.tar"
    path.write_bytes(before + _files(layout) + END)
    with pytest.raises(StorageError) as caught:
        ImageLayout(str(path))
    assert caught.value.message.startswith(f"{path}")
    assert reason in caught.value.message
    assert caught.value.message.endswith(", which readers of tar files understand differently")
    assert caught.value.advice == "extract it into a folder, and look at what is in there"


@pytest.mark.parametrize(
    "behind",
    [
        bytes(512) + _member("a", b"x"),
        END + _member("index.json", OTHER) + END,
        END + bytes(9000) + b"x",
    ],
    ids=["one block of zeros", "another archive", "a byte"],
)
def test_what_stands_behind_the_end(behind: bytes, layout: Layout, tmp_path: Path) -> None:
    """Nothing but zeros may follow the end: a reader that goes on sees another archive."""
    path = tmp_path / "layout.tar"
    path.write_bytes(_files(layout) + behind)
    with pytest.raises(StorageError, match="it goes on behind its end, which readers of tar files understand"):
        LayoutArchive(str(path))


def test_an_end_without_end(layout: Layout, tmp_path: Path) -> None:
    """Zeros without end are not read to their end."""
    path = tmp_path / "layout.tar"
    path.write_bytes(_files(layout))
    with path.open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(StorageError, match="it goes on for long behind its end"):
        LayoutArchive(str(path))


HARMLESS = {
    "times": _pax("mtime=1.5", "atime=1700000000.123456789", "ctime=-1"),
    "owners": _pax("uid=9999999", "gid=9999999", "uname=jürgen", "gname=x"),
    "attributes": _pax("SCHILY.xattr.user.note=a\n=b", "LIBARCHIVE.creationtime=1", "RHT.security.selinux=x"),
    "a comment for all": _pax("comment=0123456789abcdef0123456789abcdef01234567", kind=b"g"),
    "a record that is empty": _pax("comment="),
    "folders twice": 2 * _head("blobs/", kind=b"5") + _head("./", kind=b"5") + _head("/", kind=b"5"),
    "folders of V7": _head("./", kind=b"\0", magic=b"") + _head("blobs/", kind=b"\0", magic=b""),
    "a file of others": _member("README", b"read me") + _member("manifest.json", b"[]"),
    "a prefix": _head("c" * 90, prefix=b"a/b"),
    "times in GNU's form": _head("a", prefix=b"15302625355\00015302625355\0", magic=b"ustar  \0"),
    "a size with blanks": _head("a", b"          0 "),
}  # fmt: skip


@pytest.mark.parametrize("case", HARMLESS)
@pytest.mark.parametrize("end", [END, b"", bytes(512), bytes(10240)], ids=len)
def test_what_every_reader_understands_alike(case: str, end: bytes, layout: Layout, tmp_path: Path) -> None:
    """Members and pax headers that change no file of the layout are passed over, however the archive ends."""
    path = tmp_path / "layout.tar"
    path.write_bytes(HARMLESS[case] + _files(layout) + end)
    assert ImageLayout(str(path)).resolve(Tag("v1")) == ImageLayout(layout.path).resolve(Tag("v1"))
    with tarfile.open(path) as archive:  # and the standard library agrees
        member = archive.extractfile("index.json")
        assert member is not None
        assert json.loads(member.read()) == layout.index()


def _python(form: int) -> Callable[[Layout, Path], None]:
    def write(layout: Layout, path: Path) -> None:
        with tarfile.open(path, "w", format=form) as archive:
            archive.add(layout.folder, arcname="")

    return write


def _shutil(layout: Layout, path: Path) -> None:
    shutil.move(shutil.make_archive(str(path), "tar", layout.folder), path)


def _tar(*flags: str) -> Callable[[Layout, Path], None]:
    def write(layout: Layout, path: Path) -> None:
        subprocess.run([program("tar"), *flags, "-C", layout.path, "-cf", str(path), "."], check=True)

    return write


def _git(layout: Layout, path: Path) -> None:
    git = [program("git"), "-C", layout.path, "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"], ["archive", "-o", str(path), "HEAD"]):
        subprocess.run([*git, *command], check=True)


WRITERS: dict[str, Callable[[Layout, Path], None]] = {
    "tarfile, ustar": _python(tarfile.USTAR_FORMAT),
    "tarfile, GNU": _python(tarfile.GNU_FORMAT),
    "tarfile, pax": _python(tarfile.PAX_FORMAT),
    "shutil": _shutil,
    "tar": _tar(),
    "git archive": _git,
}
_TAR = shutil.which("tar")
if _TAR and b"GNU" in subprocess.run([_TAR, "--version"], capture_output=True, check=False).stdout:
    WRITERS |= {f"GNU tar, {form}": _tar(f"--format={form}") for form in ("v7", "oldgnu", "gnu", "ustar", "pax")}
    WRITERS["GNU tar, attributes"] = _tar("--format=pax", "--xattrs", "--acls", "--sparse")
    WRITERS["GNU tar, reproducible"] = _tar("--format=pax", "--sort=name", "--mtime=@0", "--pax-option=delete=atime")
    WRITERS["GNU tar, a comment"] = _tar("--format=pax", "--pax-option=comment=hello")
    WRITERS["GNU tar, a large block"] = _tar("-b", "2048")


@pytest.mark.parametrize("writer", WRITERS)
def test_honest_writers(writer: str, layout: Layout, tmp_path: Path) -> None:
    """What real programs write is read like the folder."""
    path = tmp_path / "layout.tar"
    WRITERS[writer](layout, path)
    image, folder = ImageLayout(str(path)), ImageLayout(layout.path)
    assert image.resolve(Tag("v1")) == folder.resolve(Tag("v1"))


def _large(layout: Layout, path: Path, head: bytes) -> None:
    """An archive with a file of 8 GiB, which is a hole."""
    with path.open("wb") as file:
        file.write(head)
        file.seek(2**33, io.SEEK_CUR)
        file.write(_files(layout) + END)


@pytest.mark.parametrize(
    "head",
    [_head("large", b"\x80" + (2**33).to_bytes(11, "big")), _pax("mtime=1", f"size={2**33}") + _head("large")],
    ids=["GNU", "pax"],
)
def test_a_file_too_large_for_octal_digits(head: bytes, layout: Layout, tmp_path: Path) -> None:
    """A layer of 8 GiB has a size that the plain field cannot hold, and both ways to say it are read."""
    _large(layout, tmp_path / "layout.tar", head)
    assert ImageLayout(str(tmp_path / "layout.tar")).resolve(Tag("v1")) == ImageLayout(layout.path).resolve(Tag("v1"))


@pytest.mark.parametrize("head", [_head("large", 5), _pax("mtime=1"), _head("large/", kind=b"5")], ids=range(3))
def test_a_large_size_for_no_file(head: bytes, layout: Layout, tmp_path: Path) -> None:
    """A size of a pax header counts for a file without one of its own, and for nothing else."""
    _large(layout, tmp_path / "layout.tar", _pax(f"size={2**33}") + head)
    with pytest.raises(StorageError, match="it has a pax header with 'size' for no file"):
        LayoutArchive(str(tmp_path / "layout.tar"))


def test_pax_headers_are_bounded(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pax headers are read up to a limit, in a time that grows with their length."""
    path = tmp_path / "layout.tar"
    path.write_bytes(_member("x", b"6 a.=\n" * 300_000, b"x") + _files(layout))
    start = time.process_time()
    assert isinstance(ImageLayout(str(path)).resolve(Tag("v1")), Descriptor)
    assert time.process_time() - start < 5
    monkeypatch.setattr(archives, "_MOST_EXTENSIONS", 1_000_000)
    with pytest.raises(StorageError, match="has more than 1000000 bytes of pax headers"):
        LayoutArchive(str(path))
