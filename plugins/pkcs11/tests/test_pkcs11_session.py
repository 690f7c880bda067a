"""Sessions, logins and signatures on a token that is none: what is tried again, how often, and what is not."""

import re
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pkcs11
import pytest
from pkcs11 import Attribute, Mechanism, SlotFlag, TokenFlag

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginTimeoutError, PluginValidationError
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin.deadline import deadline
from notarykit_pkcs11 import client
from notarykit_pkcs11.client import Module
from notarykit_pkcs11.errors import REMOVED, TRANSIENT, UNSUPPORTED, WRONG_PIN
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.pin.source import PinSource
from notarykit_pkcs11.process_lock import ProcessLock
from notarykit_pkcs11.token import retry, signing, token_lookup
from notarykit_pkcs11.token.retry import TokenAccess, TransientError
from notarykit_pkcs11.token.session import ProcessLockRequiredError, TokenSession, session_key
from notarykit_pkcs11.token.signing import PrivateKey

_PATH = "/usr/lib/a.so"
_LOGIN = TokenFlag.TOKEN_INITIALIZED | TokenFlag.LOGIN_REQUIRED | TokenFlag.USER_PIN_INITIALIZED
_SPEC = KEY_SPECS["EC-256"]
_MESSAGE = b"payload"


class _Slot:
    """A slot with a token in it, or without."""

    manufacturer_id, slot_description = "maker", "slot"

    def __init__(self, token: "_Token", number: int) -> None:
        self._token, self.slot_id = token, number
        self.flags = SlotFlag.TOKEN_PRESENT | SlotFlag.HW_SLOT

    def get_token(self) -> "_Token":
        if not self._token.is_there:
            raise pkcs11.TokenNotPresent
        if self._token.flags_after is not None and self._token.tried:
            self._token.flags = self._token.flags_after
        return self._token

    def get_mechanisms(self) -> list[Mechanism]:
        return self._token.offered


class _Token:
    """A token in its slot, with a PIN that it counts the tries of."""

    manufacturer_id, model = "maker", "model"

    def __init__(self, label: str = "a", serial: bytes = b"1", number: int = 0) -> None:
        self.label, self.serial, self.flags = label, serial, _LOGIN
        self.pin: object = "1234"
        self.wrong: type[pkcs11.PKCS11Error] = pkcs11.PinIncorrect
        self.tried: list[object] = []
        self.opened: list[_Session] = []
        self.items: list[object] = []
        self.offered = [Mechanism.ECDSA]
        self.is_there = True
        self.flags_after: TokenFlag | None = None
        self.slot = _Slot(self, number)

    def open(self, *, user_pin: object = None, **_: object) -> "_Session":
        if user_pin is not None:
            self.tried.append(user_pin)
            if user_pin != self.pin:
                raise self.wrong
        self.opened.append(_Session(self))
        return self.opened[-1]


class _Session:
    """A session with a token."""

    def __init__(self, token: _Token) -> None:
        self._token = token
        self.is_closed = False

    def get_objects(self, template: object) -> Iterator[object]:
        assert not self.is_closed
        return iter(self._token.items)

    def close(self) -> None:
        self.is_closed = True


class _Library:
    """A module in which are some tokens."""

    manufacturer_id, library_description, library_version = "maker", "module", (1, 2)

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.looked_again = 0

    def get_slots(self, *, token_present: bool) -> list[_Slot]:
        return [token.slot for token in self.tokens]

    def reinitialize(self) -> None:
        self.looked_again += 1


class _Pins(PinSource):
    """Somebody who gives one PIN after another, and the last of them for ever."""

    def __init__(self, *pins: str) -> None:
        super().__init__(None, {})
        self.pins = list(pins)
        self.asked: list[bool] = []
        self.told: list[str] = []

    def get(self, token: str, *, is_last_try: bool = False) -> str:
        self.asked.append(is_last_try)
        return self.pins.pop(0) if len(self.pins) > 1 else self.pins[0]

    def notify(self, text: str) -> None:
        self.told.append(text)


