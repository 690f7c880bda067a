"""Sessions and logins on a fake token."""

from typing import Any, cast

import pkcs11
import pytest

from notarykit.errors import PluginError
from notarykit_pkcs11.client import Module
from notarykit_pkcs11.token.session import ProcessLockRequiredError, TokenSession
from plugins.pkcs11.tests.fake_token import FakePins, FakeToken, use


def test_login_is_made_once(session: TokenSession, token: FakeToken) -> None:
    """A login is made once, and the PIN is read once, also where each signature requires it."""
    pins = FakePins("1234")
    assert session.may_log_in
    session.log_in(pins)
    assert not session.may_log_in
    assert session.context_pin(pins) == "1234"
    session.close()
    assert session.may_log_in
    session.log_in(pins)
    assert token.attempts == ["1234", "1234"]
    assert pins.prompts == [False]


def test_login_by_another_part_of_the_program_is_used(session: TokenSession, token: FakeToken) -> None:
    """A login that exists already is used."""
    token.wrong_pin_error = pkcs11.UserAlreadyLoggedIn
    session.log_in(FakePins("any"))
    assert not session.may_log_in


def test_removed_token_forgets_pin_and_sessions(session: TokenSession, token: FakeToken, module: Module) -> None:
    """A removed token closes its sessions and forgets its PIN, which is read again."""
    pins = FakePins("1234")
    session.log_in(pins)
    session.objects({})
    session.private_keys["x"] = object()
    error = session.invalidate(pkcs11.DeviceRemoved())
    assert "the token was removed" in error.message
    assert all(opened.is_closed for opened in token.sessions)
    assert (module.sessions, session.private_keys, session.is_open) == ({}, {}, False)
    session.log_in(pins)
    assert len(pins.prompts) == 2


def test_lost_session_keeps_pin(session: TokenSession, token: FakeToken, module: Module) -> None:
    """A lost session keeps the PIN and its place in the module."""
    pins = FakePins("1234")
    session.log_in(pins)
    assert "the session was lost" in session.invalidate(pkcs11.SessionHandleInvalid()).message
    assert session.may_log_in
    assert list(module.sessions.values()) == [session]
    session.log_in(pins)
    assert len(pins.prompts) == 1


def test_pin_is_not_sent_to_a_token_exchanged_meanwhile(
    session: TokenSession, token: FakeToken, module: Module
) -> None:
    """A token inserted while the PIN was being entered does not receive it."""
    another = FakeToken("b", b"2")

    class Slow(FakePins):
        def get(self, name: str, *, is_last_try: bool = False) -> str:
            token.slot.token = another
            return super().get(name, is_last_try=is_last_try)

    with pytest.raises(PluginError, match="the token was removed"):
        session.log_in(Slow("1234"))
    assert token.attempts == another.attempts == []
    assert module.sessions == {}


def test_token_exchanged_after_a_wrong_pin_is_noticed(session: TokenSession, token: FakeToken) -> None:
    """A token found in the slot after a wrong PIN is not taken for the one that rejected it."""
    another = FakeToken("b", b"2")
    token.slot.token = another
    assert "the PIN is wrong" in session.reject_pin("1234", "").message
    with pytest.raises(PluginError, match="the token was removed"):
        session.log_in(FakePins("5678"))
    assert another.attempts == []


def test_hardware_login_requires_the_process_lock(module: Module, token: FakeToken) -> None:
    """A login to hardware fails without the process lock, and is made under it."""
    pins = FakePins("1234")
    locks: list[str] = []
    session = TokenSession(module, cast("Any", token))
    with pytest.raises(ProcessLockRequiredError):
        session.log_in(pins)
    assert (pins.prompts, token.attempts) == ([], [])

    def operation(session: TokenSession) -> str:
        if not session.module.is_process_locked:
            locks.append("none")
        session.log_in(pins)
        locks.append("login")
        return "done"

    use(module, operation)
    assert locks == ["none", "login"]
    assert token.attempts == ["1234"]
    assert not module.is_process_locked
