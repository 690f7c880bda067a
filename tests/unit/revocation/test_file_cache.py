"""The files of CRLs: notation's place and form, and whatever can be wrong with them."""

import base64
import errno
import json
import os
import stat
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from notarykit._internal.files import TEMPORARY
from notarykit._internal.threads import start
from notarykit.revocation.file_cache import CachedCrls, CrlCache
from tests.support.crls import make_crl
from tests.unit.revocation.setting import CHAIN

_URL = "http://crl.example/one.crl"
_BASE, _DELTA = make_crl(CHAIN), make_crl(CHAIN, number=2, base=1)


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "notation" / "crl"


@pytest.fixture
def cache(folder: Path) -> CrlCache:
    """The cache in that folder."""
    return CrlCache(str(folder))


def _put(cache: CrlCache, content: bytes) -> None:
    os.makedirs(cache.folder, exist_ok=True)
    Path(cache.path(_URL)).write_bytes(content)


def test_file_is_named_by_the_hash_of_the_url(cache: CrlCache, folder: Path) -> None:
    """A file is named by the URL's SHA-256 in lower-case hexadecimal, as notation names it."""
    assert cache.path(_URL) == str(folder / sha256(_URL.encode()).hexdigest())
    assert cache.path("http://crl.example/ü") == str(folder / sha256("http://crl.example/ü".encode()).hexdigest())


def test_file_is_json_with_base_and_delta(cache: CrlCache) -> None:
    """A file is an object with the base in base64, and with the delta if present."""
    cache.write(_URL, CachedCrls(_BASE, None))
    assert json.loads(Path(cache.path(_URL)).read_bytes()) == {"baseCRL": _b64(_BASE)}
    cache.write(_URL, CachedCrls(_BASE, _DELTA))
    assert json.loads(Path(cache.path(_URL)).read_bytes()) == {"baseCRL": _b64(_BASE), "deltaCRL": _b64(_DELTA)}


def test_stored_crl_is_loaded(cache: CrlCache) -> None:
    """A stored CRL is loaded by its URL alone, with its delta if present."""
    for cached in (CachedCrls(_BASE, None), CachedCrls(_BASE, _DELTA)):
        cache.write(_URL, cached)
        assert cache.read(_URL) == cached
    assert cache.read(_URL + "?") is None


def test_other_json_layout_is_loaded(cache: CrlCache) -> None:
    """Members in another order, and with white space, are read."""
    _put(cache, json.dumps({"deltaCRL": _b64(_DELTA), "baseCRL": _b64(_BASE)}, indent=2).encode() + b"\n")
    assert cache.read(_URL) == CachedCrls(_BASE, _DELTA)
    _put(cache, json.dumps({"baseCRL": _b64(_BASE), "deltaCRL": None}).encode())
    assert cache.read(_URL) == CachedCrls(_BASE, None)


def test_file_is_readable_by_its_owner_only(cache: CrlCache, folder: Path) -> None:
    """The cache, which tells what was verified, is private."""
    cache.write(_URL, CachedCrls(_BASE, None))
    assert stat.S_IMODE(os.stat(cache.path(_URL)).st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_loading_creates_no_folder(cache: CrlCache, folder: Path) -> None:
    """Loading from a missing folder finds nothing and creates nothing."""
    assert cache.read(_URL) is None
    assert not folder.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 1000,
        b"null",
        b"[]",
        b"{}",
        b'"baseCRL"',
        b'{"deltaCRL": "AAAA"}',
        b'{"baseCRL": null}',
        b'{"baseCRL": 5}',
        b'{"baseCRL": ["AAAA"]}',
        b'{"baseCRL": "no base64!"}',
        b'{"baseCRL": "AAA"}',
        b'{"baseCRL": "AAAA\\n"}',
        '{"baseCRL": "ÄÄÄÄ"}'.encode(),
        b'{"baseCRL": "AAAA", "baseCRL": "BBBB"}',
        b'{"baseCRL": "AAAA", "deltaCRL": 5}',
        b'{"baseCRL": "AAAA", "deltaCRL": "!"}',
        b'{"baseCRL": "AAAA"',
        b'{"baseCRL": "AAAA"}}',
        b"[" * 100_000,
        _BASE,
    ],
)
def test_malformed_file_is_ignored_and_replaced(cache: CrlCache, content: bytes) -> None:
    """A malformed file is a cache miss, and can be replaced."""
    _put(cache, content)
    assert cache.read(_URL) is None
    cache.write(_URL, CachedCrls(_BASE, None))
    assert cache.read(_URL) == CachedCrls(_BASE, None)


def test_too_large_file_is_ignored(cache: CrlCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the size limit is a cache miss."""
    cache.write(_URL, CachedCrls(_BASE, None))
    size = os.path.getsize(cache.path(_URL))
    for limit, cached in ((size, CachedCrls(_BASE, None)), (size - 1, None)):
        monkeypatch.setattr("notarykit.revocation.file_cache._LARGEST_FILE", limit)
        assert cache.read(_URL) == cached


def test_folder_or_pipe_is_ignored(cache: CrlCache) -> None:
    """A folder or a pipe in place of a file is a cache miss, and blocks no one."""
    os.makedirs(cache.path(_URL))
    assert cache.read(_URL) is None
    cache.write(_URL, CachedCrls(_BASE, None))
    assert os.path.isdir(cache.path(_URL))
    os.rmdir(cache.path(_URL))
    os.mkfifo(cache.path(_URL))
    assert cache.read(_URL) is None


def test_file_in_place_of_the_folder_is_ignored(cache: CrlCache, folder: Path) -> None:
    """Nothing is stored, and no error is raised."""
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"mine")
    assert cache.read(_URL) is None
    cache.write(_URL, CachedCrls(_BASE, None))
    assert cache.read(_URL) is None
    assert folder.read_bytes() == b"mine"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["write", "replace", "fsync", "open"])
def test_failing_write_keeps_the_old_file(
    cache: CrlCache, call: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing write leaves the old file, no partial one, and raises no error."""
    cache.write(_URL, CachedCrls(_BASE, None))

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as faulty:
        faulty.setattr(os, call, fail)
        cache.write(_URL, CachedCrls(_BASE, _DELTA))
    assert cache.read(_URL) == CachedCrls(_BASE, None)
    assert os.listdir(cache.folder) == [os.path.basename(cache.path(_URL))]


def test_full_disk_leaves_no_partial_file(cache: CrlCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails halfway leaves no file."""
    write = os.write
    written: list[int] = []

    def half(handle: int, content: bytes) -> int:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(write(handle, bytes(content)[:100]))
        return written[0]

    with monkeypatch.context() as faulty:
        faulty.setattr(os, "write", half)
        cache.write(_URL, CachedCrls(_BASE, None))
    assert written == [100]
    assert os.listdir(cache.folder) == []


def test_concurrent_reader_sees_whole_files(cache: CrlCache) -> None:
    """A reader sees what one of the concurrent writers has written."""
    kinds = [CachedCrls(_BASE, None), CachedCrls(_BASE, _DELTA), CachedCrls(_DELTA, None)]
    cache.write(_URL, kinds[0])
    done = threading.Event()

    def write(cached: CachedCrls) -> None:
        while not done.is_set():
            cache.write(_URL, cached)

    works = [start(lambda cached=cached: write(cached)) for cached in kinds]  # type: ignore[misc]
    try:
        seen = [cache.read(_URL) for _ in range(200)]
    finally:
        done.set()
        for work in works:
            work.result(10.0)
    assert all(content in kinds for content in seen)
    assert not [name for name in os.listdir(cache.folder) if name.startswith(TEMPORARY)]