class _Turn(ProcessLock):
    """A turn that nobody waits for, and a list of what became of it."""

    def __init__(self, path: str, log: list[str]) -> None:
        super().__init__(path)
        self._log = log

    def __enter__(self) -> None:
        self._log.append(self._path)

    def __exit__(self, *_: object) -> None:
        self._log.append("over")

    @contextmanager
    def aside(self) -> Iterator[None]:
        self._log.append("aside")
        yield
        self._log.append("back")


@pytest.fixture
def token() -> _Token:
    """A token with the PIN 1234."""
    return _Token()


@pytest.fixture
def module(token: _Token) -> Module:
    """The module in which it is."""
    module = Module(_PATH)
    module._library = _Library([token])
    return module


@pytest.fixture
def session(module: Module, token: Any) -> TokenSession:
    """A session with the token, while other processes wait."""
    module._process_lock = _Turn(_PATH, [])
    found: TokenSession = module.sessions.setdefault(session_key(token), TokenSession(module, token))
    return found


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that would have been made."""
    pauses: list[float] = []
    for each in (retry, token_lookup, client):
        monkeypatch.setattr(each, "time", SimpleNamespace(sleep=pauses.append, monotonic=clock.monotonic))
    return pauses


@pytest.fixture(autouse=True)
def turns(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules for which a turn was taken."""
    turns: list[str] = []
    monkeypatch.setattr(client, "ProcessLock", lambda path: _Turn(path, turns))
    return turns


# Logins


def test_one_login(session: TokenSession, token: _Token) -> None:
    """A login is made once, and the PIN is asked for once, also where it is wanted before each signature."""
    pins = _Pins("1234")
    assert session.may_log_in
    session.log_in(pins)
    assert not session.may_log_in
    assert session.context_pin(pins) == "1234"
    session.close()
    assert session.may_log_in
    session.log_in(pins)
    assert token.tried == ["1234", "1234"]
    assert pins.asked == [False]


