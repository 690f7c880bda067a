"""The files of keys and certificates: read with what they were meant to be, and told apart when they change."""

import os
from pathlib import Path

import pytest

from notarykit.errors import SigningKeyError
from notarykit.keys.key_files import file_fingerprint, read_file


@pytest.mark.parametrize("content", [b"", b"key", b"\0" * 1024 * 1024])
def test_file_is_read_whole(content: bytes, tmp_path: Path) -> None:
    """The content comes as it is, up to a megabyte."""
    (tmp_path / "file").write_bytes(content)
    assert read_file(str(tmp_path / "file"), "private key") == content


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """The message says what it was meant to be and where it was looked for."""
    for path in (tmp_path / "absent", tmp_path / "no folder" / "absent"):
        with pytest.raises(SigningKeyError) as caught:
            read_file(str(path), "CA certificate")
        assert caught.value.message == f"CA certificate {path} does not exist"
        assert caught.value.advice


def test_other_kinds_of_file_are_refused(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to, and what is too large are refused with what was meant."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"\0" * (1024 * 1024 + 1))
    for path, problem in (
        (tmp_path, "is not a regular file"),
        (tmp_path / "pipe", "is not a regular file"),
        (tmp_path / "large", "is larger than 1048576 bytes"),
    ):
        with pytest.raises(SigningKeyError) as caught:
            read_file(str(path), "request")
        assert caught.value.message == f"request {path} {problem}"


def test_fingerprint_of_an_unchanged_file_stays(tmp_path: Path) -> None:
    """The same files have the same file_fingerprint, which can be the key of a dictionary."""
    (tmp_path / "file").write_bytes(b"one")
    paths = (str(tmp_path / "file"), None, str(tmp_path / "absent"))
    assert file_fingerprint(*paths) == file_fingerprint(*paths)
    assert len({file_fingerprint(*paths), file_fingerprint(*paths)}) == 1


def test_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    """Another time, another length, another file in its place, and one that goes or comes are all noticed."""
    path, second = tmp_path / "file", tmp_path / "second"
    path.write_bytes(b"one")
    seen = [file_fingerprint(str(path), str(second))]

    def changed() -> bool:
        seen.append(file_fingerprint(str(path), str(second)))
        return seen[-1] not in seen[:-1]

    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert changed()
    path.write_bytes(b"longer")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert changed()
    (tmp_path / "new").write_bytes(b"LONGER")
    os.utime(tmp_path / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (tmp_path / "new").replace(path)
    assert changed()
    second.write_bytes(b"")
    assert changed()
    path.unlink()
    assert changed()


def test_fingerprint_depends_on_the_order(tmp_path: Path) -> None:
    """Two files that change places are a change."""
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    Path(one).write_bytes(b"1")
    Path(two).write_bytes(b"22")
    assert file_fingerprint(one, two) != file_fingerprint(two, one)
    assert file_fingerprint(one, None) != file_fingerprint(None, one)
