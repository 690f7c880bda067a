"""CRL fetcher: downloads, scopes, and its caches."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from notarykit._internal.threads import start
from notarykit.net.trace import Exchange, Note, observed
from notarykit.revocation.crl import Crl
from notarykit.revocation.file_cache import CachedCrls, CrlCache
from notarykit.revocation.result import UnknownStatusError
from tests.support import asn1
from tests.support.checking import sources
from tests.support.crls import NEXT_UPDATE, NOW, make_crl, revoked
from tests.support.ocsp_answers import (
    responding,
)
from tests.support.responders import Responder
from tests.unit.revocation.fetching import fetch_bundle, fetch_status
from tests.unit.revocation.setting import CHAIN, soon

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_LEAF, _ISSUER = CHAIN.certificates[:2]


# CRLs and their cache.


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The cache's folder, which is not there yet."""
    return str(tmp_path / "crl")


def test_crl_is_fetched_once(responder: Responder, folder: str) -> None:
    """While it is current, neither the same nor another process fetches it again."""
    url, fetcher = responder.put("/crl", make_crl(CHAIN)), sources(folder)
    bundle, from_cache = fetch_bundle(fetcher, url)
    assert (CrlCache(folder).read(url), from_cache) == (CachedCrls(bundle.base.der, None), False)
    assert fetch_bundle(fetcher, url)[1]
    assert fetch_bundle(fetcher, url, NEXT_UPDATE)[1]
    assert fetch_bundle(sources(folder), url)[0].base.der == bundle.base.der
    assert responder.asked == {"/crl": 1}


def test_observer_sees_downloads_and_cache_hits(responder: Responder, folder: str) -> None:
    """The observer is called for downloads and for hits in the file cache and in memory."""
    crl, ocsp = responder.put("/crl", make_crl(CHAIN)), responder.ocsp("/ocsp", responding(CHAIN))
    seen: list[Exchange | Note] = []
    with observed(seen.append):
        fetcher = sources(folder)
        for _ in range(2):
            fetch_bundle(fetcher, crl)
            fetch_status(fetcher, ocsp)
        fetch_bundle(sources(folder), crl)
    exchanged, notes = seen[:2], seen[2:]
    assert [event.status for event in exchanged if isinstance(event, Exchange)] == [200, 200]
    assert notes == [
        Note(f"CRL {crl}: cached in this process"),
        Note(f"OCSP response of {ocsp}: cached in this process"),
        Note(f"CRL {crl}: in the file cache"),
    ]


