"""PIN attempts: which PINs are sent to a fake token, and how often."""

import re
from collections.abc import Callable

import pkcs11
import pytest
from pkcs11 import SlotFlag, TokenFlag

from notarykit.errors import PluginAccessDeniedError
from notarykit_pkcs11.client import Module
from notarykit_pkcs11.errors import WRONG_PIN
from notarykit_pkcs11.pin.source import PinSource
from notarykit_pkcs11.token.session import TokenSession
from plugins.pkcs11.tests.fake_token import (
    LOGIN_FLAGS,
    FakePins,
    FakeToken,
    use,
)

_UNCLEAR = (pkcs11.FunctionFailed, pkcs11.GeneralError, pkcs11.DeviceError, pkcs11.ArgumentsBad)


def _logging_in(pins: FakePins) -> Callable[[TokenSession], str]:
    def operation(session: TokenSession) -> str:
        session.log_in(pins)
        return "done"

    return operation


def test_wrong_pin_error_names_its_origin(session: TokenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a wrong PIN advises to correct it at its origin, and does not contain it."""
    monkeypatch.setenv("PKCS11_PIN", "9999")
    for advice in (r"^it comes from \$PKCS11_PIN; check it", r"^correct it where it comes from: \$PKCS11_PIN$"):
        with pytest.raises(PluginAccessDeniedError) as caught:
            session.log_in(PinSource(None, {}))
        assert re.search(advice, caught.value.advice or "")
        assert "9999" not in caught.value.one_line()


@pytest.mark.parametrize("wrong", WRONG_PIN)
def test_rejected_pin_is_not_sent_again(
    session: TokenSession, token: FakeToken, wrong: type[pkcs11.PKCS11Error]
) -> None:
    """A rejected PIN is never sent again, not even after another one was."""
    token.wrong_pin_error = wrong
    pins = FakePins("swordfish")
    with pytest.raises(PluginAccessDeniedError, match="token 'a': the PIN is wrong"):
        session.log_in(pins)
    for _ in range(3):
        with pytest.raises(PluginAccessDeniedError, match="was wrong before, and is not tried again") as caught:
            session.log_in(pins)
        assert "swordfish" not in caught.value.one_line()
    assert token.attempts == ["swordfish"]
    with pytest.raises(PluginAccessDeniedError, match="the PIN is wrong"):
        session.log_in(FakePins("another"))
    with pytest.raises(PluginAccessDeniedError, match="was wrong before"):
        session.log_in(pins)
    session.log_in(FakePins("1234"))
    assert token.attempts == ["swordfish", "another", "1234"]


def test_rejected_pin_is_not_stored(session: TokenSession) -> None:
    """A rejected PIN is kept as a salted hash alone."""
    with pytest.raises(PluginAccessDeniedError):
        session.log_in(FakePins("swordfish"))
    assert "swordfish" not in repr((vars(session), vars(session._attempts), vars(session.module)))


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (TokenFlag.USER_PIN_LOCKED, "the PIN is locked"),
        (TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_COUNT_LOW, "one try is left before it is locked"),
        (TokenFlag.USER_PIN_COUNT_LOW, "only few tries are left"),
    ],
)
def test_wrong_pin_error_shows_tries_left(session: TokenSession, token: FakeToken, after: TokenFlag, text: str) -> None:
    """The error for a wrong PIN shows the tries left as the token reports them."""
    token.flags_after_attempt = LOGIN_FLAGS | after
    with pytest.raises(PluginAccessDeniedError) as caught:
        session.log_in(FakePins("wrong"))
    assert text in caught.value.message


def test_locked_pin_is_not_asked_for(session: TokenSession, token: FakeToken) -> None:
    """A locked PIN is neither read from its source nor sent."""
    token.flags |= TokenFlag.USER_PIN_LOCKED
    pins = FakePins("1234")
    with pytest.raises(PluginAccessDeniedError, match="the PIN is locked"):
        session.log_in(pins)
    assert (pins.prompts, token.attempts) == ([], [])


def test_prompt_names_the_last_try(session: TokenSession, token: FakeToken) -> None:
    """The prompt is for the last try where the token reports it."""
    token.flags |= TokenFlag.USER_PIN_FINAL_TRY
    pins = FakePins("1234")
    session.log_in(pins)
    assert pins.prompts == [True]


def test_pin_is_entered_at_a_reader_with_keys(session: TokenSession, token: FakeToken) -> None:
    """The PIN is entered at the reader where it has keys, and the user is notified."""
    token.flags |= TokenFlag.PROTECTED_AUTHENTICATION_PATH
    token.pin = pkcs11.types.PROTECTED_AUTH
    pins = FakePins("1234")
    session.log_in(pins)
    assert session.context_pin(pins) == ""
    assert pins.prompts == []
    assert pins.messages == ["Enter the PIN of token 'a' at its reader."] * 2


@pytest.mark.parametrize("kind", _UNCLEAR)
def test_pin_is_sent_twice_after_unclear_failures(
    session: TokenSession, token: FakeToken, kind: type[pkcs11.PKCS11Error]
) -> None:
    """A PIN is sent twice at most where the token fails without naming it as the reason."""
    token.wrong_pin_error = kind
    for _ in range(2):
        with pytest.raises(kind):
            session.log_in(FakePins("swordfish"))
    with pytest.raises(PluginAccessDeniedError, match="the PIN is not sent again: it may be wrong") as caught:
        session.log_in(FakePins("swordfish"))
    assert "swordfish" not in caught.value.one_line()
    assert token.attempts == ["swordfish"] * 2


@pytest.mark.parametrize("before", [LOGIN_FLAGS, LOGIN_FLAGS | TokenFlag.USER_PIN_COUNT_LOW])
def test_pin_is_sent_once_where_few_tries_are_left(session: TokenSession, token: FakeToken, before: TokenFlag) -> None:
    """The first unclear failure is the last where few tries are left."""
    token.flags, token.flags_after_attempt = before, LOGIN_FLAGS | TokenFlag.USER_PIN_COUNT_LOW
    token.wrong_pin_error = pkcs11.FunctionFailed
    with pytest.raises(pkcs11.FunctionFailed):
        session.log_in(FakePins("swordfish"))
    with pytest.raises(PluginAccessDeniedError, match="the PIN is not sent again"):
        session.log_in(FakePins("swordfish"))
    assert token.attempts == ["swordfish"]


def test_software_token_has_no_limit_of_attempts(session: TokenSession, token: FakeToken) -> None:
    """A software token counts no tries, so its logins may fail any number of times."""
    token.slot.flags = SlotFlag.TOKEN_PRESENT
    token.wrong_pin_error = pkcs11.FunctionFailed
    for _ in range(4):
        with pytest.raises(pkcs11.FunctionFailed):
            session.log_in(FakePins("swordfish"))


def test_retries_send_a_pin_twice_at_most(module: Module, token: FakeToken) -> None:
    """The retries of one operation together send a PIN twice at most to a token that fails unclearly."""
    token.wrong_pin_error = pkcs11.GeneralError
    with pytest.raises(PluginAccessDeniedError, match="the PIN is not sent again"):
        use(module, _logging_in(FakePins("swordfish")))
    assert token.attempts == ["swordfish"] * 2


def test_later_operations_send_no_pin_again(module: Module, token: FakeToken) -> None:
    """A PIN that reached its limit is not sent by later operations either."""
    token.wrong_pin_error = pkcs11.GeneralError
    for _ in range(3):
        with pytest.raises(PluginAccessDeniedError):
            use(module, _logging_in(FakePins("swordfish")))
    assert token.attempts == ["swordfish"] * 2


def test_successful_login_resets_the_count(session: TokenSession, token: FakeToken) -> None:
    """A successful login resets the count of unclear failures."""
    pins, right = FakePins("1234"), token.pin
    token.wrong_pin_error = pkcs11.FunctionFailed
    for _ in range(2):
        token.pin = None
        with pytest.raises(pkcs11.FunctionFailed):
            session.log_in(pins)
        token.pin = right
        session.log_in(pins)
        session.close()
