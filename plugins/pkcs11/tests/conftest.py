"""Module with one fake token, a session with it, and the pauses and process locks of the code under test."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from notarykit_pkcs11 import client
from notarykit_pkcs11.client import Module
from notarykit_pkcs11.token import retry, token_lookup
from notarykit_pkcs11.token.session import TokenSession, session_key
from plugins.pkcs11.tests.fake_token import MODULE_PATH, FakeLibrary, FakeProcessLock, FakeToken


@pytest.fixture
def token() -> FakeToken:
    """Token with the PIN 1234."""
    return FakeToken()


@pytest.fixture
def module(token: FakeToken, pauses: list[float], locks: list[str]) -> Module:
    """Module of the token."""
    module = Module(MODULE_PATH)
    module._library = FakeLibrary([token])
    return module


@pytest.fixture
def session(module: Module, token: Any) -> TokenSession:
    """Session with the token, under the process lock."""
    module._process_lock = FakeProcessLock(MODULE_PATH, [])
    session: TokenSession = module.sessions.setdefault(session_key(token), TokenSession(module, token))
    return session


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each pause, none of which is made."""
    pauses: list[float] = []
    for paused in (retry, token_lookup, client):
        monkeypatch.setattr(paused, "time", SimpleNamespace(sleep=pauses.append, monotonic=time.monotonic))
    return pauses


@pytest.fixture
def locks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Log of the process locks taken."""
    locks: list[str] = []
    monkeypatch.setattr(client, "ProcessLock", lambda path: FakeProcessLock(path, locks))
    return locks
