"""CRL fetcher: delta CRLs."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notarykit.revocation.file_cache import CachedCrls, CrlCache
from notarykit.revocation.limits import Deadline
from notarykit.revocation.result import UnknownStatusError
from tests.support.checking import sources
from tests.support.crls import NOW, Entry, make_crl, revoked
from tests.support.responders import Responder
from tests.unit.revocation.fetching import fetch_bundle
from tests.unit.revocation.setting import CHAIN, REMOVED

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The cache's folder, which is not there yet."""
    return str(tmp_path / "crl")


def _base(responder: Responder, **knobs: Any) -> bytes:
    return make_crl(CHAIN, 1, **{"number": 5, "freshest": [responder.url("/delta")], **knobs})


def _delta(*entries: Entry, number: int = 6, **knobs: Any) -> bytes:
    return make_crl(CHAIN, 1, entries, **{"number": number, "base": 5, **knobs})


@pytest.mark.requirement("trust:freshest-crl")
def test_base_and_delta_are_fetched_and_cached(responder: Responder, folder: str) -> None:
    """Base and delta are in one file, and neither is fetched again."""
    base, delta = _base(responder), _delta(revoked(CHAIN))
    url = responder.put("/crl", base)
    responder.put("/delta", delta)
    for fetcher in (sources(folder), sources(folder)):
        bundle = fetch_bundle(fetcher, url)[0]
        assert bundle.delta is not None
        assert (bundle.base.der, bundle.delta.der) == (base, delta)
    assert CrlCache(folder).read(url) == CachedCrls(base, delta)
    assert responder.asked == {"/crl": 1, "/delta": 1}


def test_only_an_old_delta_is_fetched_again(responder: Responder, folder: str) -> None:
    """A base that is still current is not fetched again with its delta."""
    base, old, new = _base(responder), _delta(next_update=NOW + _DAY), _delta(revoked(CHAIN), number=7)
    url = responder.put("/crl", base)
    responder.put("/delta", old)
    first = sources(folder)
    fetch_bundle(first, url)
    responder.put("/delta", new)
    later = NOW + _DAY + _SECOND
    for fetcher in (first, sources(folder)):
        bundle = fetch_bundle(fetcher, url, later)[0]
        assert bundle.delta is not None
        assert (bundle.base.der, bundle.delta.der) == (base, new)
    assert responder.asked == {"/crl": 1, "/delta": 2}
    assert CrlCache(folder).read(url) == CachedCrls(base, new)


def test_base_is_fetched_again_for_a_newer_delta(responder: Responder, folder: str) -> None:
    """A delta to a newer base has that base fetched."""
    url = responder.put("/crl", _base(responder))
    responder.put("/delta", _delta(next_update=NOW + _DAY))
    fetch_bundle(sources(folder), url)
    base, delta = _base(responder, number=8), _delta(number=9, base=8)
    responder.put("/crl", base)
    responder.put("/delta", delta)
    bundle = fetch_bundle(sources(folder), url, NOW + _DAY + _SECOND)[0]
    assert bundle.delta is not None
    assert (bundle.base.der, bundle.delta.der) == (base, delta)


@pytest.mark.requirement("trust:delta-unavailable")
def test_missing_delta_is_refused_and_not_cached(responder: Responder, folder: str) -> None:
    """Specification, "Revocation Checking with Delta CRLs": revocation unavailable, and nothing is cached."""
    url = responder.put("/crl", _base(responder))
    with pytest.raises(UnknownStatusError, match=r"its delta CRL .*/delta: it answers with status 404"):
        fetch_bundle(sources(folder), url)
    responder.put("/delta", _delta(corrupted=True))
    with pytest.raises(UnknownStatusError, match=r"its delta CRL .*: .*the signature does not hold"):
        fetch_bundle(sources(folder), url)
    responder.put("/delta", make_crl(CHAIN, number=6))
    with pytest.raises(UnknownStatusError, match=r"its delta CRL .*: the delta CRL or its base has no number"):
        fetch_bundle(sources(folder), url)
    assert not os.path.exists(folder)


def test_addresses_of_a_delta_are_alternatives(responder: Responder, folder: str) -> None:
    """RFC 5280, section 5.2.6: the next address is tried where one fails."""
    url = responder.put(
        "/crl", _base(responder, freshest=["ldap://delta", responder.url("/no"), responder.url("/delta")])
    )
    responder.put("/delta", _delta(Entry(1, reason=REMOVED)))
    assert fetch_bundle(sources(folder), url)[0].delta is not None
    assert responder.asked == {"/crl": 1, "/no": 1, "/delta": 1}


def test_deadline_of_one_caller_does_not_fail_the_delta_of_others(responder: Responder) -> None:
    """A caller whose deadline passes while the delta is fetched fails alone."""
    fetcher, url = sources(), responder.put("/crl", _base(responder))
    responder.hang("/delta")
    with pytest.raises(UnknownStatusError, match=r"no answer|no response|timed out"):
        fetch_bundle(fetcher, url, deadline=Deadline(0.2))
    responder.put("/delta", _delta())
    assert fetch_bundle(fetcher, url)[0].delta is not None