def test_number_of_cached_crls_is_limited(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of cached CRLs is limited however small they are, and the oldest goes first."""
    monkeypatch.setattr("notarykit.revocation.crl_fetcher._MAX_MEMORY", 64 * 1024)
    fetcher = sources()
    urls = [responder.put(f"/crl/{place}", make_crl(CHAIN)) for place in range(8)]
    assert [fetch_bundle(fetcher, url)[1] for url in urls] == [False] * 8
    assert fetch_bundle(fetcher, urls[-1])[1] is True
    assert fetch_bundle(fetcher, urls[0])[1] is False


def test_crl_is_cached_in_memory_without_a_folder(responder: Responder) -> None:
    """Without a cache folder, each fetcher has its own memory."""
    url, fetcher = responder.put("/crl", make_crl(CHAIN)), sources()
    assert [fetch_bundle(fetcher, url)[1] for _ in range(2)] == [False, True]
    assert fetch_bundle(sources(), url)[1] is False
    assert responder.asked == {"/crl": 2}


def test_expired_crl_is_fetched_again(responder: Responder, folder: str) -> None:
    """An expired CRL is fetched again, and replaced in the file."""
    old, new = make_crl(CHAIN), make_crl(CHAIN, number=2, next_update=NEXT_UPDATE + _DAY)
    url, fetcher = responder.put("/crl", old), sources(folder)
    fetch_bundle(fetcher, url)
    responder.put("/crl", new)
    later = NEXT_UPDATE + _SECOND
    assert fetch_bundle(sources(folder), url, later)[0].base.der == new
    assert fetch_bundle(fetcher, url, later)[0].base.der == new
    assert CrlCache(folder).read(url) == CachedCrls(new, None)
    assert responder.asked == {"/crl": 2}  # the second reads the file of the first


def test_older_file_is_ignored(responder: Responder, folder: str) -> None:
    """A CRL in memory is preferred over an older one in the file."""
    newer = make_crl(CHAIN, number=2, next_publish=asn1.generalized_time(NOW + _DAY))
    older = make_crl(CHAIN, this_update=NOW - 10 * _DAY, next_update=NOW - _DAY)
    url, fetcher = responder.put("/crl", newer), sources(folder)
    fetch_bundle(fetcher, url)
    CrlCache(folder).write(url, CachedCrls(older, None))
    responder.fail("/crl", 503)
    assert fetch_bundle(fetcher, url, NOW + 2 * _DAY)[0].base.der == newer


@pytest.mark.requirement("trust:newer-crl")
def test_newer_crl_is_fetched_after_next_publish(
    responder: Responder, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After NextPublish a new CRL is fetched, and the old one is used where there is none."""
    old = make_crl(CHAIN, next_publish=asn1.generalized_time(NOW + _DAY))
    new = make_crl(CHAIN, 1, [revoked(CHAIN)], number=2)
    url = responder.put("/crl", old)
    for fetcher in (first := sources(folder), sources(folder)):
        assert fetch_bundle(fetcher, url, NOW + _DAY)[0].base.der == old
    later, clock = NOW + _DAY + _SECOND, [time.monotonic()]
    monkeypatch.setattr("notarykit.revocation.crl_fetcher.time.monotonic", lambda: clock[0])
    responder.fail("/crl", 503)
    responder.forget()
    for _ in range(3):
        assert fetch_bundle(first, url, later)[0].base.der == old
    assert responder.asked["/crl"] == 1
    responder.put("/crl", b"rubbish")
    clock[0] += 11
    assert fetch_bundle(first, url, later)[0].base.der == old
    responder.put("/crl", new)
    clock[0] += 11
    assert fetch_bundle(first, url, later)[0].base.der == new
    assert CrlCache(folder).read(url) == CachedCrls(new, None)


def test_expired_crl_is_not_used_when_the_download_fails(responder: Responder, folder: str) -> None:
    """An expired CRL is not used where no newer one can be fetched."""
    url = responder.put("/crl", make_crl(CHAIN))
    fetch_bundle(fetcher := sources(folder), url)
    responder.fail("/crl", 503)
    for either in (fetcher, sources(folder)):
        with pytest.raises(UnknownStatusError, match="status 503"):
            fetch_bundle(either, url, NEXT_UPDATE + _SECOND)


_SIGNED = make_crl(CHAIN)


@pytest.mark.parametrize(
    "cached",
    [
        CachedCrls(b"rubbish", None),
        CachedCrls(make_crl(CHAIN, corrupted=True), None),
        CachedCrls(make_crl(CHAIN, 2), None),
        CachedCrls(make_crl(CHAIN, signed_by=CHAIN.leaf_key), None),
        CachedCrls(make_crl(CHAIN, next_update=NOW - _SECOND), None),
        CachedCrls(make_crl(CHAIN, next_update=None), None),
        CachedCrls(_SIGNED, b"rubbish"),
        CachedCrls(_SIGNED, make_crl(CHAIN, number=2, base=1, corrupted=True)),
        CachedCrls(_SIGNED, make_crl(CHAIN, number=2, base=1, next_update=NOW - _SECOND)),
        CachedCrls(_SIGNED, make_crl(CHAIN, number=9, base=8)),
        CachedCrls(make_crl(CHAIN, freshest=["http://delta"]), None),
    ],
    ids=[
        "rubbish", "forged", "another's", "another key's", "expired", "endless", "rubbish as the delta",
        "forged delta", "expired delta", "delta to another", "without its delta",
    ],
)  # fmt: skip
def test_unusable_cached_crl_is_replaced(responder: Responder, folder: str, cached: CachedCrls) -> None:
    """An unusable CRL in the file cache is fetched anew and replaced."""
    good = make_crl(CHAIN, 1, [revoked(CHAIN)])
    url = responder.put("/crl", good)
    CrlCache(folder).write(url, cached)
    assert fetch_bundle(sources(folder), url)[0].base.der == good
    assert responder.asked == {"/crl": 1}
    assert CrlCache(folder).read(url) == CachedCrls(good, None)


def test_cached_crl_belongs_to_its_url(responder: Responder, folder: str) -> None:
    """The cached CRL of one URL is not used for another."""
    one, other = responder.put("/one", make_crl(CHAIN)), responder.put("/other", make_crl(CHAIN, number=2))
    CrlCache(folder).write(one, CachedCrls(_SIGNED, None))
    assert fetch_bundle(sources(folder), other)[0].base.number == 2
    assert responder.asked == {"/other": 1}


@pytest.mark.parametrize(
    "crl",
    [
        b"rubbish",
        make_crl(CHAIN, corrupted=True),
        make_crl(CHAIN, 2),
        make_crl(CHAIN, next_update=None),
    ],
)
def test_refused_crl_is_not_cached(responder: Responder, folder: str, crl: bytes) -> None:
    """A refused CRL is not written to a file, and its failure is cached briefly."""
    url, fetcher = responder.put("/crl", crl), sources(folder)
    for _ in range(2):
        with pytest.raises(UnknownStatusError, match=r"."):
            fetch_bundle(fetcher, url)
    assert not os.path.exists(folder)
    assert responder.asked == {"/crl": 1}


def test_expired_crl_is_not_cached(responder: Responder, folder: str) -> None:
    """An expired CRL, which may list the certificate all the same, is fetched again the next time."""
    crl = make_crl(CHAIN, 1, [revoked(CHAIN)], next_update=NOW - _SECOND)
    url, fetcher = responder.put("/crl", crl), sources(folder)
    assert [fetch_bundle(fetcher, url)[0].base.der for _ in range(2)] == [crl] * 2
    assert not os.path.exists(folder)
    assert responder.asked == {"/crl": 2}


def test_unwritable_cache_is_ignored(responder: Responder, tmp_path: Path) -> None:
    """A cache that cannot be written does not keep a CRL from being used."""
    (tmp_path / "file").write_bytes(b"mine")
    url, fetcher = responder.put("/crl", make_crl(CHAIN)), sources(str(tmp_path / "file"))
    assert [fetch_bundle(fetcher, url)[1] for _ in range(2)] == [False, True]
    assert fetch_bundle(sources(str(tmp_path / "file" / "below")), url)[1] is False


def test_concurrent_threads_fetch_a_crl_once(responder: Responder, folder: str) -> None:
    """All threads get the CRL of one download."""
    url, fetcher = responder.put("/crl", make_crl(CHAIN)), sources(folder)
    works = [start(lambda: fetch_bundle(fetcher, url)[0]) for _ in range(20)]
    first, *others = [work.result(10.0) for work in works]
    assert all(other is first for other in others)
    assert responder.asked == {"/crl": 1}


# Scopes.


def _refuse(_: Crl) -> None:
    raise UnknownStatusError("it is about others")


def test_crl_of_another_scope_is_not_cached(responder: Responder, folder: str) -> None:
    """A CRL whose scope leaves the certificate out is not written to a file."""
    url = responder.put("/crl", make_crl(CHAIN))
    with pytest.raises(UnknownStatusError, match="about others"):
        sources(folder).crl.bundle(url, _ISSUER, NOW, soon(), _refuse)
    assert not os.path.exists(folder)


def test_scope_mismatch_of_one_certificate_is_no_failure_of_another(responder: Responder) -> None:
    """A scope that leaves out one certificate is not cached as a failure for others."""
    url, fetcher = responder.put("/crl", make_crl(CHAIN)), sources()
    with pytest.raises(UnknownStatusError, match="about others"):
        fetcher.crl.bundle(url, _ISSUER, NOW, soon(), _refuse)
    assert fetch_bundle(fetcher, url)[0].base.number == 1
    with pytest.raises(UnknownStatusError, match="about others"):
        fetcher.crl.bundle(url, _ISSUER, NOW, soon(), _refuse)
    assert fetch_bundle(fetcher, url)[0].base.number == 1


def test_cached_crl_of_another_scope_is_fetched_again(responder: Responder, folder: str) -> None:
    """A cached CRL whose scope leaves the certificate out is replaced by the right one."""
    wrong, right = make_crl(CHAIN), make_crl(CHAIN, number=2)
    url = responder.put("/crl", right)
    CrlCache(folder).write(url, CachedCrls(wrong, None))

    def fits(base: Crl) -> None:
        if base.number == 1:
            raise UnknownStatusError("it is about others")

    assert sources(folder).crl.bundle(url, _ISSUER, NOW, soon(), fits)[0].base.der == right
    assert CrlCache(folder).read(url) == CachedCrls(right, None)
