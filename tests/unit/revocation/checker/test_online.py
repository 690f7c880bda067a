"""Checkers for the network: what they share in a process, and what is fetched anew."""

from pathlib import Path

import pytest

from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.file_cache import CrlCache, UnreadCrlCache
from notarykit.revocation.limits import Limits


def test_caches_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkers with the same limits and folder have one fetcher, and others have another."""
    monkeypatch.setenv("NOTATION_CACHE", str(tmp_path))
    usual = RevocationChecker.online()._sources.fetcher
    assert usual is RevocationChecker.online()._sources.fetcher
    assert usual is not RevocationChecker.online(limits=Limits(crl_seconds=1.0))._sources.fetcher
    assert usual is not None
    assert type(usual.crl._cache) is CrlCache


def test_what_is_collected_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one command fetches anew it fetches once; a minute later, in the same process, nothing of it is used."""
    monkeypatch.setenv("NOTATION_CACHE", str(tmp_path))
    now = [6000.0]
    monkeypatch.setattr("notarykit.revocation.checker.time.monotonic", lambda: now[0])
    first = RevocationChecker.online(is_anew=True)._sources.fetcher
    assert first is not None
    assert type(first.crl._cache) is UnreadCrlCache
    now[0] += 59
    assert RevocationChecker.online(is_anew=True)._sources.fetcher is first
    now[0] += 1
    assert RevocationChecker.online(is_anew=True)._sources.fetcher is not first
