"""In-memory cache of verified content."""

from notarykit.oci.registry.host import ContentCache

_MIB = 1024 * 1024


def test_content_is_found_by_kind_and_digest() -> None:
    """Content is found by its kind and its digest, and by nothing less."""
    cache = ContentCache()
    cache.put("a/manifests", "sha256:1", "text/plain", b"x")
    assert cache.get("a/manifests", "sha256:1") == ("text/plain", b"x")
    assert cache.get("a/blobs", "sha256:1") is None
    assert cache.get("a/manifests", "sha256:2") is None


def test_first_entry_is_not_replaced() -> None:
    """What is there is not replaced, since content of one digest is the same."""
    cache = ContentCache()
    cache.put("a", "sha256:1", "text/plain", b"x")
    cache.put("a", "sha256:1", "text/html", b"x")
    assert cache.get("a", "sha256:1") == ("text/plain", b"x")


def test_oldest_entry_is_evicted_first() -> None:
    """Not more than 8 MiB are kept, and of those the last."""
    cache = ContentCache()
    for number in range(10):
        cache.put("a", f"sha256:{number}", "", bytes(15 * _MIB // 8))
    kept = [number for number in range(10) if cache.get("a", f"sha256:{number}")]
    assert kept == [6, 7, 8, 9]


def test_large_content_is_not_cached() -> None:
    """One thing does not push all the others out."""
    cache = ContentCache()
    cache.put("a", "sha256:1", "", b"x")
    cache.put("a", "sha256:2", "", bytes(17 * _MIB // 8))
    assert cache.get("a", "sha256:1") is not None
    assert cache.get("a", "sha256:2") is None
