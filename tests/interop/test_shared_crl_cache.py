"""The cache of CRLs that both sides have: what one has fetched, the other uses without a request."""

import base64
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from notarykit.revocation.file_cache import CachedCrls, CrlCache
from tests.interop.go_peer import Peer
from tests.support import asn1
from tests.support.ca import TestChain
from tests.support.checking import sources, words
from tests.support.crls import NOW, Entry, make_crl, revoked
from tests.support.responders import Responder
from tests.support.revocable import crl_path, revocable_chain

_HOUR = timedelta(hours=1)


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A chain whose leaf names a CRL alone."""
    return revocable_chain(responder.url(), ocsp=False, crl_at={1: []})


class _Sides:
    """Both sides with one folder; each asks anew, and nothing but the folder is remembered."""

    def __init__(self, peer: Peer, chain: TestChain, folder: Path) -> None:
        self.peer, self.chain, self.folder = peer, chain, folder
        self.cache = CrlCache(str(folder))

    def ours(self) -> str:
        """What we say of the leaf."""
        return words(self.chain, asking=sources(str(self.folder)))[0]

    def theirs(self) -> str:
        """What the Go libraries say of it."""
        ders = [base64.b64encode(der).decode() for der in self.chain.ders]
        answer = self.peer.ask(
            "revocationCheck", chain=ders, purpose="codeSigning", cacheFolder=str(self.folder), crlSeconds=5
        )
        assert answer["ok"], answer["error"]
        result: str = answer["results"][0]["result"]
        return {"OK": "good", "Revoked": "revoked", "Unknown": "unknown"}[result]

    def asked(self, first: str) -> tuple[str, str]:
        """What both say, one after the other."""
        if first == "ours":
            return self.ours(), self.theirs()
        theirs = self.theirs()
        return self.ours(), theirs


@pytest.fixture
def sides(peer: Peer, chain: TestChain, tmp_path: Path) -> _Sides:
    """Both sides with a folder that is not there yet."""
    return _Sides(peer, chain, tmp_path / "crl")


@pytest.mark.parametrize("lists", [False, True])
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_one_fetches_for_both(sides: _Sides, responder: Responder, first: str, lists: bool) -> None:
    """One request is made, and the other side finds the file."""
    crl = make_crl(sides.chain, 1, [revoked(sides.chain)] if lists else [])
    responder.put(crl_path(0), crl)
    assert sides.asked(first) == (("revoked", "revoked") if lists else ("good", "good"))
    assert responder.asked == {crl_path(0): 1}
    assert len(list(sides.folder.iterdir())) == 1
    assert sides.cache.read(responder.url(crl_path(0))) == CachedCrls(crl, None)


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_delta_is_shared_too(sides: _Sides, responder: Responder, first: str) -> None:
    """The base and its delta are in one file."""
    base = make_crl(sides.chain, number=5, freshest=[responder.url("/delta")])
    delta = make_crl(sides.chain, 1, [revoked(sides.chain)], number=6, base=5)
    responder.put(crl_path(0), base)
    responder.put("/delta", delta)
    assert sides.asked(first) == ("revoked", "revoked")
    assert responder.asked == {crl_path(0): 1, "/delta": 1}
    assert sides.cache.read(responder.url(crl_path(0))) == CachedCrls(base, delta)


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_files_are_the_same(sides: _Sides, responder: Responder, first: str) -> None:
    """The same members with the same values, readable for the owner alone."""
    crl = make_crl(sides.chain)
    responder.put(crl_path(0), crl)
    getattr(sides, first)()
    (file,) = sides.folder.iterdir()
    assert str(file) == sides.cache.path(responder.url(crl_path(0)))
    assert json.loads(file.read_bytes()) == {"baseCRL": base64.b64encode(crl).decode()}
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("first", ["ours", "theirs"])
@pytest.mark.parametrize("kind", ["expired", "forged", "rubbish", "expired delta"])
def test_a_file_that_is_not_good_is_replaced(sides: _Sides, responder: Responder, first: str, kind: str) -> None:
    """Neither side trusts what it finds, and we replace whatever is not good for the other as well."""
    good = make_crl(sides.chain, 1, [Entry(1)])
    url = responder.put(crl_path(0), good)
    old = NOW - _HOUR
    if kind == "rubbish":
        sides.folder.mkdir()
        Path(sides.cache.path(url)).write_bytes(os.urandom(1000))
    elif kind == "expired delta":
        sides.cache.write(url, CachedCrls(good, make_crl(sides.chain, number=2, base=1, next_update=old)))
    else:
        bad = make_crl(sides.chain, next_update=old) if kind == "expired" else make_crl(sides.chain, corrupted=True)
        sides.cache.write(url, CachedCrls(bad, None))
    if kind == "forged" and first == "theirs":
        assert sides.theirs() == "unknown"  # it does not fetch another one
        assert sides.ours() == "good"
    assert sides.asked(first) == ("good", "good")
    assert responder.asked == {crl_path(0): 1}
    assert sides.cache.read(url) == CachedCrls(good, None)


def test_what_is_due_for_us_is_not_for_them(sides: _Sides, responder: Responder) -> None:
    """Past NextPublish we look for a newer one, and they do so past nextUpdate; they use what we fetched."""
    responder.put(crl_path(0), make_crl(sides.chain, next_publish=asn1.generalized_time(NOW - _HOUR)))
    assert sides.theirs() == "good"
    responder.put(crl_path(0), make_crl(sides.chain, 1, [revoked(sides.chain)], number=2))
    assert sides.theirs() == "good"
    assert sides.ours() == "revoked"
    assert sides.theirs() == "revoked"
    assert responder.asked == {crl_path(0): 2}


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_folder_that_cannot_be_written(
    peer: Peer, chain: TestChain, responder: Responder, tmp_path: Path, first: str
) -> None:
    """A file in the place of a file's folder keeps neither of them from checking."""
    responder.put(crl_path(0), make_crl(chain))
    sides = _Sides(peer, chain, tmp_path / "crl")
    os.makedirs(sides.cache.path(responder.url(crl_path(0))))
    assert sides.asked(first) == ("good", "good")
    assert responder.asked == {crl_path(0): 2}