def test_a_wrong_pin_is_told_with_its_place(session: TokenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a token refused is corrected where it comes from, and that is named; the PIN is not."""
    monkeypatch.setenv("PKCS11_PIN", "9999")
    for advice in (r"^it comes from \$PKCS11_PIN; check it", r"^correct it where it comes from: \$PKCS11_PIN$"):
        with pytest.raises(PluginAccessDeniedError) as caught:
            session.log_in(PinSource(None, {}))
        assert re.search(advice, caught.value.advice or "")
        assert "9999" not in caught.value.one_line()


@pytest.mark.parametrize("wrong", WRONG_PIN)
def test_a_wrong_pin_is_tried_once(session: TokenSession, token: _Token, wrong: type[pkcs11.PKCS11Error]) -> None:
    """A PIN that the token refused is not tried again; another is, and then the first may not come again either."""
    token.wrong = wrong
    pins = _Pins("swordfish")
    with pytest.raises(PluginAccessDeniedError, match="token 'a': the PIN is wrong"):
        session.log_in(pins)
    for _ in range(3):
        with pytest.raises(PluginAccessDeniedError, match="was wrong before, and is not tried again") as caught:
            session.log_in(pins)
        assert "swordfish" not in caught.value.one_line()
    assert token.tried == ["swordfish"]
    with pytest.raises(PluginAccessDeniedError, match="the PIN is wrong"):
        session.log_in(_Pins("another"))
    with pytest.raises(PluginAccessDeniedError, match="was wrong before"):
        session.log_in(pins)
    session.log_in(_Pins("1234"))
    assert token.tried == ["swordfish", "another", "1234"]


def test_wrong_pins_are_not_kept(session: TokenSession) -> None:
    """What the token refused is remembered by a salted hash, and nowhere as it is."""
    with pytest.raises(PluginAccessDeniedError):
        session.log_in(_Pins("swordfish"))
    assert "swordfish" not in repr(vars(session))


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (TokenFlag.USER_PIN_LOCKED, "the PIN is locked"),
        (TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_COUNT_LOW, "one try is left before it is locked"),
        (TokenFlag.USER_PIN_COUNT_LOW, "only few tries are left"),
    ],
)
def test_how_many_tries_are_left(session: TokenSession, token: _Token, after: TokenFlag, text: str) -> None:
    """After a wrong PIN is said what the token then says of the tries."""
    token.flags_after = _LOGIN | after
    with pytest.raises(PluginAccessDeniedError) as caught:
        session.log_in(_Pins("wrong"))
    assert text in caught.value.message


def test_a_locked_pin(session: TokenSession, token: _Token) -> None:
    """Where the PIN is locked, nobody is asked for it."""
    token.flags |= TokenFlag.USER_PIN_LOCKED
    pins = _Pins("1234")
    with pytest.raises(PluginAccessDeniedError, match="the PIN is locked"):
        session.log_in(pins)
    assert (pins.asked, token.tried) == ([], [])


def test_the_last_try(session: TokenSession, token: _Token) -> None:
    """A person is told that it is the last try."""
    token.flags |= TokenFlag.USER_PIN_FINAL_TRY
    pins = _Pins("1234")
    session.log_in(pins)
    assert pins.asked == [True]


def test_a_reader_with_keys(session: TokenSession, token: _Token) -> None:
    """Where the PIN is entered at the reader, it is asked for nowhere else, and that is said."""
    token.flags |= TokenFlag.PROTECTED_AUTHENTICATION_PATH
    token.pin = pkcs11.types.PROTECTED_AUTH
    pins = _Pins("1234")
    session.log_in(pins)
    assert session.context_pin(pins) == ""
    assert pins.asked == []
    assert pins.told == ["Enter the PIN of token 'a' at its reader."] * 2


def test_somebody_who_is_logged_in(session: TokenSession, token: _Token) -> None:
    """Where another part of the program has logged in, that login is used."""
    token.wrong = pkcs11.UserAlreadyLoggedIn
    session.log_in(_Pins("any"))
    assert not session.may_log_in


_UNCLEAR = (pkcs11.FunctionFailed, pkcs11.GeneralError, pkcs11.DeviceError, pkcs11.ArgumentsBad)


@pytest.mark.parametrize("kind", _UNCLEAR)
def test_a_login_that_fails_without_a_word(
    session: TokenSession, token: _Token, kind: type[pkcs11.PKCS11Error]
) -> None:
    """A token that does not say that the PIN was wrong may have counted it: it is sent twice, and not again."""
    token.wrong = kind
    for _ in range(2):
        with pytest.raises(kind):
            session.log_in(_Pins("swordfish"))
    with pytest.raises(PluginAccessDeniedError, match="the PIN is not sent again: it may be wrong") as caught:
        session.log_in(_Pins("swordfish"))
    assert "swordfish" not in caught.value.one_line()
    assert token.tried == ["swordfish"] * 2


@pytest.mark.parametrize("before", [_LOGIN, _LOGIN | TokenFlag.USER_PIN_COUNT_LOW])
def test_a_login_that_fails_and_counts(session: TokenSession, token: _Token, before: TokenFlag) -> None:
    """Where few tries are left, the first failure without a word is the last."""
    token.flags, token.flags_after = before, _LOGIN | TokenFlag.USER_PIN_COUNT_LOW
    token.wrong = pkcs11.FunctionFailed
    with pytest.raises(pkcs11.FunctionFailed):
        session.log_in(_Pins("swordfish"))
    with pytest.raises(PluginAccessDeniedError, match="the PIN is not sent again"):
        session.log_in(_Pins("swordfish"))
    assert token.tried == ["swordfish"]


def test_a_login_that_fails_in_software(session: TokenSession, token: _Token) -> None:
    """Software counts no tries: it may fail as often as it likes."""
    token.slot.flags = SlotFlag.TOKEN_PRESENT
    token.wrong = pkcs11.FunctionFailed
    for _ in range(4):
        with pytest.raises(pkcs11.FunctionFailed):
            session.log_in(_Pins("swordfish"))


def _logging_in(pins: _Pins) -> Callable[[TokenSession], str]:
    def act(session: TokenSession) -> str:
        session.log_in(pins)
        return "done"

    return act


def test_a_disturbed_login(module: Module, token: _Token) -> None:
    """All tries of one signature together send a PIN no more than twice to a token that does not say what is wrong."""
    token.wrong = pkcs11.GeneralError
    with pytest.raises(PluginAccessDeniedError, match="the PIN is not sent again"):
        _use(module, _logging_in(_Pins("swordfish")))
    assert token.tried == ["swordfish"] * 2


def test_signatures_after_a_disturbed_login(module: Module, token: _Token) -> None:
    """What was said not to be sent again is not sent for the next signatures either."""
    token.wrong = pkcs11.GeneralError
    for _ in range(3):
        with pytest.raises(PluginAccessDeniedError):
            _use(module, _logging_in(_Pins("swordfish")))
    assert token.tried == ["swordfish"] * 2


def test_a_login_that_came_through(session: TokenSession, token: _Token) -> None:
    """A PIN with which a login succeeded is right: what failed before it does not count any more."""
    pins, right = _Pins("1234"), token.pin
    token.wrong = pkcs11.FunctionFailed
    for _ in range(2):
        token.pin = None
        with pytest.raises(pkcs11.FunctionFailed):
            session.log_in(pins)
        token.pin = right
        session.log_in(pins)
        session.close()


def test_a_token_that_is_gone(session: TokenSession, token: _Token, module: Module) -> None:
    """With the token go its PIN and everything that is open; the next one is asked anew."""
    pins = _Pins("1234")
    session.log_in(pins)
    session.objects({})
    session.private_keys["x"] = object()
    error = session.invalidate(pkcs11.DeviceRemoved())
    assert "the token was removed" in error.message
    assert all(each.is_closed for each in token.opened)
    assert (module.sessions, session.private_keys, session.is_open) == ({}, {}, False)
    session.log_in(pins)
    assert len(pins.asked) == 2


def test_a_session_that_is_lost(session: TokenSession, token: _Token, module: Module) -> None:
    """With a session the PIN stays."""
    pins = _Pins("1234")
    session.log_in(pins)
    assert "the session was lost" in session.invalidate(pkcs11.SessionHandleInvalid()).message
    assert session.may_log_in
    assert list(module.sessions.values()) == [session]
    session.log_in(pins)
    assert len(pins.asked) == 1


# What is tried again


def _failing(*errors: Exception) -> tuple[Callable[[TokenSession], str], list[TokenSession]]:
    """Something that fails with one error after the other, and then does not; and the sessions that it was given."""
    left, given = list(errors), list[TokenSession]()

    def act(session: TokenSession) -> str:
        given.append(session)
        if left:
            raise left.pop(0)
        return "done"

    return act, given


def _use(module: Module, action: Callable[[TokenSession], str]) -> str:
    return TokenAccess(module, parse_uri("pkcs11:token=a")).use(action)


def test_what_works_takes_no_turn(module: Module, turns: list[str], pauses: list[float]) -> None:
    """Whoever is not disturbed does not wait for anybody."""
    act, given = _failing()
    assert _use(module, act) == "done"
    assert (len(given), turns, pauses) == (1, [], [])


@pytest.mark.parametrize("kind", TRANSIENT)
def test_disturbed(module: Module, turns: list[str], pauses: list[float], kind: type[pkcs11.PKCS11Error]) -> None:
    """What another process may have disturbed is tried again, at once in a turn, and then after pauses."""
    act, given = _failing(kind())
    assert _use(module, act) == "done"
    assert (len(given), turns, pauses) == (2, [_PATH, "over"], [])
    act, given = _failing(kind(), kind(), kind())
    assert _use(module, act) == "done"
    assert (len(given), len(pauses)) == (4, 2)
    assert turns == [_PATH, "over"] * 2


def test_disturbed_all_the_time(module: Module, pauses: list[float]) -> None:
    """At last what was in the way is said, in the plugin's words; the pauses grow."""
    act, given = _failing(*[pkcs11.DeviceError()] * 100)
    with pytest.raises(PluginError, match="the module answered CKR_DEVICE_ERROR") as caught:
        _use(module, act)
    assert caught.value.__suppress_context__
    assert len(given) == 9
    assert pauses == sorted(pauses)
    assert 1 < sum(pauses) < 10


def test_no_pause_beyond_the_call(module: Module, pauses: list[float]) -> None:
    """No pause is longer than what is left of the call."""
    act, _ = _failing(*[pkcs11.DeviceError()] * 100)
    with deadline(0.0), pytest.raises(PluginError):
        _use(module, act)
    assert sum(pauses) == 0


def test_each_try_has_a_session_of_its_own(module: Module, token: _Token) -> None:
    """After a disturbance everything that was open is closed, and the module may look again."""
    opened = []

    def act(session: TokenSession) -> str:
        session.objects({})
        opened.append(token.opened[-1])
        if len(opened) < 3:
            raise pkcs11.DeviceError
        return "done"

    assert _use(module, act) == "done"
    assert len(set(map(id, opened))) == 3
    assert [each.is_closed for each in opened] == [True, True, False]
    assert module.library.looked_again == 2


@pytest.mark.parametrize("kind", REMOVED)
def test_gone(module: Module, turns: list[str], kind: type[pkcs11.PKCS11Error]) -> None:
    """A token that was taken out is not waited for."""
    act, given = _failing(kind())
    with pytest.raises(PluginError, match="the token was removed"):
        _use(module, act)
    assert (len(given), turns, module.sessions) == (1, [], {})


@pytest.mark.parametrize("kind", [*WRONG_PIN, pkcs11.PinLocked, pkcs11.FunctionCancelled, pkcs11.SessionCount])
def test_what_stays_as_it_is(module: Module, turns: list[str], kind: type[pkcs11.PKCS11Error]) -> None:
    """What no other process is the reason of is not tried again; a PIN above all."""
    act, given = _failing(kind())
    with pytest.raises(PluginError):
        _use(module, act)
    assert (len(given), turns) == (1, [])


def test_a_refusal_of_our_own(module: Module, turns: list[str]) -> None:
    """What the plugin itself refused stays refused."""
    act, given = _failing(PluginAccessDeniedError("no"))
    with pytest.raises(PluginAccessDeniedError, match=r"^no$"):
        _use(module, act)
    assert (len(given), turns) == (1, [])


def test_what_is_missing(module: Module) -> None:
    """A key that is not there is looked for a few times, fewer than what is disturbed, and then it is not there."""
    act, given = _failing(*[TransientError(PluginValidationError("no key"), is_not_found=True)] * 100)
    with pytest.raises(PluginValidationError, match=r"^no key$"):
        _use(module, act)
    assert len(given) == 4


def test_other_threads(module: Module) -> None:
    """A thread that does not get the module before the call's end says so, and does nothing."""
    from threading import Thread

    holding, done = Event(), Event()

    def hold() -> None:
        with module.locked():
            holding.set()
            done.wait(60)

    thread = Thread(target=hold)
    thread.start()
    try:
        holding.wait(60)
        act, given = _failing()
        with deadline(0.1), pytest.raises(PluginTimeoutError, match="which was busy with other signatures"):
            _use(module, act)
        assert given == []
    finally:
        done.set()
        thread.join()
    assert _use(module, act) == "done"


# Which token


def test_a_token_that_comes_late(module: Module, token: _Token, pauses: list[float]) -> None:
    """A token that is out of sight for a moment is looked for again, with the module initialised anew."""
    library = module.library
    library.tokens = []
    looked = library.reinitialize

    def reinitialize() -> None:
        looked()
        if library.looked_again == 2:
            library.tokens = [token]

    library.reinitialize = reinitialize
    act, _ = _failing()
    assert _use(module, act) == "done"
    assert (library.looked_again, len(pauses)) == (2, 2)


def test_no_token(module: Module, pauses: list[float]) -> None:
    """Where none comes, those that are there are named, or that there is none."""
    module.library.tokens[0].label = "b"
    act, _ = _failing()
    with pytest.raises(
        PluginError, match="no token matches pkcs11:token=a; present: pkcs11:token=b;serial=1;slot-id=0"
    ):
        _use(module, act)
    module.library.tokens = []
    with pytest.raises(PluginError, match=f"no token matches pkcs11:token=a; {_PATH} lists no token"):
        _use(module, act)
    assert sum(pauses) < 10


def test_two_tokens(module: Module) -> None:
    """Of two that match, none is taken, and both are named; by its slot each is found, with a session of its own."""
    module.library.tokens.append(_Token(serial=b"2", number=7))
    act, given = _failing()
    with pytest.raises(PluginValidationError, match=r"2 tokens match pkcs11:token=a: .*serial=1.*serial=2;slot-id=7"):
        _use(module, act)
    for query in ("slot-id=7", "serial=1", "slot-id=7"):
        TokenAccess(module, parse_uri(f"pkcs11:token=a;{query}")).use(act)
    assert given[0] is given[2] is not given[1]


def test_slots_without_a_token(module: Module) -> None:
    """Slots that are empty, and tokens that nobody has initialised, are no tokens."""
    empty, blank = _Token(number=1), _Token(number=2)
    empty.is_there = False
    blank.flags = TokenFlag.LOGIN_REQUIRED
    module.library.tokens += [empty, blank]
    assert [each.slot.slot_id for each in module.tokens()] == [0]


# Signatures


class _Item(dict[Any, Any]):
    """A private key that gives one answer after another."""

    def __init__(self, *answers: bytes | Exception, asks_always: bool = False) -> None:
        super().__init__({Attribute.ALWAYS_AUTHENTICATE: asks_always})
        self.answers = list(answers)
        self.asked: list[tuple[Mechanism, object]] = []

    def sign(self, data: bytes, *, mechanism: Mechanism, mechanism_param: object, pin: object) -> bytes:
        self.asked.append((mechanism, pin))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _sign(session: TokenSession, item: _Item, pins: _Pins | None = None) -> bytes:
    return PrivateKey(item, session).sign(_MESSAGE, _SPEC, pins or _Pins("1234"))


def _signing(item: _Item) -> Callable[[TokenSession], str]:
    return lambda session: _sign(session, item).decode()


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_the_next_mechanism(session: TokenSession, token: _Token, kind: type[pkcs11.PKCS11Error]) -> None:
    """A mechanism that does not go with the key gives way to the next, and only to one that is offered."""
    token.offered = [Mechanism.ECDSA_SHA256, Mechanism.ECDSA, Mechanism.ECDSA_SHA384]
    item = _Item(kind(), b"made")
    assert _sign(session, item) == b"made"
    assert [mechanism for mechanism, _ in item.asked] == [Mechanism.ECDSA, Mechanism.ECDSA_SHA256]
    with pytest.raises(PluginValidationError, match="this kind of signature is not supported"):
        _sign(session, _Item(kind(), kind()))


def test_no_mechanism(session: TokenSession, token: _Token) -> None:
    """A token without any mechanism for the key is not asked."""
    token.offered = [Mechanism.RSA_PKCS_PSS]
    with pytest.raises(PluginValidationError, match="offers no mechanism for ECDSA-SHA-256"):
        _sign(session, _Item())


def test_a_quick_failure(module: Module, turns: list[str]) -> None:
    """A signature that fails at once was disturbed: it is tried again."""
    item = _Item(pkcs11.DeviceError(), b"made")
    assert _use(module, _signing(item)) == "made"
    assert len(item.asked) == 2
    assert turns


@pytest.mark.parametrize("kind", [*TRANSIENT, *UNSUPPORTED])
def test_a_slow_failure(
    module: Module, token: _Token, turns: list[str], kind: type[pkcs11.PKCS11Error], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that fails after a while may have waited for a touch: nobody is asked for another."""
    token.offered = [Mechanism.ECDSA, Mechanism.ECDSA_SHA256]
    times = iter([100.0, 100.0 + signing._RETRY_LIMIT_SECONDS + 0.1])
    monkeypatch.setattr(signing, "time", SimpleNamespace(monotonic=lambda: next(times)))
    item = _Item(kind(), b"made")
    with pytest.raises(PluginError):
        _use(module, _signing(item))
    assert (len(item.asked), turns) == (1, [])


def test_a_pin_for_each_signature(session: TokenSession, token: _Token) -> None:
    """A key that asks before each signature gets the PIN each time, out of one question; others get none."""
    pins = _Pins("1234")
    item = _Item(b"made", b"made", asks_always=True)
    for _ in range(2):
        _sign(session, item, pins)
    assert [pin for _, pin in item.asked] == ["1234", "1234"]
    assert len(pins.asked) == 1
    item = _Item(b"made")
    _sign(session, item, pins)
    assert item.asked == [(Mechanism.ECDSA, None)]


@pytest.mark.parametrize("wrong", WRONG_PIN)
def test_a_wrong_pin_for_a_signature(module: Module, turns: list[str], wrong: type[pkcs11.PKCS11Error]) -> None:
    """A PIN that was wrong before a signature is not tried again either, by no way."""
    item = _Item(wrong(), b"made", asks_always=True)
    with pytest.raises(PluginAccessDeniedError, match="the PIN is wrong"):
        _use(module, _signing(item))
    with pytest.raises(PluginAccessDeniedError, match="was wrong before"):
        _use(module, _signing(item))
    assert (len(item.asked), turns) == (1, [])


@pytest.mark.parametrize("error", [pkcs11.OperationNotInitialized(), pkcs11.UserAlreadyLoggedIn()])
def test_a_token_that_does_not_mean_it(module: Module, error: Exception) -> None:
    """Where the token knows no login before a signature, the key signs without one from then on."""
    item = _Item(error, b"made", b"made", asks_always=True)
    for _ in range(2):
        assert _use(module, _signing(item)) == "made"
    assert [pin for _, pin in item.asked] == ["1234", None, None]


def test_a_key_that_wants_a_login(session: TokenSession) -> None:
    """A key that could be seen without a login and did not sign without one is remembered as such."""
    assert not session.needs_login_to_sign
    with pytest.raises(pkcs11.UserNotLoggedIn):
        _sign(session, _Item(pkcs11.UserNotLoggedIn()))
    assert session.needs_login_to_sign


def test_a_touch(session: TokenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is told to touch the key while it waits, and not where it signs at once."""
    told, said = list[str](), Event()

    def tell(text: str) -> None:
        told.append(text)
        said.set()

    monkeypatch.setattr(signing, "write_to_terminal", tell)
    assert _sign(session, _Item(b"made")) == b"made"
    assert told == []

    class Waiting(_Item):
        def sign(self, *_: object, **__: object) -> bytes:
            assert said.wait(60)
            return b"made"

    monkeypatch.setattr(signing, "_TOUCH_PROMPT_SECONDS", 0.01)
    assert _sign(session, Waiting()) == b"made"
    assert told == ["Touch your key if it blinks: token 'a' is signing."]


def test_another_token_in_the_slot(session: TokenSession, token: _Token, module: Module) -> None:
    """What was put in while somebody looked for the PIN does not get it."""
    another = _Token("b", b"2")

    class Slow(_Pins):
        def get(self, name: str, *, is_last_try: bool = False) -> str:
            token.slot._token = another
            return super().get(name, is_last_try=is_last_try)

    with pytest.raises(PluginError, match="the token was removed"):
        session.log_in(Slow("1234"))
    assert token.tried == another.tried == []
    assert module.sessions == {}


def test_a_login_to_hardware_takes_its_turn(module: Module, token: _Token) -> None:
    """Hardware is used while no other process uses it; nobody waits while a person is asked for the PIN."""
    pins = _Pins("1234")
    turns: list[str] = []
    session = TokenSession(module, cast("Any", token))
    with pytest.raises(ProcessLockRequiredError):
        session.log_in(pins)
    assert (pins.asked, token.tried) == ([], [])

    def act(session: TokenSession) -> str:
        if not session.module.is_process_locked:
            turns.append("none")
        session.log_in(pins)
        turns.append("login")
        return "done"

    _use(module, act)
    assert turns == ["none", "login"]
    assert token.tried == ["1234"]
    assert not module.is_process_locked


def test_another_token_after_a_wrong_pin(session: TokenSession, token: _Token) -> None:
    """What is in the slot after a wrong PIN is not taken for the token that refused it."""
    another = _Token("b", b"2")
    token.slot._token = another
    assert "the PIN is wrong" in session.reject_pin("1234", "").message
    with pytest.raises(PluginError, match="the token was removed"):
        session.log_in(_Pins("5678"))
    assert another.tried == []
